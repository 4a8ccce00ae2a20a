import { create } from 'zustand';
import type { Address } from '../address.ts';
import { servedHub } from './served.ts';

const KEY = 'moe-loom-hosts';
/** A browser that was sent to more Hubs than this forgets the oldest, and asks again. */
const MOST = 100;
/** For a page without storage: known until it is closed. */
const here = new Set<string>();

/** A Hub that a link names and that was never used in this browser: nothing is asked of it before the person says so. */
export interface UnknownHost {
  readonly endpoint: string;
  /** The second checkpoint of a comparison that is read from there; null when it is the open one. */
  readonly other: string | null;
  /** Where the address goes when the answer is no. */
  readonly leave: Partial<Address>;
}

export const useUnknownHost = create<{ readonly asked: UnknownHost | null }>()(() => ({ asked: null }));

/** True for a Hub that was used here before, that the person named, or that is this page's own server. */
export function isKnownHost(endpoint: string, storage: Storage | null = storageHere()): boolean {
  return endpoint === servedHub() || here.has(endpoint) || stored(storage).includes(endpoint);
}

/** From now on links to this Hub are followed. */
export function learnHost(endpoint: string, storage: Storage | null = storageHere()): void {
  here.add(endpoint);
  const hosts = [...stored(storage).filter((one) => one !== endpoint), endpoint].slice(-MOST);
  try {
    storage?.setItem(KEY, JSON.stringify(hosts));
  } catch {
    // A full or forbidden storage: known until the page is closed.
  }
}

function stored(storage: Storage | null): readonly string[] {
  try {
    const value: unknown = JSON.parse(storage?.getItem(KEY) ?? '[]');
    return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
  } catch {
    return [];
  }
}

function storageHere(): Storage | null {
  try {
    return typeof localStorage === 'undefined' ? null : localStorage;
  } catch {
    return null;
  }
}

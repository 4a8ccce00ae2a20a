import { createKept } from './kept.ts';

/** The programs that a reader uses. */
interface Pins {
  /** Ids of programs, in the order of pinning; who shows them checks that they exist. */
  readonly pinned: readonly string[];
}

/** More pins than this were not set by hand. */
const MOST_PINS = 32;
const PROGRAM_ID = /^[a-z0-9][a-z0-9.-]{0,63}$/;

/** The pinned programs, kept in this browser; a stored value is checked first. */
export const usePins = createKept<Pins>('moe-loom-pins', (stored) => ({
  pinned: pinnedOf(Reflect.get(Object(stored), 'pinned')),
}));

/** Ids of programs as they were stored; what is no id is left out. */
export function pinnedOf(stored: unknown): readonly string[] {
  if (!Array.isArray(stored)) return [];
  const ids = stored.filter((id): id is string => typeof id === 'string' && PROGRAM_ID.test(id));
  return [...new Set(ids)].slice(0, MOST_PINS);
}

/** Pins a program at the end, or unpins it. */
export function togglePin(id: string): void {
  const { pinned } = usePins.getState();
  usePins.setState({ pinned: pinned.includes(id) ? pinned.filter((each) => each !== id) : pinnedOf([...pinned, id]) });
}

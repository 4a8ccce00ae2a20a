import { create } from 'zustand';
import { type Assumption, type EngineChoice, MIB, parseSize } from '../../../core/index.ts';
import type { PickedFolder } from './output-folder.ts';

export type OutputKind = 'opfs' | 'folder';

/** What a person chose in the Convert view, beside what the address says (target, layers). */
export interface ConvertChoices {
  /** True when layers shall be chosen though none is yet. */
  readonly someLayers: boolean;
  readonly keepRest: boolean;
  readonly shardSize: string;
  readonly output: OutputKind;
  readonly folder: PickedFolder | null;
  readonly engine: EngineChoice;
  /** Memory for buffers, as typed. */
  readonly memory: string;
  readonly sha256: boolean;
  /** What the reader knows of one opening and the checkpoint does not say. */
  readonly assume: { readonly key: string; readonly value: Assumption } | null;
}

export const useConvertChoices = create<ConvertChoices>()(() => ({
  someLayers: false,
  keepRest: false,
  shardSize: '5 GB',
  output: 'opfs',
  folder: null,
  engine: 'auto',
  memory: '256 MiB',
  sha256: false,
  assume: null,
}));

/** Changes some of the choices. */
export function choose(patch: Partial<ConvertChoices>): void {
  useConvertChoices.setState(patch);
}

const LEAST_MEMORY = 16 * MIB;

/** The bytes that a typed amount of memory means, null when it is none or too little. */
export function memoryOf(text: string): number | null {
  const bytes = parseSize(text);
  return bytes !== null && bytes >= LEAST_MEMORY ? bytes : null;
}

import { create } from 'zustand';
import type { Assumption } from '../../../core/index.ts';
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
  /** What the reader knows of one opening and the checkpoint does not say. */
  readonly assume: { readonly key: string; readonly value: Assumption } | null;
}

export const useConvertChoices = create<ConvertChoices>()(() => ({
  someLayers: false,
  keepRest: false,
  shardSize: '5 GB',
  output: 'opfs',
  folder: null,
  assume: null,
}));

/** Changes some of the choices. */
export function choose(patch: Partial<ConvertChoices>): void {
  useConvertChoices.setState(patch);
}

import { create } from 'zustand';
import { type Assumption, type EngineChoice, MIB, parseSize, readingOf } from '../../../../core/index.ts';
import type { PickedFolder } from '../../../jobs/output-folder.ts';
import { addressStore, move, useAddress } from '../../../state/address-store.ts';
import type { ConvertAddress } from '../../../state/convert-address.ts';

export type OutputKind = 'opfs' | 'folder' | 'memory';

/** What a person chose in the Convert view, beside what the address says. */
export interface ConvertChoices {
  /** True when single layers are to be converted, also while none is entered. */
  readonly someLayers: boolean;
  readonly output: OutputKind;
  readonly folder: PickedFolder | null;
}

export const useConvertChoices = create<ConvertChoices>()(() => ({
  someLayers: false,
  output: 'opfs',
  folder: null,
}));

/** Changes some of the choices. */
export function choose(patch: Partial<ConvertChoices>): void {
  useConvertChoices.setState(patch);
}

/** The reading that the address names, as an assumption; undefined where it names none. */
export function useAssumed(): Assumption | undefined {
  const text = useAddress((address) => address.convert.assume);
  return text === null ? undefined : (readingOf(text) ?? undefined);
}

/** How the conversion is made, as the address says it. */
export interface WorkChoices {
  readonly keepRest: boolean;
  readonly keepMtp: boolean;
  /** Sizes as typed. */
  readonly shardSize: string;
  readonly memory: string;
  readonly engine: EngineChoice;
  readonly sha256: boolean;
  readonly checkSource: boolean;
}

/** The choices of the address, with defaults for those that it leaves out. */
export function useWorkChoices(): WorkChoices {
  const { keepRest, keepMtp, maxShard, engine, buffers, sha256, checkSource } = useAddress(
    (address) => address.convert,
  );
  return {
    keepRest,
    keepMtp,
    shardSize: maxShard ?? '5 GB',
    memory: buffers ?? '256 MiB',
    engine: engine ?? 'auto',
    sha256,
    checkSource,
  };
}

/** Changes some of what the address says of the work. */
export function chooseWork(patch: Partial<ConvertAddress>): void {
  move({ convert: { ...addressStore.getState().address.convert, ...patch } });
}

const LEAST_MEMORY = 16 * MIB;

/** The bytes that a typed amount of memory means, null when it is not an amount or too small. */
export function memoryOf(text: string): number | null {
  const bytes = parseSize(text);
  return bytes !== null && bytes >= LEAST_MEMORY ? bytes : null;
}

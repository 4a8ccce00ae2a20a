import { useQuery } from '@tanstack/react-query';
import type { PlanSummary } from '../../../../workers/inspect/protocol.ts';
import { fromWire, isLoomError, type LoomError, MEMORY_OUTPUT_BYTES, toWire } from '../../../core/index.ts';
import { canPickFolder } from '../../jobs/output-folder.ts';
import { tryStorage } from '../../jobs/run-job.ts';
import type { OutputKind } from './options/convert-options.ts';

/** Where results can go in this page, as far as it is known. */
export interface Places {
  /** Null where the browser storage works, or is still being tried. */
  readonly storage: LoomError | null;
  /** True until the browser storage has been tried. */
  readonly trying: boolean;
  /** Why a conversion that breaks off could not be resumed; null where it could. */
  readonly record: LoomError | null;
  readonly folder: boolean;
}

/** Tries the places before they are offered: a browser has the calls of its storage where it refuses them, too. */
export function usePlaces(): Places {
  const { data, isPending } = useQuery({ queryKey: ['places'], queryFn: trial, staleTime: 60_000, retry: false });
  return { storage: data?.storage ?? null, record: data?.record ?? null, trying: isPending, folder: canPickFolder() };
}

async function trial(): Promise<{ readonly storage: LoomError | null; readonly record: LoomError | null }> {
  try {
    const { storage, record } = await tryStorage();
    return { storage: storage && fromWire(storage), record: record && fromWire(record) };
  } catch (error) {
    return { storage: isLoomError(error) ? error : fromWire(toWire(error)), record: null };
  }
}

/** The place that is meant: the chosen one where it can be had, else the nearest to it. */
export function placeOf(chosen: OutputKind, { storage, folder }: Places): OutputKind {
  if (chosen === 'folder' && folder) return 'folder';
  if (chosen === 'memory') return 'memory';
  if (storage === null) return 'opfs';
  return folder ? 'folder' : 'memory';
}

/** Bytes of the shards that a plan writes. */
export function bytesOf(plan: PlanSummary): number {
  return plan.shards.reduce((sum, shard) => sum + shard.byteLength, 0);
}

/** False where a result is too large to be kept in the memory of a tab. */
export function fitsMemory(bytes: number): boolean {
  return bytes <= MEMORY_OUTPUT_BYTES;
}

import type { ConversionPlan } from '../plan/types.ts';
import type { FileSet } from '../source/types.ts';
import type { FinishedShard } from './journal.ts';
import { createWitnessCheck, readPieces } from './read-in-order.ts';
import { mergedRanges, readsOf, type SourceUses, usesOf } from './source-order.ts';

/**
 * Of the files `names`, those that no longer give the bytes that the finished shards were made of. Reads all of that
 * again.
 */
export async function changedFiles(
  names: readonly string[],
  plan: ConversionPlan,
  finished: ReadonlyMap<string, FinishedShard>,
  files: FileSet,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const changed: string[] = [];
  const uses = usesOf(plan);
  for (const name of names) if (!(await givesTheSame(name, uses, finished, files, signal))) changed.push(name);
  return changed;
}

async function givesTheSame(
  name: string,
  uses: SourceUses,
  finished: ReadonlyMap<string, FinishedShard>,
  files: FileSet,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const { copies, computed } = readsOf(uses, name, finished);
  const witnesses = [...copies, ...computed].filter(({ start, end }) => end > start);
  const source = await files.open(name, { signal });
  let same = witnesses.every(({ end }) => end <= source.byteLength);
  try {
    if (!same) return false;
    const check = await createWitnessCheck(witnesses);
    const pieces = mergedRanges(witnesses).map((range) => ({ ...range, output: null }));
    const take = async (bytes: Uint8Array<ArrayBuffer>, start: number) => {
      same = (await check.take(bytes, start)) && same;
      return bytes;
    };
    await readPieces(pieces, { source, output: null }, take, signal);
    return same;
  } finally {
    await source.dispose?.();
  }
}

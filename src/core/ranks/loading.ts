import type { CheckpointLayout } from '../layouts/types.ts';
import { type RankReads, rankReads } from './bytes.ts';
import { isNumbered, type Stock } from './stock.ts';
import type { Placement, PlacingProgram } from './types.ts';

/** What one rank reads under each way to load, in bytes; `held` is what it keeps. */
export interface LoadingReport {
  readonly held: number;
  /** Only the ranges that hold what it keeps. */
  readonly slices: number;
  readonly ranges: number;
  readonly files: number;
  /** Every file that holds something it keeps, whole. */
  readonly wholeFiles: number;
  /** Every tensor of the checkpoint. */
  readonly everything: number;
  /** vLLM's `--enable-ep-weight-filter`; equal to `everything` where names do not number experts. */
  readonly filtered: number;
  /** What the framework really reads by itself, null where it has no loader of these files. */
  readonly real: number | null;
  /** `real` (or `slices`) over `held`. */
  readonly amplification: number;
}

/** How many bytes a rank reads, by how it is loaded. */
export function loadingOf(stock: Stock, placement: Placement, rank: number, reads?: RankReads): LoadingReport {
  const mine = reads ?? rankReads(stock, placement, rank);
  const held = keptBytes(mine);
  const everything = stock.bytes;
  const touched = stock.files.filter((_, file) => (mine.perFile[file] ?? 0) > 0);
  const real = realBytes(placement, mine.bytes, everything);
  return {
    held,
    slices: mine.bytes,
    ranges: mine.reads.length,
    files: touched.length,
    wholeFiles: touched.reduce((sum, file) => sum + file.byteLength, 0),
    everything,
    filtered: filteredBytes(stock, mine),
    real,
    amplification: held === 0 ? 0 : (real ?? mine.bytes) / held,
  };
}

/** Bytes that the parts of reads leave in the rank's own tensors, copies included. */
export function keptBytes(reads: RankReads): number {
  const shares = new Set(reads.reads.flatMap((read) => read.parts.map((part) => part.share)));
  let sum = 0;
  for (const share of shares) sum += share.bytes;
  return sum;
}

function realBytes({ loading }: Placement, slices: number, everything: number): number | null {
  switch (loading) {
    case 'slices':
      return slices;
    case 'everything':
    case 'filter':
      return everything;
    case 'none':
      return null;
  }
}

/** Everything but other ranks' experts that the filter can tell apart; a tensor of which a part is kept is read whole. */
function filteredBytes(stock: Stock, mine: RankReads): number {
  const kept = new Set(mine.reads.flatMap((read) => read.parts.map((part) => part.share.tensor)));
  let own = 0;
  for (const tensor of kept) if (isNumbered(tensor)) own += tensor.end - tensor.start;
  return stock.bytes - stock.numbered + own;
}

/** What a reader should know about loading this layout with this program: differences that no error message tells. */
export function loadingWarnings(
  { placement: rules }: PlacingProgram,
  placement: Placement,
  layout: CheckpointLayout,
  stock: Stock,
): string[] {
  const out: string[] = [];
  const families = new Set(layout.groups.filter((group) => group.kind === 'moe').map((group) => group.layout?.family));
  const apart = families.has('per-expert');
  const fused = [...families].some((family) => family !== 'per-expert');
  out.push(...(rules.loadingWarnings?.(placement, { apart, fused, stacked: families.has('stacked') }) ?? []));
  if (stock.leftOut.tensors > 0)
    out.push(
      `${stock.leftOut.tensors} tensors of multi-token prediction (${stock.leftOut.bytes} bytes) are not counted: no framework here loads them by itself.`,
    );
  if (stock.unknown > 0)
    out.push(
      `${stock.unknown} expert tensors are stored in a way that is not known here; every rank is given them whole.`,
    );
  return out;
}

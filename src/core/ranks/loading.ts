import type { CheckpointLayout } from '../layouts/types.ts';
import { formatInteger } from '../units.ts';
import { type RankReads, rankReads } from './bytes.ts';
import type { TensorShare } from './share.ts';
import { isNumbered, type TensorIndex } from './tensor-index.ts';
import type { Placement, PlacingProgram } from './types.ts';

/** Bytes that one rank reads with each way of loading; `held` are the bytes that it keeps. */
export interface LoadingReport {
  readonly held: number;
  /** Only the byte ranges of what it keeps. */
  readonly slices: number;
  readonly ranges: number;
  readonly files: number;
  /** Every tensor of each file with a part that it keeps. */
  readonly wholeFiles: number;
  /** Every tensor of every file, multi-token prediction included. */
  readonly everything: number;
  /** vLLM's `--enable-ep-weight-filter`; equal to `everything` where names do not number experts. */
  readonly filtered: number;
  /** The way in which the framework loads by default; null if it has no loader for these files. */
  readonly way: 'spans' | 'everything' | null;
  /** Bytes read in that way. */
  readonly real: number | null;
  /** `real` (or `slices`) over `held`. */
  readonly amplification: number;
}

/** Bytes that a rank reads, by way of loading. */
export function loadingOf(
  tensorIndex: TensorIndex,
  placement: Placement,
  rank: number,
  reads?: RankReads,
): LoadingReport {
  const mine = reads ?? rankReads(tensorIndex, placement, rank);
  const { held, numbered } = countShares(mine);
  const everything = bytesOfAll(tensorIndex);
  const touched = tensorIndex.files.filter((_, file) => (mine.perFile[file] ?? 0) > 0);
  const real = realBytes(placement, mine.bytes, everything);
  return {
    held,
    slices: mine.bytes,
    ranges: mine.reads.length,
    files: touched.length,
    wholeFiles: touched.reduce((sum, file) => sum + file.byteLength - file.dataStart, 0),
    everything,
    // A tensor of which a part is kept is read whole.
    filtered: everything - tensorIndex.numbered + numbered,
    way: ownWay(placement),
    real,
    amplification: held === 0 ? 0 : (real ?? mine.bytes) / held,
  };
}

function bytesOfAll({ bytes, leftOut }: TensorIndex): number {
  return bytes + leftOut.bytes;
}

/** Bytes of tensors that a rank reads in each way of loading; headers, which every loader reads, are left out. */
export interface ReadBytes {
  /** Only the byte ranges of what it keeps. */
  readonly spans: number;
  /** Whole files: each file with a part that it keeps. */
  readonly files: number;
  /** Every file. */
  readonly everything: number;
  /** Everything except the experts of other ranks; only if the program can skip them by name. */
  readonly filter?: number;
}

/** {@link ReadBytes} of a report, under the placement that it was made for. */
export function readBytes(
  { slices, wholeFiles, everything, filtered }: LoadingReport,
  placement: Placement,
): ReadBytes {
  const read = { spans: slices, files: wholeFiles, everything };
  return placement.loading === 'filter' ? { ...read, filter: filtered } : read;
}

/** The way in which a program loads by default; null if it has no loader for these files. */
export function ownWay({ loading }: Pick<Placement, 'loading'>): 'spans' | 'everything' | null {
  switch (loading) {
    case 'slices':
      return 'spans';
    case 'everything':
    case 'filter':
      return 'everything';
    case 'none':
      return null;
  }
}

/** Bytes kept, copies included, and bytes of whole tensors that a filter finds by an expert's number. */
function countShares({ reads }: RankReads): { readonly held: number; readonly numbered: number } {
  let [held, numbered] = [0, 0];
  // The pieces of one tensor follow each other, so its share is counted where it changes.
  let last: TensorShare | null = null;
  for (const { parts } of reads) {
    for (const { share } of parts) {
      if (share === last) continue;
      last = share;
      held += share.bytes;
      if (isNumbered(share.tensor)) numbered += share.tensor.end - share.tensor.start;
    }
  }
  return { held, numbered };
}

function realBytes(placement: Placement, slices: number, everything: number): number | null {
  const way = ownWay(placement);
  return way === null ? null : way === 'spans' ? slices : everything;
}

/** Warnings about loading this layout with this program that no error message of the program gives. */
export function loadingWarnings(
  { placement: rules }: PlacingProgram,
  placement: Placement,
  layout: CheckpointLayout,
  tensorIndex: TensorIndex,
): string[] {
  const out: string[] = [];
  const families = new Set(layout.groups.filter((group) => group.kind === 'moe').map((group) => group.layout?.family));
  const apart = families.has('per-expert');
  const fused = [...families].some((family) => family !== 'per-expert');
  out.push(...(rules.loadingWarnings?.(placement, { apart, fused, stacked: families.has('stacked') }) ?? []));
  if (tensorIndex.leftOut.tensors > 0)
    out.push(
      `${tensorIndex.leftOut.tensors} tensors of multi-token prediction (${formatInteger(tensorIndex.leftOut.bytes)} bytes, experts included) are not placed on any rank, because no framework here loads them by default.`,
    );
  if (tensorIndex.unknown > 0)
    out.push(
      `${tensorIndex.unknown} expert tensors are stored in an unknown way. They are counted whole on every rank.`,
    );
  return out;
}

import type { CheckpointLayout } from '../layouts/types.ts';
import { type RankReads, rankReads } from './bytes.ts';
import { frameworkOf } from './frameworks/all.ts';
import { isNumbered, type Stock } from './stock.ts';
import type { FrameworkId, Placement } from './types.ts';

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
  const real = realBytes(placement.framework, mine.bytes, everything);
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

function realBytes(framework: FrameworkId, slices: number, everything: number): number | null {
  switch (frameworkOf(framework)?.loading) {
    case 'slices':
      return slices;
    case 'everything':
    case 'filter':
      return everything;
    default:
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

/** What a reader should know about loading this layout with this framework: differences that no error message tells. */
export function loadingWarnings(placement: Placement, layout: CheckpointLayout, stock: Stock): string[] {
  const out: string[] = [];
  const families = new Set(layout.groups.filter((group) => group.kind === 'moe').map((group) => group.layout?.family));
  const apart = families.has('per-expert');
  const fused = [...families].some((family) => family !== 'per-expert');
  out.push(...frameworkWarnings(placement, apart, fused, families.has('stacked')));
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

function frameworkWarnings(placement: Placement, apart: boolean, fused: boolean, stacked: boolean): string[] {
  switch (placement.framework) {
    case 'vllm':
    case 'vllm-before-21497':
      return vllmWarnings(placement, apart, fused);
    case 'sglang':
      return ['SGLang reads every tensor on every rank and keeps its own.'];
    case 'deepspeed-moe':
      return ['Every rank reads every tensor and keeps its own; what ZeRO shards afterwards is not counted.'];
    case 'transformers-5':
      return stacked
        ? [
            'transformers 5 holds gate and up in one tensor: it would leave stacked gate_proj and up_proj aside and start gate_up_proj from random numbers, with a report and no error. Convert to gate-up, or back to per-expert.',
          ]
        : [];
    case 'transformers-4.57':
      return apart
        ? [
            'transformers 4.57 stacks nothing while loading: its plan needs the experts fused on disk. The ranges are what a reader that could would read.',
          ]
        : [];
    default:
      return [];
  }
}

function vllmWarnings(placement: Placement, apart: boolean, fused: boolean): string[] {
  const balanced = placement.redundant > 0 || !['linear', 'round-robin'].includes(placement.strategy);
  const out: string[] = [];
  if (fused)
    out.push(
      'Fused experts turn vLLM’s --enable-ep-weight-filter off: it finds experts by their number in the name, so every rank reads all of them. For vLLM keep per-expert names.',
    );
  if (apart && !balanced)
    out.push(
      'vLLM reads every tensor on every rank unless --enable-ep-weight-filter is set, which skips other ranks’ experts.',
    );
  if (apart && balanced) out.push('vLLM’s --enable-ep-weight-filter is off under EPLB: every rank reads every tensor.');
  return out;
}

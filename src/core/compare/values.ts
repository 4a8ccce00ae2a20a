import { type Budget, createBudget } from '../budget.ts';
import { throwIfAborted } from '../errors.ts';
import { tensorPlace } from '../layouts/tensor-place.ts';
import type { Projection } from '../layouts/types.ts';
import { bitsOf, UNPACKED } from '../safetensors/dtype.ts';
import { compareUnit, createReaders, type Readers, unitsOf } from '../verify/byte-compare.ts';
import type { Mistake } from '../verify/diagnose/mistakes.ts';
import { isRewritten } from '../verify/diagnose/rewritten.ts';
import type { Found, Pair, Side } from '../verify/pairs.ts';
import type { VerifySide } from '../verify/reading.ts';
import { nameDifferences } from './name-differences.ts';
import { counting, dtypeOf, type OnBytes, type ReadCount, tallyCast, tallyUnit } from './read-values.ts';
import { castBetween, type Tally } from './tally.ts';
import type { Correspondence, Entry } from './types.ts';
import { asItIs, storedText, unpacked, unpackedFiles } from './unpacked.ts';

export interface ValueOptions {
  /** Indices of {@link Correspondence.entries}; all when left out. */
  readonly selection?: readonly number[] | undefined;
  readonly budget?: Budget | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Compared bytes and total bytes of both sides, without bytes that are read again to find a mistake. */
  readonly onProgress?: ((done: number, total: number, entry: number) => void) | undefined;
}

/** One pair whose values differ. */
export interface ValueDifference extends Omit<Tally, 'first'> {
  /** Index of the entry. */
  readonly entry: number;
  readonly left: string;
  readonly right: string;
  readonly layer: number | null;
  readonly expert: number | null;
  readonly projection: Projection | null;
  readonly part: string | null;
  /** The first difference: row and column of the matrix as [out, in], and both values as stored. */
  readonly first: { readonly row: number; readonly column: number; readonly left: string; readonly right: string };
  /** The cast with which the two were compared; null if they have the same dtype. */
  readonly cast: string | null;
}

/** The result of comparing values. */
export interface ValueReport {
  /** Number of compared entries, and how many of them have the same bytes, or the same values after a cast. */
  readonly compared: number;
  readonly equal: number;
  readonly equalAfterCast: number;
  readonly bytes: { readonly left: number; readonly right: number };
  readonly differences: readonly ValueDifference[];
  /** Matched entries that were not compared, with the reason. */
  readonly skipped: readonly { readonly entry: number; readonly left: string; readonly reason: string }[];
  readonly mistakes: readonly Mistake[];
  /** A sentence about what was not searched for known mistakes; null if everything was searched. */
  readonly unsearched: string | null;
  /** Reads of both sides, including those that search for mistakes. */
  readonly reads: { readonly left: ReadCount; readonly right: ReadCount };
}

/**
 * Compares the values of entries, streaming from both sides: bytes if dtypes are equal, else floats after a named cast.
 *
 * Reads each byte once, in the order of the left files, for any budget. Differing entries are read again, to find the mistake.
 *
 * @throws LoomError `cancelled`, and what reading throws.
 * @example
 * ```ts
 * import { compareValues, correspond } from 'moe-loom/compare';
 * import { openCheckpoint } from 'moe-loom/layouts';
 * import { openFolder } from 'moe-loom/node';
 * const [a, b] = [await openFolder('model'), await openFolder('stacked')];
 * const left = { files: a, checkpoint: await openCheckpoint(a) };
 * const right = { files: b, checkpoint: await openCheckpoint(b) };
 * const report = await compareValues(correspond(left.checkpoint, right.checkpoint), left, right);
 * console.log(report.compared, report.equal); // → 104 104
 * ```
 */
export async function compareValues(
  correspondence: Correspondence,
  left: VerifySide,
  right: VerifySide,
  options: ValueOptions = {},
): Promise<ValueReport> {
  const reads = { left: { reads: 0, bytes: 0 }, right: { reads: 0, bytes: 0 } };
  const sides = [
    readable(left, correspondence.unpacked.left, reads.left),
    readable(right, correspondence.unpacked.right, reads.right),
  ] as const;
  const { signal } = options;
  const readers = createReaders(...sides, { budget: options.budget ?? createBudget(), signal });
  try {
    const work = workOf(correspondence, options.selection);
    const outcome = await compareAll(work, readers, options);
    const found = [...work.misfits, ...outcome.found];
    const original = originalOf(correspondence, sides[0], work);
    const { mistakes, unsearched } = await nameDifferences(found, original, readers);
    return { ...outcome.report, skipped: work.skipped, mistakes, unsearched, reads };
  } finally {
    await readers.dispose();
  }
}

/** A side that counts its reads. Its quantised tensors are unpacked if they are compared unpacked. */
function readable({ checkpoint, files }: VerifySide, unpacks: boolean, count: ReadCount): VerifySide {
  const counted = counting(files, count);
  const side = unpacks ? unpacked(checkpoint) : asItIs(checkpoint);
  return { checkpoint: side.checkpoint, files: unpackedFiles(counted, side.packed) };
}

interface Job {
  readonly index: number;
  readonly entry: Entry;
  readonly pair: Pair;
}

interface Work {
  /** Jobs that are read together, in the order of the left files. */
  readonly units: readonly (readonly Job[])[];
  readonly skipped: ValueReport['skipped'];
  /** Pairs of the same size that no layout explains, but a mistake may. */
  readonly misfits: readonly Found[];
}

function workOf({ entries, groups }: Correspondence, selection: readonly number[] | undefined): Work {
  const jobs = new Map<Pair, Job>();
  const skipped: { entry: number; left: string; reason: string }[] = [];
  const misfits: Found[] = [];
  for (const index of selection ?? entries.keys()) {
    const entry = entries[index];
    const pair = entry && pairOf(entry, groups);
    if (!entry || !pair) continue;
    const reason = unfitness(entry, pair);
    if (reason === null) {
      jobs.set(pair, { index, entry, pair });
      continue;
    }
    skipped.push({ entry: index, left: pair.left.name, reason });
    if (entry.status === 'shape-changed' && pair.left.dtype === pair.right.dtype && sameSize(entry))
      misfits.push({ tensor: pair.left.name, reason, pair });
  }
  const units = unitsOf([...jobs.keys()]).map((unit) => unit.map((pair) => jobs.get(pair) as Job));
  return { units: units.sort(byPlace), skipped, misfits };
}

/** The order of the left side's files and bytes. */
function byPlace([a]: readonly Job[], [b]: readonly Job[]): number {
  if (!a || !b) return 0;
  const [x, y] = [a.pair.left, b.pair.left];
  if (x.file !== y.file) return x.file < y.file ? -1 : 1;
  return x.start - y.start || (a.pair.views?.left.base ?? 0) - (b.pair.views?.left.base ?? 0);
}

function pairOf({ left, right, slot }: Entry, groups: Correspondence['groups']): Pair | null {
  if (!left || !right) return null;
  const group = slot ? groups[slot.group] : undefined;
  const views = left.view && right.view ? { left: left.view, right: right.view } : null;
  const whole = { left: left.tensor, right: right.tensor };
  if (!group || !slot || !views) return { ...whole, views: null, slot: null };
  const { expert, projection, part } = slot;
  return { ...whole, views, slot: { group, expert, projection, part } };
}

function sameSize({ left, right }: Entry): boolean {
  return left !== null && right !== null && left.bytes === right.bytes;
}

/** Why the values of a pair cannot be compared; null if they can. */
function unfitness(entry: Entry, pair: Pair): string | null {
  if (entry.status === 'shape-changed') return entry.note ?? 'the sizes differ';
  const [from, to] = [dtypeOf(pair, 'left'), dtypeOf(pair, 'right')];
  if (from === to || castBetween(from, to)) return null;
  return `no exact cast between ${from} and ${to} is known`;
}

interface Outcome {
  readonly report: Omit<ValueReport, 'skipped' | 'mistakes' | 'unsearched' | 'reads'>;
  readonly found: readonly Found[];
}

async function compareAll({ units }: Work, readers: Readers, options: ValueOptions): Promise<Outcome> {
  const total = units.flat().reduce((sum, { entry }) => sum + bytesOf(entry), 0);
  const bytes = { left: 0, right: 0 };
  const differences: ValueDifference[] = [];
  const found: Found[] = [];
  const counts = { compared: 0, equal: 0, equalAfterCast: 0 };
  for (const unit of units) {
    throwIfAborted(options.signal);
    const shares = { left: storedShare(unit, 'left'), right: storedShare(unit, 'right') };
    const onBytes: OnBytes = (left, right) => {
      bytes.left += left * shares.left;
      bytes.right += right * shares.right;
      options.onProgress?.(Math.min(total, Math.round(bytes.left + bytes.right)), total, unit[0]?.index ?? 0);
    };
    for (const { job, tally, cast } of await tallyJobs(unit, readers, onBytes)) {
      counts.compared += 1;
      if (tally.different === 0) counts[cast === null ? 'equal' : 'equalAfterCast'] += 1;
      else {
        differences.push(differenceOf(job, tally, cast));
        if (cast === null) found.push({ tensor: job.pair.left.name, reason: 'differs', pair: job.pair });
      }
    }
  }
  differences.sort((a, b) => a.entry - b.entry);
  const whole = { left: Math.round(bytes.left), right: Math.round(bytes.right) };
  return { report: { ...counts, bytes: whole, differences }, found };
}

/** Stored bytes for each compared byte; less than 1 if values are unpacked first. */
function storedShare(unit: readonly Job[], side: 'left' | 'right'): number {
  const sum = { stored: 0, compared: 0 };
  for (const { entry, pair } of unit) {
    if (!entry[side]?.stored) return 1;
    const view = pair.views?.[side];
    sum.stored += entry[side].bytes;
    sum.compared += view ? (view.rows * view.columns * bitsOf(view.dtype)) / 8 : pair[side].end - pair[side].start;
  }
  return sum.stored / sum.compared;
}

function bytesOf({ left, right }: Entry): number {
  return (left?.bytes ?? 0) + (right?.bytes ?? 0);
}

interface Answer {
  readonly job: Job;
  readonly tally: Tally;
  readonly cast: string | null;
}

async function tallyJobs(unit: readonly Job[], readers: Readers, onBytes: OnBytes): Promise<Answer[]> {
  const pairs = unit.map((job) => job.pair);
  if (pairs.some(isRewritten) && !unit.some(({ entry }) => entry.left?.stored || entry.right?.stored))
    return tallyRewritten(unit, readers, onBytes);
  if (pairs.every((pair) => dtypeOf(pair, 'left') === dtypeOf(pair, 'right'))) {
    const tallies = await tallyUnit(pairs, readers, onBytes);
    return unit.flatMap((job, at) => (tallies[at] ? [{ job, tally: tallies[at], cast: unpackingOf(job.entry) }] : []));
  }
  const answers: Answer[] = [];
  for (const job of unit) {
    const cast = castBetween(dtypeOf(job.pair, 'left'), dtypeOf(job.pair, 'right'));
    const unpacking = unpackingOf(job.entry);
    const name = unpacking && cast ? `${unpacking}, ${cast.name}` : (cast?.name ?? null);
    if (cast) answers.push({ job, tally: await tallyCast(job.pair, cast, readers, onBytes), cast: name });
    else {
      const [tally] = await tallyUnit([job.pair], readers, onBytes);
      if (tally) answers.push({ job, tally, cast: unpacking });
    }
  }
  return answers;
}

/** `F8_E4M3 × F32 scales → BF16`; null if no side is unpacked. */
function unpackingOf({ left, right }: Entry): string | null {
  const packed = [left, right].flatMap((piece) => (piece?.stored ? [`${storedText(piece)} → ${UNPACKED}`] : []));
  return packed.length === 0 ? null : packed.join(', ');
}

/** A few bytes that a conversion computes: the left bytes as the conversion must have written them. */
async function tallyRewritten(unit: readonly Job[], readers: Readers, onBytes: OnBytes): Promise<Answer[]> {
  const first = await compareUnit(
    unit.map((job) => job.pair),
    readers,
  );
  return unit.map((job, at) => {
    onBytes(job.entry.left?.bytes ?? 0, job.entry.right?.bytes ?? 0);
    const byte = first[at];
    const values = byte && { index: byte.byte, left: String(byte.left), right: String(byte.right) };
    const different = byte ? 1 : 0;
    const tally = { elements: job.entry.left?.bytes ?? 0, different, first: values ?? null, maxAbs: null };
    return { job, tally: { ...tally, maxUlp: null, nan: 0 }, cast: null };
  });
}

function differenceOf({ index, entry, pair }: Job, tally: Tally, cast: string | null): ValueDifference {
  const { first, ...counts } = tally;
  const columns = pair.views?.left.columns ?? Math.max(1, pair.left.shape.at(-1) ?? 1);
  const at = first ?? { index: 0, left: '', right: '' };
  const group = pair.slot?.group.left;
  return {
    entry: index,
    left: pair.left.name,
    right: pair.right.name,
    layer: group ? group.index : tensorPlace(pair.left.name).layer,
    expert: entry.slot?.expert ?? null,
    projection: entry.slot?.projection ?? null,
    part: entry.slot?.part ?? null,
    ...counts,
    first: { row: Math.floor(at.index / columns), column: at.index % columns, left: at.left, right: at.right },
    cast,
  };
}

/** The compared part of the left side. Other layers are not searched for mistakes. */
function originalOf(correspondence: Correspondence, { checkpoint }: VerifySide, { units }: Work): Side {
  const groups = new Set(units.flatMap((unit) => unit.flatMap(({ pair }) => pair.slot?.group.left ?? [])));
  const { modelType, layout } = correspondence.left;
  return { checkpoint, layout: { modelType, layout, groups: [...groups], defects: [] } };
}

/** A difference in one sentence: how many values, the first position, the largest difference. */
export function describeValues(difference: ValueDifference): string {
  const { left, right, expert, projection, part, different, elements, first, maxAbs, maxUlp, cast } = difference;
  const of = expert === null ? '' : ` expert ${expert}'s ${projection}${part === 'weight' ? '' : ` ${part}`},`;
  const name = left === right ? left : `${left} ↔ ${right}`;
  const apart = [
    ...(maxAbs === null ? [] : [`largest difference ${maxAbs}`]),
    ...(maxUlp === null ? [] : [`${maxUlp} ULP`]),
    ...(cast === null ? [] : [`after ${cast}`]),
  ].join(', ');
  return `${name}:${of} ${different} of ${elements} differ, first at row ${first.row}, column ${first.column}: ${first.left} and ${first.right}${apart === '' ? '' : `; ${apart}`}`;
}

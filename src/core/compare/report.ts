import type { Mistake } from '../verify/diagnose/mistakes.ts';
import { isContiguous } from '../verify/matrix.ts';
import { locate } from '../verify/reading.ts';
import { placeOf } from './correspond.ts';
import { stepsBetween } from './steps.ts';
import {
  type Correspondence,
  type Entry,
  isDifference,
  type Piece,
  type PrefixRule,
  type SideFacts,
  type SlotOf,
  type Status,
  type StatusCount,
  type Step,
} from './types.ts';
import { storedRange } from './unpacked.ts';
import type { ValueDifference, ValueReport } from './values.ts';

/** A piece for display: its tensor and its byte range in the file. */
export interface PieceFacts {
  readonly tensor: string;
  readonly dtype: string;
  /** Of the tensor. */
  readonly shape: readonly number[];
  /** Rows (outputs) and columns (inputs) of an expert's matrix inside a tensor; null for a whole tensor. */
  readonly matrix: readonly [number, number] | null;
  readonly file: string;
  readonly start: number;
  readonly end: number;
  /** True when other matrices lie between its bytes. */
  readonly scattered: boolean;
  readonly bytes: number;
}

/** An entry for display and JSON. */
export interface EntryFacts {
  readonly status: Status;
  readonly layer: number | null;
  readonly expert: number | null;
  readonly projection: SlotOf['projection'] | null;
  readonly part: string | null;
  readonly left: PieceFacts | null;
  readonly right: PieceFacts | null;
  readonly operations: readonly Step[];
  readonly note: string | null;
}

/** The experts of one layer on both sides, and the operations that turn left into right. */
export interface GroupFacts {
  readonly left: string;
  readonly right: string;
  readonly layer: number | null;
  readonly leftFamily: string | null;
  readonly rightFamily: string | null;
  readonly experts: readonly [number | null, number | null];
  readonly operations: Readonly<Record<string, readonly Step[]>>;
}

/** What `moe-loom compare --json` prints and the Compare view shows: a contract. */
export interface CompareReport {
  /** True if the headers agree and no compared value differs. */
  readonly equal: boolean;
  /** What was compared: only headers (names, dtypes and sizes), or also values. */
  readonly compared: 'headers' | 'values';
  readonly left: SideFacts;
  readonly right: SideFacts;
  readonly layers: readonly number[] | null;
  readonly prefixes: readonly PrefixRule[];
  readonly notes: readonly string[];
  readonly counts: Readonly<Record<Status, StatusCount>>;
  /** Entries without a match, or with another dtype, other sizes or other values. */
  readonly differences: readonly EntryFacts[];
  readonly groups: readonly GroupFacts[];
  readonly values: ValueReport | null;
}

/**
 * The report of a comparison; `values` if values were compared.
 *
 * @example
 * ```ts
 * import { compareReport, correspond } from 'moe-loom/compare';
 * import { openCheckpoint } from 'moe-loom/layouts';
 * import { openFolder } from 'moe-loom/node';
 * const left = await openCheckpoint(await openFolder('model'));
 * const right = await openCheckpoint(await openFolder('stacked'));
 * console.log(compareReport(correspond(left, right), null).equal); // → true
 * ```
 */
export function compareReport(correspondence: Correspondence, values: ValueReport | null): CompareReport {
  const { left, right, layers, prefixes, notes } = correspondence;
  const found = values ? withValues(correspondence, values) : correspondence;
  const skipped = values?.skipped.length ?? 0;
  return {
    equal: !found.entries.some(isDifference) && skipped === 0,
    compared: values ? 'values' : 'headers',
    left,
    right,
    layers,
    prefixes,
    notes,
    counts: found.counts,
    differences: found.entries.filter(isDifference).map((entry) => entryFacts(entry, prefixes)),
    groups: groupFacts(correspondence),
    values,
  };
}

/** The same correspondence after comparing values: pairs whose values differ become `value-changed`. */
export function withValues(
  correspondence: Correspondence,
  { differences }: Pick<ValueReport, 'differences'>,
): Pick<Correspondence, 'entries' | 'counts'> {
  const changed = new Map(differences.map((each) => [each.entry, each]));
  const counts = { ...correspondence.counts };
  const entries = correspondence.entries.map((entry, at): Entry => {
    const difference = changed.get(at);
    if (!difference) return entry;
    counts[entry.status] = added(counts[entry.status], entry, -1);
    counts['value-changed'] = added(counts['value-changed'], entry, 1);
    return { ...entry, status: 'value-changed', note: noteOf(difference) };
  });
  return { entries, counts };
}

function added(count: StatusCount, { left, right }: Entry, sign: 1 | -1): StatusCount {
  return {
    entries: count.entries + sign,
    leftBytes: count.leftBytes + sign * (left?.bytes ?? 0),
    rightBytes: count.rightBytes + sign * (right?.bytes ?? 0),
  };
}

function noteOf({ different, elements, first }: ValueDifference): string {
  return `${different} of ${elements} numbers differ, first at row ${first.row}, column ${first.column}: ${first.left} and ${first.right}`;
}

/** An entry for display. */
export function entryFacts(entry: Entry, prefixes: readonly PrefixRule[]): EntryFacts {
  const { status, slot, steps, note } = entry;
  return {
    status,
    layer: placeOf(entry, prefixes).layer,
    expert: slot?.expert ?? null,
    projection: slot?.projection ?? null,
    part: slot?.part ?? null,
    left: entry.left && pieceFacts(entry.left),
    right: entry.right && pieceFacts(entry.right),
    operations: steps,
    note,
  };
}

function pieceFacts(piece: Piece): PieceFacts {
  const { tensor, view, bytes, stored } = piece;
  const range = storedRange(piece);
  if (stored && range) {
    const { name, dtype, shape, file } = stored.codes;
    const matrix = view ? ([view.rows, view.columns] as const) : null;
    return { tensor: name, dtype, shape, file, bytes, matrix, ...range, scattered: false };
  }
  const own = {
    tensor: tensor.name,
    dtype: view?.dtype ?? tensor.dtype,
    shape: tensor.shape,
    file: tensor.file,
    bytes,
  };
  if (!view) return { ...own, matrix: null, start: tensor.start, end: tensor.end, scattered: false };
  const { start, end } = locate(tensor, view);
  const scattered = !isContiguous(view);
  return { ...own, matrix: [view.rows, view.columns], start, end, scattered };
}

function groupFacts({ groups }: Correspondence): GroupFacts[] {
  return groups.map((pair) => ({
    left: pair.left.prefix,
    right: pair.right.prefix,
    layer: pair.left.index,
    leftFamily: pair.left.layout?.family ?? null,
    rightFamily: pair.right.layout?.family ?? null,
    experts: [pair.left.experts, pair.right.experts],
    operations: Object.fromEntries(
      pair.contents.map((content) => [
        content.part === 'weight' ? content.projection : `${content.projection} ${content.part}`,
        stepsBetween(pair.left, pair.right, content),
      ]),
    ),
  }));
}

/** Mistakes as lines with what to do about them. Consecutive mistakes with the same cure get it once. */
export function mistakeLines(
  mistakes: readonly Mistake[],
): { readonly message: string; readonly cure: string | null }[] {
  return mistakes.map(({ message, cure }, at) => ({ message, cure: mistakes[at + 1]?.cure === cure ? null : cure }));
}

/** Indices of the entries in some layers. */
export function entriesOfLayers(
  { entries, prefixes }: Pick<Correspondence, 'entries' | 'prefixes'>,
  layers: ReadonlySet<number>,
): number[] {
  return entries.flatMap((entry, at) => {
    const { layer } = placeOf(entry, prefixes);
    return layer !== null && layers.has(layer) ? [at] : [];
  });
}

import { partBytes, spansOf, workingBytes } from '../plan/parts.ts';
import type { OutputShard, OutputTensor, Part, Span } from '../plan/types.ts';
import type { ByteRange } from '../source/types.ts';

/** A part whose bytes a kernel makes of its spans. */
export type ComputePart = Exclude<Part, { readonly kind: 'copy' | 'bytes' }>;

/** Where an item's bytes go: part `part` of `tensor`, `offset` bytes from the start of the output file. */
interface Target {
  readonly tensor: OutputTensor;
  readonly part: number;
  readonly offset: number;
  readonly length: number;
}

/** Bytes of the unit's buffer, from `at`, that are passed on: a whole part, or a slice of a long one. */
export interface CopyItem extends Target {
  readonly kind: 'copy';
  readonly at: number;
  /** True unless the part goes on in a later unit. */
  readonly last: boolean;
  /** True unless an earlier unit holds the part's beginning. */
  readonly first: boolean;
}

/** A part that a kernel makes of stretches of the unit's buffer, one for each of its spans. */
export interface ComputeItem extends Target {
  readonly kind: 'compute';
  readonly source: ComputePart;
  readonly inputs: readonly { readonly at: number; readonly length: number }[];
}

/** Bytes of the plan's own. */
export interface BytesItem extends Target {
  readonly kind: 'bytes';
  readonly bytes: readonly number[];
}

export type Item = CopyItem | ComputeItem | BytesItem;

/** A range of a source file and where it lies in the unit's buffer. */
export interface Read extends ByteRange {
  readonly file: string;
  readonly at: number;
}

/** What is read at once and everything that is made of it. */
export interface Unit {
  readonly reads: readonly Read[];
  /** Length of the buffer that the reads fill. */
  readonly readBytes: number;
  /** Bytes that kernels make of it. */
  readonly computedBytes: number;
  /** Bytes of the twins beside them, where a device computes. */
  readonly twinBytes: number;
  readonly items: readonly Item[];
}

export interface ScheduleLimits {
  /** Bytes that one unit reads, save where a single kernel needs more. */
  readonly unitBytes: number;
  /** Unwanted bytes between two wanted ranges that are read along rather than starting another read. */
  readonly gap: number;
}

/** Scattered small tensors would else gather by the thousand in one unit. */
const MAX_READS = 64;

/** One part on its way into a unit. */
interface Entry {
  readonly tensor: OutputTensor;
  readonly number: number;
  readonly part: Part;
  readonly offset: number;
  readonly spans: readonly Span[];
}

/**
 * Cuts a shard's tensor bytes into units, each output byte in exactly one item, in the order in which the source files
 * hold what they are made of: reads follow each other in a file wherever the plan allows. Pure.
 *
 * A copied part longer than a unit is sliced, its slices in order; a computed part never is.
 */
export function scheduleShard(shard: OutputShard, limits: ScheduleLimits): Unit[] {
  const units: Unit[] = [];
  let open = createUnit(limits.gap);
  const close = () => {
    if (!open.isEmpty()) units.push(open.finish());
    open = createUnit(limits.gap);
  };
  const makeRoom = (ranges: readonly Span[]) => {
    const more = open.cost(ranges);
    const full = open.readBytes() + more > limits.unitBytes || open.reads() >= MAX_READS;
    if (more > 0 && !open.isEmpty() && full) close();
  };
  for (const entry of entriesOf(shard)) {
    const target = { tensor: entry.tensor, part: entry.number, offset: entry.offset, length: partBytes(entry.part) };
    const { part } = entry;
    if (part.kind === 'bytes') open.add({ ...target, kind: 'bytes', bytes: part.bytes });
    else if (part.kind === 'copy') {
      for (const slice of slices(part.span, limits.unitBytes)) {
        makeRoom([slice.span]);
        const [at = 0] = open.want([slice.span]);
        open.add({
          ...target,
          kind: 'copy',
          offset: target.offset + slice.from,
          length: slice.span.end - slice.span.start,
          at,
          first: slice.from === 0,
          last: slice.span.end === part.span.end,
        });
      }
    } else {
      makeRoom(part.spans);
      const starts = open.want(part.spans);
      const inputs = part.spans.map((span, index) => ({ at: starts[index] ?? 0, length: span.end - span.start }));
      open.add({ ...target, kind: 'compute', source: part, inputs });
    }
  }
  close();
  return units;
}

/** Every part of the shard, by where the source holds it; what comes from nowhere first. */
function entriesOf(shard: OutputShard): Entry[] {
  const entries: Entry[] = [];
  let offset = shard.header.byteLength;
  for (const tensor of shard.tensors) {
    for (const [number, part] of tensor.parts.entries()) {
      entries.push({ tensor, number, part, offset, spans: part.kind === 'bytes' ? [] : spansOf(part) });
      offset += partBytes(part);
    }
  }
  const places = new Map<Entry, Span | null>(entries.map((entry) => [entry, firstOf(entry.spans)]));
  return entries.sort((a, b) => comparePlaces(places.get(a) ?? null, places.get(b) ?? null) || a.offset - b.offset);
}

function firstOf(spans: readonly Span[]): Span | null {
  return spans.reduce<Span | null>((first, span) => (first && comparePlaces(first, span) <= 0 ? first : span), null);
}

function comparePlaces(a: Span | null, b: Span | null): number {
  if (!a || !b) return Number(a !== null) - Number(b !== null);
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  return a.start - b.start;
}

/** A span in pieces of at most `limit` bytes; `from` counts from the span's start. An empty span is one empty piece. */
function* slices(span: Span, limit: number): Generator<{ readonly span: Span; readonly from: number }> {
  let start: number = span.start;
  do {
    const end = Math.min(span.end, start + limit);
    yield {
      span: { file: span.file, start: start as Span['start'], end: end as Span['end'] },
      from: start - span.start,
    };
    start = end;
  } while (start < span.end);
}

/** A read that may still grow at its end. */
interface OpenRead {
  readonly file: string;
  readonly start: number;
  end: number;
  readonly at: number;
}

interface OpenUnit {
  isEmpty(): boolean;
  readBytes(): number;
  reads(): number;
  /** Bytes that these ranges would add to the reads. */
  cost(spans: readonly Span[]): number;
  /** Takes ranges into the reads; gives where each starts in the buffer. */
  want(spans: readonly Span[]): number[];
  add(item: Item): void;
  finish(): Unit;
}

function createUnit(gap: number): OpenUnit {
  const reads: OpenRead[] = [];
  const items: Item[] = [];
  let size = 0;
  let computedBytes = 0;
  let twinBytes = 0;
  /** The read that holds a span, or can: only the last one grows, since others follow the ones before it. */
  const home = (list: readonly OpenRead[], span: Span): OpenRead | null => {
    const holder = list.find((read) => read.file === span.file && span.start >= read.start && span.end <= read.end);
    if (holder) return holder;
    const last = list.at(-1);
    return last && last.file === span.file && span.start >= last.start && span.start - last.end <= gap ? last : null;
  };
  /** Takes a span into `list`; gives its place in the buffer and the buffer's new length. */
  const take = (list: OpenRead[], span: Span, length: number): { readonly at: number; readonly length: number } => {
    const read = home(list, span) ?? { file: span.file, start: span.start, end: span.start, at: length };
    if (!list.includes(read)) list.push(read);
    const grown = Math.max(0, span.end - read.end);
    read.end += grown;
    return { at: read.at + span.start - read.start, length: length + grown };
  };
  return {
    isEmpty: () => items.length === 0,
    readBytes: () => size,
    reads: () => reads.length,
    cost: (spans) => {
      const trial = reads.map((read) => ({ ...read }));
      return spans.reduce((length, span) => take(trial, span, length).length, size) - size;
    },
    want: (spans) =>
      spans.map((span) => {
        const { at, length } = take(reads, span, size);
        size = length;
        return at;
      }),
    add: (item) => {
      items.push(item);
      if (item.kind !== 'compute') return;
      computedBytes += item.length;
      twinBytes += workingBytes(item.source);
    },
    finish: () => ({ reads, readBytes: size, computedBytes, twinBytes, items }),
  };
}

/** Neighbours in the buffer that are neighbours in the output file too: one write. */
export interface WriteRun {
  readonly at: number;
  readonly offset: number;
  readonly length: number;
}

/** The fewest writes that pass on these copies. */
export function writeRuns(items: readonly CopyItem[]): WriteRun[] {
  const runs: { at: number; offset: number; length: number }[] = [];
  for (const { at, offset, length } of items) {
    const last = runs.at(-1);
    if (last && last.at + last.length === at && last.offset + last.length === offset) last.length += length;
    else if (length > 0) runs.push({ at, offset, length });
  }
  return runs;
}

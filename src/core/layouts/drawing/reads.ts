import type { Checkpoint } from '../../checkpoint/types.ts';
import { cellTensors } from '../map.ts';
import type { CheckpointLayout, LayerGroup } from '../types.ts';

/** One run of bytes in a file that are all one expert's. */
export interface ExpertPiece {
  readonly file: string;
  /** From byte 0 of the file, half-open. */
  readonly start: number;
  readonly end: number;
}

/** What reading one expert whole takes. */
export interface ExpertReads {
  /** Runs of bytes, in the order of files and offsets; runs that touch are one. */
  readonly pieces: readonly ExpertPiece[];
  readonly bytes: number;
  readonly files: number;
  /** Bytes of others that lie between the first and the last piece of each file. */
  readonly between: number;
}

/** Of the experts of a layer or of a model: the fewest and the most reads that one takes, and all of them. */
export interface ReadsSummary {
  readonly experts: number;
  readonly reads: number;
  readonly fewest: number;
  readonly most: number;
  /** Experts whose bytes lie in more than one file. */
  readonly split: number;
}

type Readable = Pick<Checkpoint, 'tensors' | 'config' | 'shards'>;

/** The pieces that an expert's bytes are in. */
export function expertReads(checkpoint: Readable, group: LayerGroup, expert: number): ExpertReads {
  const runs = cellTensors(checkpoint, group, expert)
    .map(({ file, start, end, slice }) => ({ file, start: slice?.start ?? start, end: slice?.end ?? end }))
    .sort((a, b) => (a.file === b.file ? a.start - b.start : a.file < b.file ? -1 : 1));
  const pieces: ExpertPiece[] = [];
  for (const run of runs) {
    const last = pieces.at(-1);
    if (last && last.file === run.file && last.end >= run.start)
      pieces[pieces.length - 1] = { ...last, end: Math.max(last.end, run.end) };
    else pieces.push(run);
  }
  const bytes = pieces.reduce((sum, { start, end }) => sum + end - start, 0);
  let between = 0;
  pieces.forEach(({ file, start }, at) => {
    const previous = pieces[at - 1];
    if (previous?.file === file) between += start - previous.end;
  });
  return { pieces, bytes, files: new Set(pieces.map(({ file }) => file)).size, between };
}

/** The reads of all experts of a layer. Experts without a tensor do not count. */
export function layerReads(checkpoint: Readable, group: LayerGroup): ReadsSummary {
  return summary(
    Array.from({ length: group.experts ?? 0 }, (_, expert) => expertReads(checkpoint, group, expert)).filter(
      ({ pieces }) => pieces.length > 0,
    ),
  );
}

/** The reads of all experts of a model, those of layers of multi-token prediction included. */
export function modelReads(checkpoint: Readable, layout: Pick<CheckpointLayout, 'groups'>): ReadsSummary {
  const steps = modelReadsEach(checkpoint, layout);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** {@link modelReads}, one layer after another: between two of them the caller can do other work. */
export function* modelReadsEach(
  checkpoint: Readable,
  layout: Pick<CheckpointLayout, 'groups'>,
): Generator<void, ReadsSummary> {
  let sum = summary([]);
  for (const group of layout.groups) {
    const part = layerReads(checkpoint, group);
    yield;
    if (part.experts === 0) continue;
    sum = {
      experts: sum.experts + part.experts,
      reads: sum.reads + part.reads,
      fewest: sum.experts === 0 ? part.fewest : Math.min(sum.fewest, part.fewest),
      most: Math.max(sum.most, part.most),
      split: sum.split + part.split,
    };
  }
  return sum;
}

function summary(each: readonly ExpertReads[]): ReadsSummary {
  const counts = each.map(({ pieces }) => pieces.length);
  return {
    experts: each.length,
    reads: counts.reduce((sum, count) => sum + count, 0),
    fewest: counts.reduce((least, count) => Math.min(least, count), counts[0] ?? 0),
    most: counts.reduce((most, count) => Math.max(most, count), 0),
    split: each.filter(({ files }) => files > 1).length,
  };
}

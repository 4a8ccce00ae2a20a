import { rankReads } from './bytes.ts';
import { intervals } from './placement.ts';
import type { RankModel } from './summary.ts';
import type { Placement } from './types.ts';

/** A run of bytes that a rank reads of a layer's experts, from byte 0 of the file, half-open. */
export interface CutRange {
  readonly file: string;
  readonly start: number;
  readonly end: number;
  /** The tensors in it, in the order of bytes. */
  readonly parts: readonly CutPart[];
}

export interface CutPart {
  readonly tensor: string;
  /** Half-open interval of experts. */
  readonly experts: readonly [number, number] | null;
  readonly start: number;
  readonly end: number;
}

/** The experts of one layer that one rank reads. */
export interface LayerCut {
  readonly rank: number;
  readonly prefix: string;
  readonly index: number | null;
  readonly experts: number;
  /** Experts that it reads wholly or partly, as half-open intervals. */
  readonly held: readonly (readonly [number, number])[];
  /** True if it reads only a part of each of them. */
  readonly inside: boolean;
  readonly ranges: readonly CutRange[];
  readonly bytes: number;
  /** Shape of the rank's own tensor, by the name of the stored one. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
}

/** The ranges of {@link rankReads} that belong to the experts of one layer. @throws RangeError if the rank or row does not exist. */
export function layerCut(
  { tensorIndex }: Pick<RankModel, 'tensorIndex'>,
  placement: Placement,
  rank: number,
  row: number,
): LayerCut {
  const layer = tensorIndex.layers[row];
  if (!layer) throw new RangeError(`There is no layer ${row}.`);
  const { reads, bytes } = rankReads(tensorIndex, placement, rank, (tensor) => tensor.expert?.layer === row);
  const parts = reads.flatMap((read) => read.parts);
  const experts = new Set<number>();
  for (const { experts: some } of parts) for (let at = some?.[0] ?? 0; at < (some?.[1] ?? 0); at += 1) experts.add(at);
  const held = intervals([...experts].sort((a, b) => a - b));
  const whole = [...experts].reduce((sum, expert) => sum + (layer.bytes[expert] ?? 0), 0);
  return {
    rank,
    prefix: layer.prefix,
    index: layer.index,
    experts: layer.experts,
    held,
    inside: bytes < whole,
    ranges: reads.map(({ file, offset, length, parts: own }) => ({
      file,
      start: offset,
      end: offset + length,
      parts: own.map(({ share, experts: some, start, end }) => ({
        tensor: share.tensor.name,
        experts: some,
        start,
        end,
      })),
    })),
    bytes,
    shapes: new Map(parts.map(({ share }) => [share.tensor.name, share.shape])),
  };
}

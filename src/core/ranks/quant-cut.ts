import type { ModelFacts, QuantBlocks } from './types.ts';

/** A cut of each expert's intermediate size that would leave a rank a part of a quantisation block. */
export interface CutBlock {
  readonly blocks: QuantBlocks;
  /** Numbers of the intermediate size that a rank would have. */
  readonly slice: number;
  /** What is cut apart: output rows of gate and up, or the input columns of down. */
  readonly along: 'rows' | 'columns';
}

/** The block that cutting experts into `parts` would cut apart; null where every scale stays with its numbers. */
export function cutBlock({ blocks, intermediate }: ModelFacts, parts: number): CutBlock | null {
  if (blocks === null || intermediate === null || parts === 1) return null;
  const slice = intermediate / parts;
  if (slice % blocks.rows !== 0) return { blocks, slice, along: 'rows' };
  return slice % blocks.columns !== 0 ? { blocks, slice, along: 'columns' } : null;
}

/** Our message, for programs whose own message is not known. */
export function cutSentence({ blocks, slice, along }: CutBlock, parts: number): string {
  const block = along === 'rows' ? blocks.rows : blocks.columns;
  return `If experts are cut over ${parts} ranks, each part has an intermediate size of ${slice}. This is not a multiple of ${block}, the block size of ${blocks.method}, so blocks would be separated from their scales.`;
}

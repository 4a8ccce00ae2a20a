import type { Projection } from '../../layouts/types.ts';

/** Every mistake that values give away, with what it means and what to do. */
export const MISTAKES = {
  'gate-up-swapped': {
    sentence: 'Gate and up are swapped. Such a file loads without an error and computes wrong outputs.',
    cure: 'Convert again from the original with gate before up (w1 is gate, w3 is up).',
  },
  'gate-up-interleaved': {
    sentence: 'Gate’s and up’s rows alternate where they should follow each other.',
    cure: 'Convert again from the original: all rows of gate first, then all rows of up.',
  },
  'gate-up-concatenated': {
    sentence:
      'The rows of gate and up are in two halves where they should alternate, or were split as if they alternated.',
    cure: 'Convert again from the original, and take gate and up apart as its architecture stores them.',
  },
  'projection-misplaced': {
    sentence: 'One of gate and up is stored twice; the other is lost.',
    cure: 'Convert again from the original.',
  },
  'experts-in-text-order': {
    sentence: 'The experts are in the order of their numbers as text: 0, 1, 10, 11, 2 …',
    cure: 'The file stacks experts in text order; sort the names by number and convert again from the original.',
  },
  'experts-permuted': {
    sentence: 'All experts exist, but in another order.',
    cure: 'Convert again from the original with the experts in the order of their numbers.',
  },
  'expert-misplaced': {
    sentence: 'An expert is in the place of another.',
    cure: 'Convert again from the original, each expert in the place of its number.',
  },
  'experts-equal': {
    sentence: 'Experts are equal that differ in the original: one was written twice, another is lost.',
    cure: 'Convert again from the original, each expert once.',
  },
  'expert-from-another-layer': {
    sentence: 'An expert is another layer’s.',
    cure: 'Convert this layer again from the original; check how layer numbers are read from the names.',
  },
  'expert-foreign': {
    sentence: 'The values are in no layer of the original: another model, another revision, or trained further.',
    cure: 'Check that both checkpoints are of the same model and revision, then convert again from the original.',
  },
  'matrix-transposed': {
    sentence: 'The matrix is transposed. If it is square, its shape does not show this.',
    cure: 'Convert again from the original without transposing it, or transpose it back.',
  },
  'wrong-dimension': {
    sentence:
      'Halves along the inputs were taken for gate and up; in this architecture’s tensors the outputs come last.',
    cure: 'Convert again from the original, and divide gate and up along the last dim.',
  },
  'bit-flipped': {
    sentence: 'One bit differs. The file was damaged in memory, on disk or during a transfer.',
    cure: 'Copy or download the file again, or convert again. If the fault returns, test memory and disk.',
  },
  'byte-flipped': {
    sentence: 'One byte differs. The file was damaged in memory, on disk or during a transfer.',
    cure: 'Copy or download the file again, or convert again. If the fault returns, test memory and disk.',
  },
  'range-damaged': {
    sentence: 'A range of bytes differs and the rest is equal: a write or download was interrupted or failed.',
    cure: 'Copy or download the file again, or convert again from the original.',
  },
  zeros: {
    sentence: 'The file has zeros where the original has values: the space was reserved but never written.',
    cure: 'Copy or download the file again, or convert again from the original.',
  },
  'tensor-misplaced': {
    sentence: 'A tensor holds the values of another one.',
    cure: 'Convert again from the original; check how names are mapped.',
  },
  'rows-permuted': {
    sentence: 'All rows of a tensor exist, but in another order. Each row of a router belongs to one expert.',
    cure: 'Convert again from the original; where experts are put in another order, the router’s rows go with them.',
  },
  'tensor-foreign': {
    sentence:
      'The values of a tensor differ from the original: it is another model or revision, or it was trained further.',
    cure: 'Check that both checkpoints are of the same model and revision, then convert again from the original.',
  },
} as const;

export type MistakeKind = keyof typeof MISTAKES;

/** Where bytes are damaged. `byte` counts in the original's matrix of the expert (row after row), or in the tensor. */
export interface MistakePlace {
  readonly byte: number;
  /** From the first byte that differs to the last. */
  readonly length: number;
  /** Tensor, file and byte of the file, from its byte 0, where the damage begins. */
  readonly converted: { readonly tensor: string; readonly file: string; readonly byte: number };
}

/** What happened to the converted checkpoint, in terms of the original. */
export interface Mistake {
  readonly kind: MistakeKind;
  /** The original's layer group, and its layer's number; null outside experts or numbered layers. */
  readonly prefix: string | null;
  readonly layer: number | null;
  /** Numbers of the experts in whose place something wrong stands, ascending; empty outside experts. */
  readonly experts: readonly number[];
  readonly projections: readonly Projection[];
  /** Name in the original of the one tensor that it spoils; null where it spoils several. */
  readonly tensor: string | null;
  /** Null where whole matrices are wrong. */
  readonly place: MistakePlace | null;
  /** One sentence that names layer and expert. */
  readonly message: string;
  readonly cure: string;
}

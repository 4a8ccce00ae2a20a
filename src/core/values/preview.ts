import type { CheckpointTensor } from '../checkpoint/types.ts';
import { bitsOf, elementsOf } from '../safetensors/dtype.ts';
import type { TensorValue } from '../safetensors/dtype-codes.ts';
import type { FileSet } from '../source/types.ts';
import { decodeValues } from './decode.ts';

/** Elements shown of each end. */
export const PREVIEW_ELEMENTS = 16;

/** The ends of a tensor in the order in which its elements are stored. */
export interface TensorPreview {
  readonly elements: number;
  readonly first: readonly TensorValue[];
  /** Empty where `first` holds all. */
  readonly last: readonly TensorValue[];
  /** Bytes that were read. */
  readonly bytes: number;
}

export interface PreviewOptions {
  readonly signal?: AbortSignal | undefined;
  /** Elements of each end. */
  readonly count?: number | undefined;
}

/**
 * The first and last elements of a tensor: two reads of its ends alone, one where they meet, none of an empty tensor.
 *
 * @throws LoomError `cancelled`, and what the files throw.
 */
export async function previewTensor(
  tensor: CheckpointTensor,
  files: FileSet,
  { signal, count = PREVIEW_ELEMENTS }: PreviewOptions = {},
): Promise<TensorPreview> {
  const { dtype, shape } = tensor;
  const elements = elementsOf(shape);
  if (elements === 0) return { elements, first: [], last: [], bytes: 0 };
  const bits = bitsOf(dtype);
  const source = await files.open(tensor.file, { signal });
  const read = (start: number, end: number) =>
    source.read({ start: tensor.start + start, end: tensor.start + end }, { signal });
  try {
    if (elements <= 2 * count) {
      const bytes = await read(0, tensor.end - tensor.start);
      return { elements, first: decodeValues(dtype, bytes, 0, elements), last: [], bytes: bytes.length };
    }
    // Eight elements fill whole bytes in every format: the last read starts at such a place.
    const from = Math.floor((elements - count) / 8) * 8;
    const [head, tail] = await Promise.all([
      read(0, Math.ceil((count * bits) / 8)),
      read((from * bits) / 8, tensor.end - tensor.start),
    ]);
    return {
      elements,
      first: decodeValues(dtype, head, 0, count),
      last: decodeValues(dtype, tail, elements - count - from, elements - from),
      bytes: head.length + tail.length,
    };
  } finally {
    await source.dispose?.();
  }
}

/** The place of an element by its number: `[1, 0, 7]`; `[]` in a tensor of rank 0. */
export function indexOf(element: number, shape: readonly number[]): number[] {
  const index: number[] = [];
  let rest = element;
  for (const dim of shape.toReversed()) {
    index.unshift(rest % dim);
    rest = Math.floor(rest / dim);
  }
  return index;
}

/** Bits of one element, in the reference writer's order of "increasing alignment" (crate `safetensors`, `tensor.rs`). */
const BITS = {
  BOOL: 8,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  F8_E4M3FNUZ: 8,
  F8_E5M2FNUZ: 8,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  C64: 64,
  F64: 64,
  I64: 64,
  U64: 64,
} as const;

export type DType = keyof typeof BITS;

/** The 22 dtypes of the format, in the order in which the reference writer ranks them (lowest first). */
export const DTYPES = Object.keys(BITS) as readonly DType[];

const RANKS: ReadonlyMap<string, number> = new Map(DTYPES.map((dtype, rank) => [dtype, rank]));

export function isDType(text: string): text is DType {
  return RANKS.has(text);
}

export function bitsOf(dtype: DType): number {
  return BITS[dtype];
}

/** Place in the writer's order; a file holds higher ranks first. */
export function rankOf(dtype: DType): number {
  return RANKS.get(dtype) ?? -1;
}

/** Bytes of `elements` elements; NaN when a sub-byte dtype does not fill whole bytes. */
export function bytesOf(dtype: DType, elements: number): number {
  const bits = elements * BITS[dtype];
  return bits % 8 === 0 ? bits / 8 : Number.NaN;
}

/** Product of the dims: 1 for rank 0, 0 when any dim is 0. */
export function elementsOf(shape: readonly number[]): number {
  let product = 1;
  for (const dim of shape) {
    if (dim === 0) return 0;
    product *= dim;
  }
  return product;
}

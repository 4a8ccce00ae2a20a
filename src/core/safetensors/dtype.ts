import { DTYPE_ROWS, type DTypeRow, type FloatRow } from './dtype-rows.ts';

/** Name of a dtype as it stands in a header. */
export type DType = keyof typeof DTYPE_ROWS;

/** Names of the dtypes whose row has these fields. */
type Having<Fields> = { [Name in DType]: (typeof DTYPE_ROWS)[Name] extends Fields ? Name : never }[DType];

/** Number formats that kernels compute with and cast between. */
export type FloatType = Having<{ readonly computes: true }>;

/** Number formats of 8 bits that the dequantise kernel unpacks. */
type UnpackedType = Having<{ readonly unpacks: string }>;

/** Forms of the dequantise kernel for dtypes. */
export type Fp8 = (typeof DTYPE_ROWS)[UnpackedType]['unpacks'];

/** What the dequantise kernel makes of packed numbers. */
export const UNPACKED = 'BF16' satisfies FloatType;

const ROWS: Readonly<Record<DType, DTypeRow>> = DTYPE_ROWS;

/** The dtypes of the format, in the order in which the reference writer ranks them (lowest first). */
export const DTYPES = Object.keys(ROWS) as readonly DType[];

const RANKS: ReadonlyMap<string, number> = new Map(DTYPES.map((dtype, rank) => [dtype, rank]));

/** True for a name that the format has. */
export function isDType(text: string): text is DType {
  return RANKS.has(text);
}

/** All that is known of a dtype. */
export function rowOf(dtype: DType): DTypeRow {
  return ROWS[dtype];
}

/**
 * Bits of one element.
 *
 * @example
 * ```ts
 * import { bitsOf } from 'moe-loom/safetensors';
 * console.log(bitsOf('BF16'), bitsOf('F4')); // → 16 4
 * ```
 */
export function bitsOf(dtype: DType): number {
  return ROWS[dtype].bits;
}

/** Place in the writer's order; a file holds higher ranks first. */
export function rankOf(dtype: DType): number {
  return RANKS.get(dtype) ?? -1;
}

/**
 * Bytes of `elements` elements; NaN when a sub-byte dtype does not fill whole bytes.
 *
 * @example
 * ```ts
 * import { bytesOf } from 'moe-loom/safetensors';
 * console.log(bytesOf('BF16', 1536 * 4096)); // → 12582912
 * ```
 */
export function bytesOf(dtype: DType, elements: number): number {
  const bits = elements * bitsOf(dtype);
  return bits % 8 === 0 ? bits / 8 : Number.NaN;
}

/**
 * Product of the dims: 1 for rank 0, 0 when any dim is 0.
 *
 * @example
 * ```ts
 * import { elementsOf } from 'moe-loom/safetensors';
 * console.log(elementsOf([128, 1536, 4096])); // → 805306368
 * ```
 */
export function elementsOf(shape: readonly number[]): number {
  let product = 1;
  for (const dim of shape) {
    if (dim === 0) return 0;
    product *= dim;
  }
  return product;
}

/** The sign, exponent and mantissa of a float dtype; null for other kinds. */
export function floatOf(dtype: DType): FloatRow | null {
  const row = rowOf(dtype);
  return row.kind === 'float' ? row : null;
}

/** True for the formats that kernels compute with. */
export function isFloatType(dtype: DType): dtype is FloatType {
  return floatOf(dtype)?.computes === true;
}

/** True for floats of 8 bits, scales among them. */
export function isFp8(dtype: DType): boolean {
  return floatOf(dtype)?.bits === 8;
}

/** The form of the dequantise kernel that unpacks a dtype; null where none does. */
export function fp8Of(dtype: DType): Fp8 | null {
  return (floatOf(dtype)?.unpacks ?? null) as Fp8 | null;
}

/** The float format that a form of the dequantise kernel unpacks. */
export function rowOfFp8(form: Fp8): FloatRow {
  for (const dtype of DTYPES) {
    const row = floatOf(dtype);
    if (row?.unpacks === form) return row;
  }
  throw new RangeError(`No dtype is unpacked as ${form}.`);
}

/** True when an element is a real and an imaginary part. */
export function isComplex(dtype: DType): boolean {
  return rowOf(dtype).kind === 'complex';
}

/**
 * How elements stand to numbers and bytes.
 *
 * `container`: an integer in which quantised checkpoints keep several numbers, so that a shape may not count numbers ·
 * `sub-byte`: an element is a number of less than a byte, which cannot be moved alone · `none`: neither.
 */
export type Packing = 'container' | 'sub-byte' | 'none';

/** How a dtype's elements are packed. */
export function packingOf(dtype: DType): Packing {
  const row = rowOf(dtype);
  if (row.kind === 'integer' && row.container) return 'container';
  return row.bits < 8 ? 'sub-byte' : 'none';
}

/** True for codes of 8 bits and fewer that represent weights by scales or tables: integers and floats, not booleans. */
export function isCode(dtype: DType): boolean {
  const { kind, bits } = rowOf(dtype);
  return kind !== 'bool' && bits <= 8;
}

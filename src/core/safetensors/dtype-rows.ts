/**
 * What the extreme codes of a float format mean.
 *
 * `ieee`: the highest exponent holds infinities and NaN · `nan`: the code of all ones is NaN, there is no infinity ·
 * `none`: every code is a number · `fnuz`: NaN instead of minus zero, nothing else · `power`: no sign and no fraction,
 * every code is a power of two, and the code of all ones is NaN.
 */
export type Specials = 'ieee' | 'nan' | 'none' | 'fnuz' | 'power';

/** A boolean in one byte: 0 is false. */
export interface BoolRow {
  readonly kind: 'bool';
  readonly bits: 8;
}

/** An integer in two's complement, or without sign. */
export interface IntegerRow {
  readonly kind: 'integer';
  readonly bits: 1 | 2 | 4 | 8 | 16 | 32 | 64;
  readonly signed: boolean;
  /** True when quantised checkpoints use its elements as containers of several numbers each. */
  readonly container?: true;
}

/**
 * A float of sign, exponent and mantissa (the stored fraction), in this order from the highest bit. Of 32 and 64 bits:
 * IEEE 754 binary32 and binary64.
 */
export interface FloatRow {
  readonly kind: 'float';
  readonly bits: 4 | 6 | 8 | 16 | 32 | 64;
  readonly exponent: number;
  readonly mantissa: number;
  readonly bias: number;
  readonly specials: Specials;
  /** True when kernels compute with it: they cast between any two such formats. */
  readonly computes?: true;
  /** The form of the dequantise kernel that unpacks it with its scales; absent where none does. */
  readonly unpacks?: string;
}

/** Real part, then imaginary part: two IEEE 754 floats of half the bits. */
export interface ComplexRow {
  readonly kind: 'complex';
  readonly bits: 64 | 128;
}

/** All that is known of a dtype. Elements below a byte are packed without gaps, from the lowest bit up. */
export type DTypeRow = BoolRow | IntegerRow | FloatRow | ComplexRow;

/**
 * The dtypes of the format, one row each: a new dtype is one more row, and every list, set and decoder is made from it.
 *
 * The order is the reference writer's "increasing alignment" (crate `safetensors`, `tensor.rs`): a file holds the tensors
 * of later rows first. Float formats: OCP MX 1.0 for F4, F6 and E8M0, OCP FP8 1.0 for F8, Noune et al. 2022
 * (arXiv 2206.02915) for FNUZ.
 */
export const DTYPE_ROWS = {
  BOOL: { kind: 'bool', bits: 8 },
  F4: { kind: 'float', bits: 4, exponent: 2, mantissa: 1, bias: 1, specials: 'none' },
  F6_E2M3: { kind: 'float', bits: 6, exponent: 2, mantissa: 3, bias: 1, specials: 'none' },
  F6_E3M2: { kind: 'float', bits: 6, exponent: 3, mantissa: 2, bias: 3, specials: 'none' },
  U8: { kind: 'integer', bits: 8, signed: false, container: true },
  I8: { kind: 'integer', bits: 8, signed: true, container: true },
  F8_E5M2: { kind: 'float', bits: 8, exponent: 5, mantissa: 2, bias: 15, specials: 'ieee', unpacks: 'e5m2' },
  F8_E4M3: { kind: 'float', bits: 8, exponent: 4, mantissa: 3, bias: 7, specials: 'nan', unpacks: 'e4m3' },
  F8_E8M0: { kind: 'float', bits: 8, exponent: 8, mantissa: 0, bias: 127, specials: 'power' },
  F8_E4M3FNUZ: { kind: 'float', bits: 8, exponent: 4, mantissa: 3, bias: 8, specials: 'fnuz' },
  F8_E5M2FNUZ: { kind: 'float', bits: 8, exponent: 5, mantissa: 2, bias: 16, specials: 'fnuz' },
  I16: { kind: 'integer', bits: 16, signed: true },
  U16: { kind: 'integer', bits: 16, signed: false },
  F16: { kind: 'float', bits: 16, exponent: 5, mantissa: 10, bias: 15, specials: 'ieee', computes: true },
  BF16: { kind: 'float', bits: 16, exponent: 8, mantissa: 7, bias: 127, specials: 'ieee', computes: true },
  I32: { kind: 'integer', bits: 32, signed: true, container: true },
  U32: { kind: 'integer', bits: 32, signed: false, container: true },
  F32: { kind: 'float', bits: 32, exponent: 8, mantissa: 23, bias: 127, specials: 'ieee', computes: true },
  C64: { kind: 'complex', bits: 64 },
  F64: { kind: 'float', bits: 64, exponent: 11, mantissa: 52, bias: 1023, specials: 'ieee' },
  I64: { kind: 'integer', bits: 64, signed: true },
  U64: { kind: 'integer', bits: 64, signed: false },
} as const satisfies Readonly<Record<string, DTypeRow>>;

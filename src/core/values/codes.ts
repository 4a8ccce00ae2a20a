import { f32FromF16 } from '../kernels/float.ts';
import { bitsOf, type DType } from '../safetensors/dtype.ts';

/** Number formats of 16 bits and fewer: few enough codes to list what each stands for. */
export type NarrowType = Exclude<DType, WideType>;
export type WideType = 'I32' | 'U32' | 'F32' | 'C64' | 'F64' | 'I64' | 'U64';

export function isNarrow(dtype: DType): dtype is NarrowType {
  return bitsOf(dtype) <= 16;
}

/**
 * A format of sign, exponent and fraction. `top` says what its highest exponent means: infinities and NaN as in IEEE 754,
 * NaN in the one code of all ones, or numbers like all others; `fnuz` has one NaN in place of minus zero.
 */
interface FloatFormat {
  readonly fraction: number;
  readonly bias: number;
  readonly top: 'ieee' | 'nan' | 'number' | 'fnuz';
}

/** OCP MX 1.0 for F4 and F6, OCP FP8 1.0 for F8, Noune et al. 2022 (arXiv 2206.02915) for FNUZ. */
const FLOATS: Readonly<Partial<Record<NarrowType, FloatFormat>>> = {
  F4: { fraction: 1, bias: 1, top: 'number' },
  F6_E2M3: { fraction: 3, bias: 1, top: 'number' },
  F6_E3M2: { fraction: 2, bias: 3, top: 'number' },
  F8_E5M2: { fraction: 2, bias: 15, top: 'ieee' },
  F8_E4M3: { fraction: 3, bias: 7, top: 'nan' },
  F8_E4M3FNUZ: { fraction: 3, bias: 8, top: 'fnuz' },
  F8_E5M2FNUZ: { fraction: 2, bias: 16, top: 'fnuz' },
};

const tables = new Map<NarrowType, Float64Array>();

/** What each code of a format stands for; BOOL's are 0 and 1. */
export function codeValues(dtype: NarrowType): Float64Array {
  const known =
    tables.get(dtype) ?? Float64Array.from({ length: 2 ** bitsOf(dtype) }, (_, code) => numberOf(dtype, code));
  tables.set(dtype, known);
  return known;
}

function numberOf(dtype: NarrowType, code: number): number {
  switch (dtype) {
    case 'BOOL':
      return code === 0 ? 0 : 1;
    case 'U8':
    case 'U16':
      return code;
    case 'I8':
      return (code << 24) >> 24;
    case 'I16':
      return (code << 16) >> 16;
    case 'F16':
      return fromF32Bits(f32FromF16(code));
    case 'BF16':
      return fromF32Bits(code << 16);
    case 'F8_E8M0':
      return code === 255 ? Number.NaN : 2 ** (code - 127);
    default:
      return miniFloat(FLOATS[dtype] as FloatFormat, code, bitsOf(dtype));
  }
}

const word = new Uint32Array(1);
const float = new Float32Array(word.buffer);

export function fromF32Bits(bits: number): number {
  word[0] = bits;
  return float[0] as number;
}

export function toF32Bits(value: number): number {
  float[0] = value;
  return word[0] as number;
}

function miniFloat({ fraction, bias, top }: FloatFormat, code: number, bits: number): number {
  const size = code & (2 ** (bits - 1) - 1);
  const sign = code === size ? 1 : -1;
  const exponent = size >> fraction;
  const rest = size & (2 ** fraction - 1);
  const highest = 2 ** (bits - 1 - fraction) - 1;
  if (top === 'fnuz' && sign === -1 && size === 0) return Number.NaN;
  if (top === 'nan' && size === 2 ** (bits - 1) - 1) return Number.NaN;
  if (top === 'ieee' && exponent === highest) return rest === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  const whole = exponent === 0 ? rest : rest + 2 ** fraction;
  return sign * whole * 2 ** (Math.max(exponent, 1) - bias - fraction);
}

/**
 * The code of element `at`, formats below a byte packed from the lowest bit up: element n is bits n × b to (n + 1) × b − 1
 * of the bytes read as one little-endian number. The format's text does not say so; it is how torch packs
 * `float4_e2m1fn_x2` (the first element in the lower half), and the only order that six bits extend without a rule of
 * their own.
 */
export function codeAt(bytes: Uint8Array, at: number, bits: number): number {
  if (bits === 16) return (bytes[2 * at] as number) | ((bytes[2 * at + 1] as number) << 8);
  if (bits === 8) return bytes[at] as number;
  const bit = at * bits;
  const pair = (bytes[bit >> 3] as number) | ((bytes[(bit >> 3) + 1] ?? 0) << 8);
  return (pair >> (bit & 7)) & ((1 << bits) - 1);
}

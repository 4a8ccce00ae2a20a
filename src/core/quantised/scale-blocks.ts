import { type DType, floatOf, isFloatType, rowOf } from '../safetensors/dtype.ts';

/** True for what the scale of a block may be stored as: a float that kernels compute with, or a power of two. */
export function isScaleType(dtype: DType): boolean {
  return isFloatType(dtype) || floatOf(dtype)?.specials === 'power';
}

/** True for what MXFP4's e8m0 scales are stored as: that dtype, or plain bytes. */
export function isMxScaleType(dtype: DType): boolean {
  const row = rowOf(dtype);
  return row.bits === 8 && (row.kind === 'integer' ? !row.signed : row.kind === 'float' && row.specials === 'power');
}

/** Block sizes that are in use, tried where the config does not say which. */
const BLOCKS = [128, 64, 32, 16];

/** Numbers along a dim that share a scale, where `count` scales serve `size` numbers; null where nothing says how. */
export function blockOf(size: number, count: number, asked: number | undefined): number | null {
  if (asked !== undefined && Math.ceil(size / asked) === count) return asked;
  if (count === 1) return size;
  if (count === size) return 1;
  return BLOCKS.find((block) => Math.ceil(size / block) === count) ?? null;
}

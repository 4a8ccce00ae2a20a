import type { DType } from '../safetensors/dtype.ts';

/** The FP8 formats whose codes are known here. */
export const FP8_FORMATS: Readonly<Partial<Record<DType, 'e4m3' | 'e5m2'>>> = { F8_E4M3: 'e4m3', F8_E5M2: 'e5m2' };
/** What a scale may be stored as. */
export const SCALE_TYPES: ReadonlySet<DType> = new Set<DType>(['F32', 'BF16', 'F16', 'F8_E8M0']);
/** Block sizes that are in use, tried where the config does not say which. */
const BLOCKS = [128, 64, 32, 16];

/** `weight_block_size` of a config, [rows, columns]; empty where it says nothing. */
export function blockSizes(config: Readonly<Record<string, unknown>> | null): readonly (number | undefined)[] {
  const quantisation = config?.quantization_config as { weight_block_size?: unknown } | null | undefined;
  const sizes = quantisation?.weight_block_size;
  return Array.isArray(sizes)
    ? sizes.map((size) => (Number.isInteger(size) && size > 0 ? Number(size) : undefined))
    : [];
}

/** Numbers along a dim that share a scale, where `count` scales serve `size` numbers; null where nothing says how. */
export function blockOf(size: number, count: number, asked: number | undefined): number | null {
  if (asked !== undefined && Math.ceil(size / asked) === count) return asked;
  if (count === 1) return size;
  if (count === size) return 1;
  return BLOCKS.find((block) => Math.ceil(size / block) === count) ?? null;
}

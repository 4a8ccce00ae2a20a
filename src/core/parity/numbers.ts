import { f16Table } from '../kernels/float.ts';
import { words16, words32 } from '../kernels/word-views.ts';
import type { Weight } from './graph.ts';

/** Stored numbers as f32: exact. */
export function numbersOf({ element, bytes }: Weight): Float32Array {
  if (element === 'f32') return new Float32Array(words32(bytes).slice().buffer);
  const codes = words16(bytes);
  const table = element === 'f16' ? f16Table() : null;
  const bits = Uint32Array.from(codes, (code) => (table ? (table[code] as number) : code << 16));
  return new Float32Array(bits.buffer);
}

/** max|a − b| ÷ max|ref|: 0 for equal arrays; infinite where something is no number. */
export function maxRelative(a: ArrayLike<number>, b: ArrayLike<number>, ref: ArrayLike<number> = a): number {
  let difference = 0;
  let size = 0;
  for (let i = 0; i < a.length; i++) {
    difference = Math.max(difference, Math.abs((a[i] as number) - (b[i] as number)));
    size = Math.max(size, Math.abs(ref[i] as number));
    if (Number.isNaN(difference)) return Number.POSITIVE_INFINITY;
  }
  if (difference === 0) return 0;
  return size === 0 ? Number.POSITIVE_INFINITY : difference / size;
}

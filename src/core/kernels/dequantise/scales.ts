import { type DType, floatOf, isFloatType } from '../../safetensors/dtype.ts';
import { castKernel } from '../cast/kernel.ts';
import { floatBytes } from '../float.ts';

/** The factor of codes without scales: 1 in f32. */
const ONE = Uint8Array.of(0, 0, 0x80, 0x3f);

/**
 * Scales of FP8 codes as the dequantise kernel takes them: f32, exact. An e8m0 byte is the exponent of a power of two;
 * 255 is NaN. Null for codes without scales: one factor of 1.
 *
 * @throws RangeError for dtypes that are no scales.
 */
export function scalesAsF32(bytes: Uint8Array, dtype: DType | null): Uint8Array {
  if (dtype === null) return ONE;
  if (floatOf(dtype)?.specials === 'power') {
    const words = Uint32Array.from(bytes, (exponent) =>
      exponent === 0 ? 0x00400000 : exponent === 255 ? 0x7fc00000 : exponent << 23,
    );
    return new Uint8Array(words.buffer);
  }
  if (!isFloatType(dtype)) throw new RangeError(`Scales of ${dtype} are not decoded.`);
  const count = bytes.byteLength / floatBytes(dtype);
  const output = new Uint8Array(4 * count);
  castKernel.cpu({ from: dtype, to: 'F32', count }, [bytes], output);
  return output;
}

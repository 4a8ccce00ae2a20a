import { codeValues } from '../../safetensors/dtype-codes.ts';
import { NVFP4_GROUP } from '../formats/fp4.ts';
import { numbersOf, scalesOf } from '../numbers.ts';
import type { Decoder, StoredMatrix } from '../types.ts';
import { E2M1, partOf, sizesOf, timesFactors } from './parts.ts';

function decodeFp8(stored: StoredMatrix): Float32Array {
  const codes = partOf(stored, 'codes');
  return timesFactors(stored.form, codes.bytes, codeValues(codes.dtype), scalesOf(partOf(stored, 'scale')));
}

/** The factor of each block in F32, as readers of the format compute it. */
function factorsOf(stored: StoredMatrix, join: (scale: number, global: number) => number): Float32Array {
  const scales = scalesOf(partOf(stored, 'scale'), 'F8_E4M3');
  const global = numbersOf(partOf(stored, 'global'))[0] as number;
  return Float32Array.from(scales, (scale) => join(scale, global));
}

function decodePairs(stored: StoredMatrix, factors: ArrayLike<number>): Float32Array {
  return timesFactors(stored.form, partOf(stored, 'codes').bytes, E2M1, factors);
}

const ofModelOpt = (scale: number, global: number) => scale * global;
const ofCompressedTensors = (scale: number, global: number) => scale / global;

function decodeStackedNvfp4(stored: StoredMatrix): Float32Array {
  const [rows, columns] = sizesOf(stored.form);
  const codes = partOf(stored, 'codes').bytes;
  const factors = factorsOf(stored, ofModelOpt);
  const output = new Float32Array(rows * columns);
  for (let column = 0; column < columns; column += 1) {
    const [pair, half, group] = [(column >> 1) * rows, 4 * (column & 1), Math.floor(column / NVFP4_GROUP) * rows];
    for (let row = 0; row < rows; row += 1) {
      const code = ((codes[pair + row] as number) >> half) & 15;
      output[row * columns + column] = (E2M1[code] as number) * (factors[group + row] as number);
    }
  }
  return output;
}

const E4M3 = codeValues('F8_E4M3');
/** MLX's scale above those of blocks is 2688 / amax upside down. Source: mlx, quantized.cpp. */
const MLX_WHOLE = 2688;

function decodeMlxFloats(scaleType: 'F8_E4M3' | 'F8_E8M0') {
  return (stored: StoredMatrix): Float32Array => {
    const scales = scalesOf(partOf(stored, 'scale'), scaleType);
    const global = scaleType === 'F8_E4M3' ? stored.part('global') : undefined;
    const factor = global ? (numbersOf(global)[0] as number) / MLX_WHOLE : 1;
    const factors = global ? Float32Array.from(scales, (scale) => scale * factor) : scales;
    if (stored.form.bits === 4) return decodePairs(stored, factors);
    return timesFactors(stored.form, partOf(stored, 'codes').bytes, E4M3, factors);
  };
}

const decodeMx = (stored: StoredMatrix) => decodePairs(stored, scalesOf(partOf(stored, 'scale')));

export const FLOAT_DECODERS = {
  mxfp8: decodeFp8,
  'fp8-tensor': decodeFp8,
  'fp8-row': decodeFp8,
  'fp8-block': decodeFp8,
  'nvfp4-modelopt': (stored) => decodePairs(stored, factorsOf(stored, ofModelOpt)),
  'nvfp4-modelopt-stacked': decodeStackedNvfp4,
  'nvfp4-compressed-tensors': (stored) => decodePairs(stored, factorsOf(stored, ofCompressedTensors)),
  'mxfp4-blocks': decodeMx,
  'mxfp4-compressed-tensors': decodeMx,
  'mxfp4-quark': decodeMx,
  'mxfp4-deepseek': decodeMx,
  'mxfp4-mlx': decodeMlxFloats('F8_E8M0'),
  'nvfp4-mlx': decodeMlxFloats('F8_E4M3'),
  'mxfp8-mlx': decodeMlxFloats('F8_E8M0'),
} satisfies Readonly<Record<string, Decoder>>;

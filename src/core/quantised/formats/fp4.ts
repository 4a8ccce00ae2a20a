import type { CheckpointTensor } from '../../checkpoint/types.ts';
import { elementsOf } from '../../safetensors/dtype.ts';
import { numbersOf, scalesOf } from '../numbers.ts';
import { isMxScaleType } from '../scale-blocks.ts';
import type { ModuleView, PackedForm, QuantFormat, StoredMatrix } from '../types.ts';
import { E2M1, partOf, sizesOf, timesFactors } from './decode-floats.ts';
import { matricesOf } from './shapes.ts';

const NVFP4_GROUP = 16;
const MX_GROUP = 32;

/** Codes [… , rows, columns / 2] beside scales [… , rows, columns / group]. */
function pairs(codes: CheckpointTensor, scale: CheckpointTensor | undefined, group: number): PackedForm | null {
  const [sizes, grid] = [matricesOf(codes), scale && matricesOf(scale)];
  if (!sizes || !grid) return null;
  const [matrices, rows, bytes] = sizes;
  const columns = 2 * bytes;
  if (grid[0] !== matrices || grid[1] !== rows || grid[2] * group !== columns) return null;
  return { bits: 4, matrices, rows, columns, numbers: rows * columns, block: [1, group] };
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

const isE4m3 = (tensor: CheckpointTensor | undefined) => tensor?.dtype === 'F8_E4M3';

const NVFP4: readonly QuantFormat[] = [
  {
    id: 'nvfp4-modelopt',
    name: 'NVFP4',
    by: 'ModelOpt',
    parts: { codes: ['weight'], scale: ['weight_scale'], global: ['weight_scale_2'], input: ['input_scale'] },
    needs: ['scale', 'global'],
    form: (view) => {
      const [codes, scale] = [view.part('weight'), view.part('weight_scale')];
      if (codes?.dtype !== 'U8' || !isE4m3(scale)) return null;
      return pairs(codes, scale, NVFP4_GROUP);
    },
    decode: (stored) => decodePairs(stored, factorsOf(stored, ofModelOpt)),
  },
  {
    id: 'nvfp4-modelopt-stacked',
    name: 'NVFP4, inputs first',
    by: 'ModelOpt, for models whose experts are one tensor',
    parts: { codes: ['weight'], scale: ['weight_scale'], global: ['weight_scale_2'], input: ['input_scale'] },
    needs: ['scale', 'global'],
    form: (view) => {
      const [codes, scale] = [view.part('weight'), view.part('weight_scale')];
      if (codes?.dtype !== 'U8' || !scale || !isE4m3(scale)) return null;
      const [sizes, grid] = [matricesOf(codes), matricesOf(scale)];
      if (!sizes || !grid || codes.shape.length < 3) return null;
      const [matrices, bytes, rows] = sizes;
      const columns = 2 * bytes;
      if (grid[0] !== matrices || grid[2] !== rows || grid[1] * NVFP4_GROUP !== columns) return null;
      return { bits: 4, matrices, rows, columns, numbers: rows * columns, block: [1, NVFP4_GROUP] };
    },
    decode: (stored) => {
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
    },
  },
  {
    id: 'nvfp4-compressed-tensors',
    name: 'NVFP4',
    by: 'compressed-tensors',
    parts: {
      codes: ['weight_packed'],
      scale: ['weight_scale'],
      global: ['weight_global_scale'],
      input: ['input_global_scale'],
    },
    needs: ['scale', 'global'],
    form: (view) => {
      const [codes, scale] = [view.part('weight_packed'), view.part('weight_scale')];
      if (codes?.dtype !== 'U8' || !isE4m3(scale)) return null;
      return pairs(codes, scale, NVFP4_GROUP);
    },
    decode: (stored) => decodePairs(stored, factorsOf(stored, ofCompressedTensors)),
  },
];

function mx(id: string, by: string, codes: 'weight' | 'weight_packed', dtype: 'U8' | 'I8'): QuantFormat {
  const scale = ['weight_scale', 'scale'] as const;
  return {
    id,
    name: 'MXFP4',
    by,
    parts: { codes: [codes], scale },
    needs: ['scale'],
    form: (view) => {
      const [tensor, factors] = [view.part(codes), view.part('weight_scale') ?? view.part('scale')];
      if (tensor?.dtype !== dtype || !factors || !isMxScaleType(factors.dtype)) return null;
      return pairs(tensor, factors, MX_GROUP);
    },
    decode: (stored) => decodePairs(stored, scalesOf(partOf(stored, 'scale'))),
  };
}

const MXFP4: readonly QuantFormat[] = [
  {
    id: 'mxfp4-blocks',
    name: 'MXFP4',
    by: 'OpenAI, transformers',
    parts: { codes: ['blocks'], scale: ['scales'] },
    needs: ['scale'],
    form: (view) => {
      const [codes, scale] = [view.part('blocks'), view.part('scales')];
      if (codes?.dtype !== 'U8' || !scale || !isMxScaleType(scale.dtype)) return null;
      const [groups = 0, bytes] = codes.shape.slice(-2);
      if (2 * (bytes ?? 0) !== MX_GROUP || scale.shape.join() !== codes.shape.slice(0, -1).join()) return null;
      const rows = codes.shape.at(-3) ?? 1;
      const columns = groups * MX_GROUP;
      const matrices = elementsOf(codes.shape.slice(0, -3));
      return { bits: 4, matrices, rows, columns, numbers: rows * columns, block: [1, MX_GROUP] };
    },
    decode: (stored) => decodePairs(stored, scalesOf(partOf(stored, 'scale'))),
  },
  mx('mxfp4-compressed-tensors', 'compressed-tensors', 'weight_packed', 'U8'),
  mx('mxfp4-quark', 'Quark', 'weight', 'U8'),
  mx('mxfp4-deepseek', 'DeepSeek', 'weight', 'I8'),
];

/** MLX's float modes: codes in 32-bit words, one-byte scales, no offsets. Words a scale tell the modes apart: 4, 2, 8. */
function mlx(mode: 'mxfp4' | 'nvfp4' | 'mxfp8', group: number, bits: 4 | 8): QuantFormat {
  const e4m3 = mode === 'nvfp4';
  const form = (view: ModuleView): PackedForm | null => {
    const [codes, scale] = [view.part('weight'), view.part('scales')];
    if (codes?.dtype !== 'U32' || scale?.dtype !== 'U8' || view.part('biases')) return null;
    const [sizes, grid] = [matricesOf(codes), matricesOf(scale)];
    if (!sizes || !grid) return null;
    const [matrices, rows, words] = sizes;
    const columns = (32 / bits) * words;
    if (grid[0] !== matrices || grid[1] !== rows || grid[2] * group !== columns) return null;
    return { bits, matrices, rows, columns, numbers: rows * columns, block: [1, group] };
  };
  return {
    id: `${mode}-mlx`,
    name: mode.toUpperCase(),
    by: 'MLX',
    parts: { codes: ['weight'], scale: ['scales'], global: ['global_scale'] },
    needs: ['scale'],
    form,
    decode: (stored) => {
      const scales = scalesOf(partOf(stored, 'scale'), e4m3 ? 'F8_E4M3' : 'F8_E8M0');
      const global = stored.part('global');
      // MLX's FP4 with two levels of scales: the global one is 2688 / amax upside down, so × global / 2688.
      const factor = global && e4m3 ? (numbersOf(global)[0] as number) / 2688 : 1;
      const factors = factor === 1 ? scales : Float32Array.from(scales, (scale) => scale * factor);
      if (bits === 4) return decodePairs(stored, factors);
      return timesFactors(stored.form, partOf(stored, 'codes').bytes, E4M3, factors);
    },
  };
}

const E4M3 = Float64Array.from(
  numbersOf({ bytes: Uint8Array.from({ length: 256 }, (_, code) => code), dtype: 'F8_E4M3', shape: [256] }),
);

export const FP4_FORMATS: readonly QuantFormat[] = [
  ...NVFP4,
  ...MXFP4,
  mlx('mxfp4', MX_GROUP, 4),
  mlx('nvfp4', NVFP4_GROUP, 4),
  mlx('mxfp8', MX_GROUP, 8),
];

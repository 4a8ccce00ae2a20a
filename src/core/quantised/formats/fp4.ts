import type { CheckpointTensor } from '../../checkpoint/types.ts';
import { elementsOf } from '../../safetensors/dtype.ts';
import { isMxScaleType } from '../scale-blocks.ts';
import type { ModuleView, PackedForm, QuantFormat } from '../types.ts';
import { matricesOf } from './shapes.ts';

export const NVFP4_GROUP = 16;
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
  },
  mx('mxfp4-compressed-tensors', 'compressed-tensors', 'weight_packed', 'U8'),
  mx('mxfp4-quark', 'Quark', 'weight', 'U8'),
  mx('mxfp4-deepseek', 'DeepSeek', 'weight', 'I8'),
];

/** MLX's float modes: codes in 32-bit words, one-byte scales, no offsets. Words a scale tell the modes apart: 4, 2, 8. */
function mlx(mode: 'mxfp4' | 'nvfp4' | 'mxfp8', group: number, bits: 4 | 8): QuantFormat {
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
  };
}

export const FP4_FORMATS: readonly QuantFormat[] = [
  ...NVFP4,
  ...MXFP4,
  mlx('mxfp4', MX_GROUP, 4),
  mlx('nvfp4', NVFP4_GROUP, 4),
  mlx('mxfp8', MX_GROUP, 8),
];

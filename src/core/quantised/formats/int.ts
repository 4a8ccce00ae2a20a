import { isFloatType } from '../../safetensors/dtype.ts';
import type { QuantConfig } from '../config.ts';
import type { ModuleView, PackedForm, QuantFormat } from '../types.ts';
import { gridOf, groupSize, matricesOf } from './shapes.ts';

/** Most bits that packed integers have. */
const MOST_BITS = 8;

/** Inputs of rows of so many 32-bit words, and their bits: by the groups, else by the config, else where one fits alone. */
function inputsOf(
  words: number,
  groups: number,
  { bits, group }: QuantConfig,
): { columns: number; bits: number } | null {
  const fits = (columns: number, width: number) => Math.ceil((columns * width) / 32) === words;
  const whole = groups === 1 ? null : group;
  if (typeof whole === 'number') {
    const columns = groups * whole;
    const found = [bits ?? 0, 4, 8, 2, 3, 1, 5, 6, 7].find((width) => width > 0 && fits(columns, width));
    return found === undefined ? null : { columns, bits: found };
  }
  if (bits === null || bits > MOST_BITS) return null;
  const columns = Math.floor((32 * words) / bits);
  return columns % groups === 0 ? { columns, bits } : null;
}

const PACKED_PARTS = {
  codes: ['weight_packed'],
  scale: ['weight_scale'],
  zero: ['weight_zero_point'],
  order: ['weight_g_idx'],
  shape: ['weight_shape'],
} as const;

function packedForm(view: ModuleView): PackedForm | null {
  const [codes, scale] = [view.part('weight_packed'), view.part('weight_scale')];
  if (codes?.dtype !== 'I32' || !scale || !isFloatType(scale.dtype)) return null;
  const sizes = matricesOf(codes);
  const grid = sizes && gridOf(scale, sizes[0], sizes[1]);
  if (!sizes || !grid) return null;
  const [matrices, rows, words] = sizes;
  const found = inputsOf(words, grid[1], view.config);
  if (!found) return null;
  const { columns, bits } = found;
  const ordered = view.part('weight_g_idx') !== undefined;
  const group = groupSize(columns, grid[1]);
  const block = ordered || group === null ? null : ([grid[0] === 1 ? rows : 1, group] as const);
  return { bits, matrices, rows, columns, numbers: rows * columns, block };
}

function rowsForm(view: ModuleView): PackedForm | null {
  const [codes, scale] = [view.part('weight'), view.part('weight_scale')];
  if (codes?.dtype !== 'I8' || !scale || !isFloatType(scale.dtype)) return null;
  const sizes = matricesOf(codes);
  const grid = sizes && gridOf(scale, sizes[0], sizes[1]);
  if (!sizes || !grid) return null;
  const [matrices, rows, columns] = sizes;
  const group = groupSize(columns, grid[1]);
  if (group === null || (grid[0] !== 1 && grid[0] !== rows)) return null;
  const block = [grid[0] === 1 ? rows : 1, group] as const;
  return { bits: 8, matrices, rows, columns, numbers: rows * columns, block };
}

/** ModelOpt's INT4: two outputs a byte, the even one in the lower half. */
function modeloptForm(view: ModuleView): PackedForm | null {
  const [codes, scale] = [view.part('weight'), view.part('weight_scale')];
  if (codes?.dtype !== 'U8' || !scale || !isFloatType(scale.dtype)) return null;
  const [sizes, grid] = [matricesOf(codes), matricesOf(scale)];
  if (!sizes || !grid || grid[0] !== sizes[0]) return null;
  const [matrices, pairs, columns] = sizes;
  const group = grid[1] === 2 * pairs ? groupSize(columns, grid[2]) : null;
  if (group === null) return null;
  return { bits: 4, matrices, rows: 2 * pairs, columns, numbers: 2 * pairs * columns, block: [1, group] };
}

const MLX_PARTS = { codes: ['weight'], scale: ['scales'], offset: ['biases'] } as const;

function mlxForm(view: ModuleView): PackedForm | null {
  const [codes, scale, offset] = [view.part('weight'), view.part('scales'), view.part('biases')];
  if (codes?.dtype !== 'U32' || !scale || !isFloatType(scale.dtype)) return null;
  if (offset && offset.shape.join() !== scale.shape.join()) return null;
  const [sizes, grid] = [matricesOf(codes), matricesOf(scale)];
  if (!sizes || !grid || grid[0] !== sizes[0] || grid[1] !== sizes[1]) return null;
  const [matrices, rows, words] = sizes;
  const { group, bits } = view.config;
  const found = inputsOf(
    words,
    grid[2],
    typeof group === 'number' && grid[2] === 1 ? { ...view.config, bits: bits ?? (32 * words) / group } : view.config,
  );
  const across = found && groupSize(found.columns, grid[2]);
  if (!found || across === null) return null;
  const { columns } = found;
  return { bits: found.bits, matrices, rows, columns, numbers: rows * columns, block: [1, across] };
}

export const INT_FORMATS: readonly QuantFormat[] = [
  {
    id: 'int-packed',
    name: 'packed integers',
    by: 'compressed-tensors',
    parts: PACKED_PARTS,
    needs: ['scale', 'shape'],
    form: packedForm,
  },
  {
    id: 'int8-rows',
    name: 'INT8',
    by: 'compressed-tensors',
    parts: { codes: ['weight'], scale: ['weight_scale'], input: ['input_scale'] },
    needs: ['scale'],
    form: rowsForm,
  },
  {
    id: 'int4-modelopt',
    name: 'INT4, two outputs a byte',
    by: 'ModelOpt',
    parts: { codes: ['weight'], scale: ['weight_scale'], transform: ['pre_quant_scale'] },
    needs: ['scale'],
    form: modeloptForm,
  },
  {
    id: 'mlx-affine',
    name: 'affine groups',
    by: 'MLX',
    parts: MLX_PARTS,
    needs: ['scale', 'offset'],
    form: mlxForm,
  },
];

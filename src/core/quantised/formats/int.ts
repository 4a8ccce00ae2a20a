import type { CheckpointTensor } from '../../checkpoint/types.ts';
import { isFloatType } from '../../safetensors/dtype.ts';
import type { QuantConfig } from '../config.ts';
import { fieldAt, numbersOf, wordsOf } from '../numbers.ts';
import type { ModuleView, PackedForm, QuantFormat, StoredMatrix } from '../types.ts';
import { partOf, sizesOf } from './decode-floats.ts';
import { fromIntegers } from './decode-integers.ts';
import { gridOf, groupSize, matricesOf } from './shapes.ts';

const NO_ZERO = () => 0;

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

function decodePacked(stored: StoredMatrix): Float32Array {
  const { form } = stored;
  const [rows, columns] = sizesOf(form);
  const { bits } = form;
  const middle = 2 ** (bits - 1);
  const words = wordsOf(partOf(stored, 'codes'));
  const perRow = words.length / rows;
  const scales = numbersOf(partOf(stored, 'scale'));
  const groups = Math.max(1, scales.length / rows);
  const order = stored.part('order');
  const places = order && numbersOf(order);
  const zeros = stored.part('zero');
  const zeroWords = zeros && wordsOf(zeros);
  return fromIntegers({
    rows,
    columns,
    code: (row, column) => fieldAt(words, row * perRow, 1, column * bits, bits) - middle,
    group: (column) => places?.[column] ?? Math.floor((column * groups) / columns),
    // Zero points are packed along the outputs: a word holds those of several rows, of one group.
    zero: zeroWords ? (row, group) => fieldAt(zeroWords, group, groups, row * bits, bits) - middle : NO_ZERO,
    scale: (row, group) => (scales.length < rows ? scales[0] : scales[row * groups + group]) as number,
  });
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

function decodeRows(stored: StoredMatrix): Float32Array {
  const { form } = stored;
  const [rows, columns] = sizesOf(form);
  const [down, across] = form.block ?? [rows, columns];
  const codes = numbersOf(partOf(stored, 'codes'));
  const scales = numbersOf(partOf(stored, 'scale'));
  const groups = columns / across;
  return fromIntegers({
    rows,
    columns,
    code: (row, column) => codes[row * columns + column] as number,
    group: (column) => Math.floor(column / across),
    zero: NO_ZERO,
    scale: (row, group) => scales[Math.floor(row / down) * groups + group] as number,
  });
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

function decodeModelopt(stored: StoredMatrix): Float32Array {
  const { form } = stored;
  const [rows, columns] = sizesOf(form);
  const across = form.block?.[1] ?? columns;
  const codes = partOf(stored, 'codes').bytes;
  const scales = numbersOf(partOf(stored, 'scale'));
  const groups = columns / across;
  return fromIntegers({
    rows,
    columns,
    // Codes are signed: 8 to 15 are −8 to −1.
    code: (row, column) => ((((codes[(row >> 1) * columns + column] as number) >> (4 * (row & 1))) & 15) ^ 8) - 8,
    group: (column) => Math.floor(column / across),
    zero: NO_ZERO,
    scale: (row, group) => scales[row * groups + group] as number,
  });
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

function decodeMlx(stored: StoredMatrix): Float32Array {
  const { form } = stored;
  const [rows, columns] = sizesOf(form);
  const { bits } = form;
  const words = wordsOf(partOf(stored, 'codes'));
  const perRow = words.length / rows;
  const [scales, offsets] = [numbersOf(partOf(stored, 'scale')), numbersOf(partOf(stored, 'offset'))];
  const groups = scales.length / rows;
  const across = columns / groups;
  const output = new Float32Array(rows * columns);
  for (let at = 0; at < output.length; at += 1) {
    const [row, column] = [Math.floor(at / columns), at % columns];
    const group = row * groups + Math.floor(column / across);
    const product = Math.fround((scales[group] as number) * fieldAt(words, row * perRow, 1, column * bits, bits));
    output[at] = product + (offsets[group] as number);
  }
  return output;
}

/** True where a tensor is the codes of packed integers. */
export const isWords = (tensor: CheckpointTensor | undefined) => tensor?.dtype === 'I32' || tensor?.dtype === 'U32';

export const INT_FORMATS: readonly QuantFormat[] = [
  {
    id: 'int-packed',
    name: 'packed integers',
    by: 'compressed-tensors',
    parts: PACKED_PARTS,
    needs: ['scale', 'shape'],
    form: packedForm,
    decode: decodePacked,
  },
  {
    id: 'int8-rows',
    name: 'INT8',
    by: 'compressed-tensors',
    parts: { codes: ['weight'], scale: ['weight_scale'], input: ['input_scale'] },
    needs: ['scale'],
    form: rowsForm,
    decode: decodeRows,
  },
  {
    id: 'int4-modelopt',
    name: 'INT4, two outputs a byte',
    by: 'ModelOpt',
    parts: { codes: ['weight'], scale: ['weight_scale'], transform: ['pre_quant_scale'] },
    needs: ['scale'],
    form: modeloptForm,
    decode: decodeModelopt,
  },
  {
    id: 'mlx-affine',
    name: 'affine groups',
    by: 'MLX',
    parts: MLX_PARTS,
    needs: ['scale', 'offset'],
    form: mlxForm,
    decode: decodeMlx,
  },
];

import type { QuantConfig } from '../config.ts';
import { fieldAt, numbersOf, wordsOf } from '../numbers.ts';
import type { ModuleView, PackedForm, QuantFormat, StoredMatrix } from '../types.ts';
import { partOf, sizesOf } from './decode-floats.ts';
import { fromIntegers } from './decode-integers.ts';
import { groupSize, matricesOf } from './shapes.ts';

const PARTS = { codes: ['qweight'], zero: ['qzeros'], scale: ['scales'] } as const;

/** Formats of AutoRound and GPTQModel that store a zero as it is; others store it less one. */
const WHOLE_ZEROS = new Set(['gptq_v2', 'gptq_p', 'auto_round', 'auto_round:gptqmodel', 'auto_round:gptq_v2']);

/** What a stored zero lacks: GPTQ's first format stores z − 1. Source: GPTQModel, utils/model.py. */
export function missingFromZero({ format }: QuantConfig): 0 | 1 {
  return WHOLE_ZEROS.has(format ?? '') ? 0 : 1;
}

function isAwq({ method, format }: QuantConfig): boolean {
  return method === 'awq' || format === 'auto_round:auto_awq' || format === 'auto_awq';
}

/** [inputs × bits / 32, outputs] beside scales [groups, outputs]. */
function gptqForm(view: ModuleView): PackedForm | null {
  const [codes, scale, order] = [view.part('qweight'), view.part('scales'), view.part('g_idx')];
  if (codes?.dtype !== 'I32' || !scale || isAwq(view.config)) return null;
  const [sizes, grid] = [matricesOf(codes), matricesOf(scale)];
  if (!sizes || !grid || grid[0] !== sizes[0] || grid[2] !== sizes[2]) return null;
  const [matrices, words, rows] = sizes;
  const groups = grid[1];
  const { bits: said, group } = view.config;
  const inputs = order?.shape.at(-1) ?? (typeof group === 'number' && groups > 1 ? groups * group : null);
  const bits = inputs ? (32 * words) / inputs : said;
  if (bits === null || !Number.isInteger(bits) || bits < 1 || bits > 8) return null;
  const columns = inputs ?? Math.floor((32 * words) / bits);
  const across = groupSize(columns, groups);
  const block = order || across === null ? null : ([1, across] as const);
  return { bits, matrices, rows, columns, numbers: rows * columns, block };
}

function decodeGptq(stored: StoredMatrix): Float32Array {
  const { form, config } = stored;
  const [rows, columns] = sizesOf(form);
  const { bits } = form;
  const words = wordsOf(partOf(stored, 'codes'));
  const zeros = wordsOf(partOf(stored, 'zero'));
  const scales = numbersOf(partOf(stored, 'scale'));
  const groups = scales.length / rows;
  const zeroWords = zeros.length / groups;
  const order = stored.part('order');
  const places = order && numbersOf(order);
  const lacking = missingFromZero(config);
  const mask = 2 ** bits - 1;
  return fromIntegers({
    rows,
    columns,
    code: (row, column) => fieldAt(words, row, rows, column * bits, bits),
    group: (column) => places?.[column] ?? Math.floor((column * groups) / columns),
    zero: (row, group) => {
      const zero = fieldAt(zeros, group * zeroWords, 1, row * bits, bits) + lacking;
      // The highest code and one more: 0 or 2^bits, by the converter. GPTQModel's kernels add without a mask.
      return zero > mask ? mask + 1 : zero;
    },
    scale: (row, group) => scales[group * rows + row] as number,
  });
}

/** The output in word c that each nibble of AWQ's gemm order belongs to, from 8 × c. Source: AutoAWQ, packing_utils.py. */
const AWQ_ORDER = [0, 2, 4, 6, 1, 3, 5, 7] as const;
/** The nibble of each output. */
const NIBBLE_OF = AWQ_ORDER.map((_, output) => AWQ_ORDER.indexOf(output as (typeof AWQ_ORDER)[number]));

/** [inputs, outputs / 8] beside scales [groups, outputs]. */
function awqForm(view: ModuleView): PackedForm | null {
  const [codes, scale] = [view.part('qweight'), view.part('scales')];
  if (codes?.dtype !== 'I32' || !scale) return null;
  const [sizes, grid] = [matricesOf(codes), matricesOf(scale)];
  if (!sizes || !grid || grid[0] !== sizes[0] || grid[2] !== 8 * sizes[2]) return null;
  const [matrices, columns, words] = sizes;
  const across = groupSize(columns, grid[1]);
  const rows = 8 * words;
  return across === null
    ? null
    : { bits: 4, matrices, rows, columns, numbers: rows * columns, block: [1, across] as const };
}

function decodeAwq(stored: StoredMatrix): Float32Array {
  const { form } = stored;
  const [rows, columns] = sizesOf(form);
  const words = wordsOf(partOf(stored, 'codes'));
  const zeros = wordsOf(partOf(stored, 'zero'));
  const scales = numbersOf(partOf(stored, 'scale'));
  const groups = scales.length / rows;
  const perLine = rows / 8;
  const nibble = (of: Uint32Array, line: number, row: number) =>
    ((of[line * perLine + (row >> 3)] as number) >>> (4 * (NIBBLE_OF[row & 7] as number))) & 15;
  return fromIntegers({
    rows,
    columns,
    code: (row, column) => nibble(words, column, row),
    group: (column) => Math.floor((column * groups) / columns),
    zero: (row, group) => nibble(zeros, group, row),
    scale: (row, group) => scales[group * rows + row] as number,
  });
}

export const GPTQ_FORMATS: readonly QuantFormat[] = [
  {
    id: 'gptq',
    name: 'GPTQ',
    by: 'GPTQModel, AutoRound',
    parts: { ...PARTS, order: ['g_idx'] },
    needs: ['zero', 'scale'],
    form: gptqForm,
    decode: decodeGptq,
  },
  {
    id: 'awq',
    name: 'AWQ',
    by: 'AutoAWQ, AutoRound',
    parts: PARTS,
    needs: ['zero', 'scale'],
    form: awqForm,
    decode: decodeAwq,
  },
  {
    id: 'awq-other',
    name: 'AWQ in another order',
    by: 'AutoAWQ (gemv, gemv_fast)',
    parts: PARTS,
    needs: ['zero', 'scale'],
    form: (view) => (view.part('qweight') && isAwq(view.config) ? 'unclear' : null),
    decode: 'The orders of AWQ’s gemv kernels are not decoded here. Load the model with AutoAWQ and save it as gemm.',
  },
];

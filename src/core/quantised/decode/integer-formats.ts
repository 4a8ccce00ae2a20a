import type { QuantConfig } from '../config.ts';
import { fieldAt, numbersOf, wordsOf } from '../numbers.ts';
import type { Decoder, StoredMatrix } from '../types.ts';
import { fromIntegers } from './integers.ts';
import { partOf, sizesOf } from './parts.ts';

const NO_ZERO = () => 0;

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

/** Formats of AutoRound and GPTQModel that store a zero as it is; others store it less one. */
const WHOLE_ZEROS = new Set(['gptq_v2', 'gptq_p', 'auto_round', 'auto_round:gptqmodel', 'auto_round:gptq_v2']);

/** What a stored zero lacks: GPTQ's first format stores z − 1. Source: GPTQModel, utils/model.py. */
function missingFromZero({ format }: QuantConfig): 0 | 1 {
  return WHOLE_ZEROS.has(format ?? '') ? 0 : 1;
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

export const INTEGER_DECODERS = {
  'int-packed': decodePacked,
  'int8-rows': decodeRows,
  'int4-modelopt': decodeModelopt,
  'mlx-affine': decodeMlx,
  gptq: decodeGptq,
  awq: decodeAwq,
  'awq-other':
    'The orders of AWQ’s gemv kernels are not decoded here. Load the model with AutoAWQ and save it as gemm.',
} satisfies Readonly<Record<string, Decoder>>;

import type { FloatType } from '../../safetensors/dtype.ts';
import { FLOAT_FORMS, floatBytes, floatWords, tableOf } from '../float.ts';
import { fill16, fill32, words16, words32 } from '../word-views.ts';

/** `count` numbers from one format to another. */
export interface CastSpec {
  readonly from: FloatType;
  readonly to: FloatType;
  readonly count: number;
}

/**
 * The CPU form of the cast kernel: to nearest, ties to even, over one rounding.
 *
 * NaN stays NaN with its sign: to f32 with its whole payload, to a 16-bit format with the upper bits that both have room
 * for, and quiet. Equal formats are copied bit by bit.
 */
export function castCpu(spec: CastSpec, [input]: readonly Uint8Array[], output: Uint8Array): void {
  const { from, to, count } = spec;
  if (!input) return;
  if (from === to) output.set(input.subarray(0, output.byteLength));
  else if (floatBytes(from) === 4) narrow(words32(input), FLOAT_FORMS[to].fromF32, count, output);
  else if (floatBytes(to) === 2) recode(words16(input), tableBetween(from, to), count, output);
  else fill32(output, (words) => FLOAT_FORMS[from].load(floatWords(from, input), 0, count, words));
}

function narrow(input: Uint32Array, convert: (bits: number) => number, count: number, output: Uint8Array): void {
  fill16(output, (words) => {
    for (let i = 0; i < count; i++) words[i] = convert(input[i] as number);
  });
}

function recode(input: Uint16Array, table: Uint32Array, count: number, output: Uint8Array): void {
  fill16(output, (words) => {
    for (let i = 0; i < count; i++) words[i] = table[input[i] as number] as number;
  });
}

/** One 16-bit format to another: exactly to f32, then one rounding. */
function tableBetween(from: FloatType, to: FloatType): Uint32Array {
  return tableOf(`${from} ${to}`, (code) => FLOAT_FORMS[to].fromF32(FLOAT_FORMS[from].toF32(code)));
}

import { bf16FromF32, type FloatType, f16FromF32, f16Table, f32FromF16, tableOf } from '../float.ts';
import { fill16, fill32, words16, words32 } from '../words.ts';

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
  else if (from === 'F32') narrow(words32(input), to === 'BF16' ? bf16FromF32 : f16FromF32, count, output);
  else if (to !== 'F32') recode(words16(input), sixteenTable(from), count, output);
  else if (from === 'BF16') fill32(output, (words) => widenBf16(words16(input), words, count));
  else fill32(output, (words) => look(words16(input), f16Table(), words, count));
}

function narrow(input: Uint32Array, convert: (bits: number) => number, count: number, output: Uint8Array): void {
  fill16(output, (words) => {
    for (let i = 0; i < count; i++) words[i] = convert(input[i] as number);
  });
}

function recode(input: Uint16Array, table: Uint32Array, count: number, output: Uint8Array): void {
  fill16(output, (words) => look(input, table, words, count));
}

function look(input: Uint16Array, table: Uint32Array, output: Uint16Array | Uint32Array, count: number): void {
  for (let i = 0; i < count; i++) output[i] = table[input[i] as number] as number;
}

function widenBf16(input: Uint16Array, output: Uint32Array, count: number): void {
  for (let i = 0; i < count; i++) output[i] = (input[i] as number) << 16;
}

/** One 16-bit format to the other: exactly to f32, then one rounding. */
function sixteenTable(from: FloatType): Uint32Array {
  return from === 'BF16'
    ? tableOf('BF16 F16', (code) => f16FromF32(code << 16))
    : tableOf('F16 BF16', (code) => bf16FromF32(f32FromF16(code)));
}

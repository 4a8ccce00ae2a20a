import { type Fp8, rowOfFp8 } from '../../safetensors/dtype.ts';
import { codeNumbers } from '../../safetensors/dtype-codes.ts';
import { bf16FromF32 } from '../float.ts';
import { fill16, words32 } from '../word-views.ts';

/**
 * FP8 codes with one f32 scale a block: inputs are the codes of `batch` matrices of `rows` × `columns`, and their scales,
 * `batch` grids of ⌈rows / blockRows⌉ × ⌈columns / blockColumns⌉. Blocks at the edges are cut off.
 */
export interface Fp8Spec {
  readonly format: Fp8;
  readonly batch: number;
  readonly rows: number;
  readonly columns: number;
  readonly blockRows: number;
  readonly blockColumns: number;
}

/** MXFP4: inputs are 16 bytes a group, two codes each, the lower half first, and one e8m0 byte a group. */
export interface Mxfp4Spec {
  readonly format: 'mxfp4';
  readonly groups: number;
}

export type DequantiseSpec = Fp8Spec | Mxfp4Spec;

/** Codes that share one scale in MXFP4. */
export const MX_GROUP = 32;
/** What every NaN becomes. */
export const NAN_BF16 = 0x7fc0;

/**
 * The CPU form of the dequantise kernel: code × scale in f32 to nearest even, then to bf16 to nearest even.
 *
 * That is what DeepSeek's and transformers' own dequantisation computes. A product that is no number is 0x7fc0, whatever
 * its operands' payloads; e8m0's 255 is NaN (OCP MX 1.0).
 */
export function dequantiseCpu(spec: DequantiseSpec, inputs: readonly Uint8Array[], output: Uint8Array): void {
  const [codes, scales] = inputs;
  if (!codes || !scales) return;
  if (spec.format === 'mxfp4') fill16(output, (words) => fromMxfp4(spec.groups, codes, scales, words));
  else fill16(output, (words) => fromFp8(spec, codes, words32(scales), words));
}

function fromFp8(spec: Fp8Spec, codes: Uint8Array, scales: Uint32Array, output: Uint16Array): void {
  const { batch, rows, columns, blockRows, blockColumns } = spec;
  const values = codeNumbers(rowOfFp8(spec.format));
  const table = new Uint16Array(256);
  const down = Math.ceil(rows / blockRows);
  const across = Math.ceil(columns / blockColumns);
  for (let block = 0; block < batch * down * across; block++) {
    scaleTable(values, scales[block] ?? 0, table);
    const column = (block % across) * blockColumns;
    const row = (Math.floor(block / across) % down) * blockRows;
    const start = Math.floor(block / across / down) * rows;
    const end = Math.min(column + blockColumns, columns);
    for (let r = row; r < Math.min(row + blockRows, rows); r++) {
      const from = (start + r) * columns;
      for (let c = from + column; c < from + end; c++) output[c] = table[codes[c] as number] as number;
    }
  }
}

const f32 = new Float32Array(1);
const bits = new Uint32Array(f32.buffer);

/** What each code becomes under one scale, as bf16. */
function scaleTable(values: Float64Array, scale: number, table: Uint16Array): void {
  bits[0] = scale;
  const factor = f32[0] as number;
  for (let code = 0; code < 256; code++) {
    const product = (values[code] as number) * factor;
    f32[0] = product;
    table[code] = Number.isNaN(product) ? NAN_BF16 : bf16FromF32(bits[0] as number);
  }
}

/** bf16 bits of every e8m0 scale and code: scale × 16 + code. Each product is exact, or past the largest bf16. */
const mxTable = new Uint16Array(4096);

function fillMxTable(): void {
  const sizes = [0, 0.5, 1, 1.5, 2, 3, 4, 6];
  for (let scale = 0; scale < 256; scale++) {
    for (let code = 0; code < 16; code++) {
      f32[0] = (sizes[code & 7] as number) * 2 ** (scale - 127) * (code & 8 ? -1 : 1);
      mxTable[scale * 16 + code] = scale === 255 ? NAN_BF16 : bf16FromF32(bits[0] as number);
    }
  }
}

function fromMxfp4(groups: number, codes: Uint8Array, scales: Uint8Array, output: Uint16Array): void {
  if (mxTable[4095] === 0) fillMxTable();
  for (let group = 0; group < groups; group++) {
    const base = (scales[group] as number) * 16;
    for (let byte = group * (MX_GROUP / 2); byte < (group + 1) * (MX_GROUP / 2); byte++) {
      const pair = codes[byte] as number;
      output[2 * byte] = mxTable[base + (pair & 15)] as number;
      output[2 * byte + 1] = mxTable[base + (pair >> 4)] as number;
    }
  }
}

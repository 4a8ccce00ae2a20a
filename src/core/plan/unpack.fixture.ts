import { encode } from '../kernels/plain.fixture.ts';
import type { DType } from '../safetensors/dtype.ts';
import { filesOf, patternBytes, safetensorsBytes } from '../testing.fixture.ts';

/** An FP8 code's number, by the OCP definition. */
export function fp8(format: 'e4m3' | 'e5m2', code: number): number {
  const [fraction, bias] = format === 'e4m3' ? [3, 7] : [2, 15];
  const [sign, size] = [code > 127 ? -1 : 1, code % 128];
  const [exponent, rest] = [Math.floor(size / 2 ** fraction), size % 2 ** fraction];
  if (format === 'e4m3' ? size === 127 : exponent === 31) return rest === 0 ? sign / 0 : Number.NaN;
  return sign * (exponent === 0 ? rest : rest + 2 ** fraction) * 2 ** (Math.max(1, exponent) - bias - fraction);
}

const FP4 = [0, 0.5, 1, 1.5, 2, 3, 4, 6, -0, -0.5, -1, -1.5, -2, -3, -4, -6];

/** bf16 bytes of numbers that were rounded to f32 first; every NaN is 0x7fc0. */
function bf16Bytes(values: readonly number[]): Uint8Array {
  const words = values.map((value) => (Number.isNaN(value) ? 0x7fc0 : encode('BF16', Math.fround(value))));
  return new Uint8Array(Uint16Array.from(words).buffer);
}

export interface Made {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

interface Fp8Options {
  readonly format: 'e4m3' | 'e5m2';
  readonly rows: number;
  readonly columns: number;
  readonly grid: readonly [down: number, across: number];
  readonly block: readonly [rows: number, columns: number];
  /** `one`: a single value, of rank 0. */
  readonly scaleShape?: readonly number[];
}

/** A quantised matrix with its scales, and the plain matrix that it represents. */
export function fp8Matrix(name: string, options: Fp8Options): { packed: Made[]; plain: Made } {
  const { format, rows, columns, grid, block, scaleShape = grid } = options;
  const codes = patternBytes(name, rows * columns);
  const scales = Float32Array.from(patternBytes(`${name} scales`, grid[0] * grid[1]), (byte) => (byte + 1) / 97);
  const values = Array.from(codes, (code, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns];
    const scale = scales[Math.floor(row / block[0]) * grid[1] + Math.floor(column / block[1])] ?? Number.NaN;
    return fp8(format, code) * scale;
  });
  const dtype = format === 'e4m3' ? 'F8_E4M3' : 'F8_E5M2';
  return {
    packed: [
      { name, dtype, shape: [rows, columns], bytes: codes },
      { name: `${name}_scale_inv`, dtype: 'F32', shape: scaleShape, bytes: new Uint8Array(scales.buffer) },
    ],
    plain: { name, dtype: 'BF16', shape: [rows, columns], bytes: bf16Bytes(values) },
  };
}

export const CONFIG = {
  model_type: 'qwen3_moe',
  num_experts: 3,
  num_hidden_layers: 1,
  torch_dtype: 'bfloat16',
};
export const QUANTISED = { quantization_config: { quant_method: 'fp8', weight_block_size: [128, 128] } };

const up = (size: number, by: number) => Math.ceil(size / by);

/** A layer of three FP8 experts, attention quantised too, and the same checkpoint as it was never quantised. */
export function fp8Checkpoints(...sizes: Parameters<typeof fp8Entries>) {
  const { packed, plain } = fp8Entries(...sizes);
  return { packed: filesOf(packed), plain: filesOf(plain) };
}

/** The same as names and contents. */
export function fp8Entries(intermediate: number, hidden: number, format: 'e4m3' | 'e5m2', block: number) {
  const matrices = ['gate', 'up', 'down'].flatMap((projection) =>
    [0, 1, 2].map((expert) => {
      const [rows, columns] = projection === 'down' ? [hidden, intermediate] : [intermediate, hidden];
      const grid = [up(rows, block), up(columns, block)] as const;
      const name = `model.layers.0.mlp.experts.${expert}.${projection}_proj.weight`;
      return fp8Matrix(name, { format, rows, columns, grid, block: [block, block] });
    }),
  );
  const attention = fp8Matrix('model.layers.0.self_attn.q_proj.weight', {
    format,
    rows: 40,
    columns: hidden,
    grid: [1, up(hidden, block)],
    block: [40, block],
  });
  const rest = { name: 'model.norm.weight', dtype: 'BF16' as const, shape: [hidden] };
  const all = [attention, ...matrices];
  const config = { ...CONFIG, hidden_size: hidden, moe_intermediate_size: intermediate };
  const sizes = { quant_method: 'fp8', weight_block_size: [block, block] };
  return {
    packed: {
      'model.safetensors': safetensorsBytes([rest, ...all.flatMap(({ packed }) => packed)]),
      'config.json': JSON.stringify({ ...config, quantization_config: sizes }, null, 2),
    },
    plain: {
      'model.safetensors': safetensorsBytes([rest, ...all.map(({ plain }) => plain)]),
      'config.json': JSON.stringify(config, null, 2),
    },
  };
}

/** A gpt-oss layer in MXFP4, and in bf16 as the architecture's own bf16 files are: inputs as rows. */
export function gptOss(experts = 2, intermediate = 32, hidden = 96) {
  const stacked = (stem: string, rows: number, columns: number) => {
    const name = `model.layers.0.mlp.experts.${stem}`;
    const groups = columns / 32;
    const codes = patternBytes(name, (experts * rows * columns) / 2);
    const scales = patternBytes(`${name} s`, experts * rows * groups).map((byte) => 100 + (byte % 40));
    const value = (expert: number, row: number, column: number) => {
      const at = (expert * rows + row) * columns + column;
      const byte = codes[at >> 1] ?? 0;
      const scale = scales[Math.floor(at / 32)] ?? 0;
      return (FP4[at % 2 === 0 ? byte & 15 : byte >> 4] ?? 0) * 2 ** (scale - 127);
    };
    const turned = Array.from({ length: experts * rows * columns }, (_, i) => {
      const [expert, rest] = [Math.floor(i / rows / columns), i % (rows * columns)];
      return value(expert, rest % rows, Math.floor(rest / rows));
    });
    const bias = { name: `${name}_bias`, dtype: 'BF16' as const, shape: [experts, rows] };
    return {
      packed: [
        { name: `${name}_blocks`, dtype: 'U8' as const, shape: [experts, rows, groups, 16], bytes: codes },
        { name: `${name}_scales`, dtype: 'U8' as const, shape: [experts, rows, groups], bytes: scales },
        bias,
      ],
      plain: [{ name, dtype: 'BF16' as const, shape: [experts, columns, rows], bytes: bf16Bytes(turned) }, bias],
    };
  };
  const both = [stacked('gate_up_proj', 2 * intermediate, hidden), stacked('down_proj', hidden, intermediate)];
  const config = {
    model_type: 'gpt_oss',
    num_local_experts: experts,
    num_hidden_layers: 1,
    hidden_size: hidden,
    intermediate_size: intermediate,
  };
  const files = (tensors: Parameters<typeof safetensorsBytes>[0], more: object) =>
    filesOf({
      'model.safetensors': safetensorsBytes(tensors),
      'config.json': JSON.stringify({ ...config, ...more }, null, 2),
    });
  return {
    packed: files(
      both.flatMap(({ packed }) => packed),
      { quantization_config: { quant_method: 'mxfp4' } },
    ),
    plain: files(
      both.flatMap(({ plain }) => plain),
      { torch_dtype: 'bfloat16' },
    ),
  };
}

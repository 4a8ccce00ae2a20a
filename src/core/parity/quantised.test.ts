import { describe, expect, it } from 'vitest';
import { openCheckpoint } from '../checkpoint/open.ts';
import { dequantiseCpu } from '../kernels/dequantise/cpu.ts';
import type { DType } from '../safetensors/dtype.ts';
import { allTensors, filesOf, openFixture, patternBytes, safetensorsBytes } from '../testing.fixture.ts';
import { compareBlock } from './parity.ts';
import { openRuntime } from './runtime.ts';
import type { ParitySource } from './types.ts';

const runtime = await openRuntime();

interface Made {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

async function sourceOf(tensors: readonly Made[], config: object, name: string): Promise<ParitySource> {
  const files = filesOf(
    { 'model.safetensors': safetensorsBytes(tensors), 'config.json': JSON.stringify(config) },
    name,
  );
  return { files, checkpoint: await openCheckpoint(files) };
}

/** FP8 in blocks of 16 × 16 with f32 scales, as DeepSeek V3 stores it, and the bf16 numbers that it represents. */
function fp8(name: string, rows: number, columns: number): { packed: Made[]; plain: Made } {
  const grid = [Math.ceil(rows / 16), Math.ceil(columns / 16)] as const;
  const codes = patternBytes(name, rows * columns).map((code) => ((code & 0x7f) === 0x7f ? code & 0xf0 : code));
  const factors = Float32Array.from(patternBytes(`${name} s`, grid[0] * grid[1]), (byte) => (byte + 1) / 2 ** 16);
  const scales = new Uint8Array(factors.buffer);
  const bytes = new Uint8Array(2 * rows * columns);
  const block = { batch: 1, rows, columns, blockRows: 16, blockColumns: 16 };
  dequantiseCpu({ format: 'e4m3', ...block }, [codes, scales], bytes);
  return {
    packed: [
      { name, dtype: 'F8_E4M3', shape: [rows, columns], bytes: codes },
      { name: `${name}_scale_inv`, dtype: 'F32', shape: grid, bytes: scales },
    ],
    plain: { name, dtype: 'BF16', shape: [rows, columns], bytes },
  };
}

/** MXFP4 as gpt-oss stores it: blocks and scales of matrices with rows as outputs. */
function mxfp4(name: string, experts: number, rows: number, columns: number): Made[] {
  const groups = columns / 32;
  const scales = patternBytes(`${name} s`, experts * rows * groups).map((byte) => 118 + (byte % 6));
  return [
    {
      name: `${name}_blocks`,
      dtype: 'U8',
      shape: [experts, rows, groups, 16],
      bytes: patternBytes(name, experts * rows * groups * 16),
    },
    { name: `${name}_scales`, dtype: 'U8', shape: [experts, rows, groups], bytes: scales },
  ];
}

async function fixtureTensors(architecture: string): Promise<{ tensors: Made[]; config: object }> {
  const { files, checkpoint } = await openFixture(architecture);
  const tensors = [...(await allTensors(files))].map(([name, { dtype, shape, bytes }]) => ({
    name,
    dtype: dtype as DType,
    shape,
    bytes,
  }));
  return { tensors, config: checkpoint.config ?? {} };
}

describe('quantised experts', () => {
  it('in FP8 compute as the numbers that they represent, shared experts too', async () => {
    const { tensors, config } = await fixtureTensors('deepseek_v3');
    const quantised = /layers\.1\.mlp\.(experts\.\d+|shared_experts)\.\w+_proj\.weight$/;
    const made = tensors.map((tensor) =>
      quantised.test(tensor.name) ? fp8(tensor.name, ...(tensor.shape as [number, number])) : null,
    );
    const packed = tensors.flatMap((tensor, at) => made[at]?.packed ?? [tensor]);
    const plain = tensors.map((tensor, at) => made[at]?.plain ?? tensor);
    const quantisation = { quantization_config: { quant_method: 'fp8', weight_block_size: [16, 16] } };
    const source = await sourceOf(packed, { ...config, ...quantisation }, 'packed');
    const other = await sourceOf(plain, config, 'plain');
    const report = await compareBlock(source, { layer: 1, input: { tokens: 16, seed: 2 }, runtime, ep: 4, other });
    expect(report.missing).toEqual([]);
    expect(report.verdict).toBe('same');
    for (const { maxRelative } of report.pairs) expect(maxRelative).toBeLessThan(1e-5);
    expect(report.notes.join(' ')).toContain('FP8 e4m3 is decoded and rounded to bf16');
    expect(report.bytesRead).toBeGreaterThan(0);
  });

  it('in MXFP4 compute in every form', async () => {
    const { tensors, config } = await fixtureTensors('gpt_oss');
    const rest = tensors.filter(({ name }) => !/layers\.0\.mlp\.experts\.\w+_proj$/.test(name));
    const stem = 'model.layers.0.mlp.experts';
    const packed = [...rest, ...mxfp4(`${stem}.gate_up_proj`, 8, 128, 64), ...mxfp4(`${stem}.down_proj`, 8, 64, 64)];
    const source = await sourceOf(packed, { ...config, quantization_config: { quant_method: 'mxfp4' } }, 'packed');
    const report = await compareBlock(source, { layer: 0, input: { tokens: 16, seed: 2 }, runtime, ep: 2 });
    expect(report.runs.map(({ id }) => id)).toEqual(['perExpert', 'stacked', 'gateUp', 'expertParallel']);
    for (const { maxRelative } of report.pairs) expect(maxRelative).toBeLessThan(1e-5);
    expect(report.notes.join(' ')).toContain('MXFP4');
    expect(report.operator.maxRelative).toBeLessThan(1e-5);
  });

  it('in a format that is not unpacked are named', async () => {
    const { tensors, config } = await fixtureTensors('qwen3_moe');
    const odd = tensors.map((tensor) =>
      tensor.name.includes('layers.0.mlp.experts') ? { ...tensor, dtype: 'I16' as const } : tensor,
    );
    const source = await sourceOf(odd, config, 'odd');
    await expect(compareBlock(source, { layer: 0, input: { tokens: 4, seed: 1 }, runtime })).rejects.toMatchObject({
      tag: 'block-unknown',
      message: expect.stringContaining('I16'),
    });
  });
});

import { describe, expect, it } from 'vitest';
import { openCheckpoint } from '../checkpoint/open.ts';
import { readCompanionValues } from '../checkpoint/read-companion-values.ts';
import type { DType } from '../safetensors/dtype.ts';
import type { FileSet } from '../source/types.ts';
import { allTensors, countingFiles, filesOf, patternBytes, safetensorsBytes, sameTensor } from '../testing.fixture.ts';
import { verifyCheckpoints } from '../verify/verify.ts';
import { planConversion } from './conversion.ts';
import { spansOf } from './parts.ts';
import {
  convertFiles,
  EXPERTS,
  FORMATS,
  type Format,
  quantisedFiles,
  type Sizes,
  shapeBytes,
} from './quantised.fixture.ts';
import type { ConversionPlan, Target } from './types.ts';

const P = 'model.layers.0.mlp.experts';

async function equal(original: FileSet, converted: FileSet): Promise<boolean> {
  const [left, right] = await Promise.all([openCheckpoint(original), openCheckpoint(converted)]);
  const result = await verifyCheckpoints(
    { files: original, checkpoint: left },
    { files: converted, checkpoint: right },
  );
  expect(result.differences).toEqual([]);
  return result.equal;
}

async function differing(a: FileSet, b: FileSet): Promise<string[]> {
  const [before, after] = await Promise.all([allTensors(a), allTensors(b)]);
  const names = new Set([...before.keys(), ...after.keys()]);
  return [...names].filter((name) => !sameTensor(before.get(name), after.get(name)));
}

async function thereAndBack(files: FileSet, route: readonly Target[]) {
  let at = files;
  const plans: ConversionPlan[] = [];
  for (const target of [...route, 'per-expert' as const]) {
    const made = await convertFiles(at, target);
    expect(made.refusal, target).toBeNull();
    expect(await equal(files, made.files), target).toBe(true);
    expect(await equal(made.files, files), target).toBe(true);
    plans.push(made.plan);
    at = made.files;
  }
  expect(await differing(files, at)).toEqual([]);
  return plans;
}

const CARRIED = (Object.keys(FORMATS) as Format[]).filter((format) => format !== 'bitsandbytes');

describe.each(CARRIED)('%s', (format) => {
  it.each<[Target[]]>([[['stacked']], [['gate-up']], [['stacked', 'gate-up', 'stacked']]])(
    'goes to %j and back, byte for byte',
    async (route) => {
      await thereAndBack(quantisedFiles(format), route);
    },
  );

  it('leaves no byte of the source unread that is not known to be another’s', async () => {
    const files = quantisedFiles(format);
    const { plan } = await convertFiles(files, 'gate-up');
    const checkpoint = await openCheckpoint(files);
    const used = plan.shards.flatMap((shard) => shard.tensors.flatMap((tensor) => tensor.parts.flatMap(spansOf)));
    const unread = [...checkpoint.tensors.values()].filter(
      ({ file, start, end }) => !used.some((span) => span.file === file && span.start <= start && end <= span.end),
    );
    const notes = plan.notes.join(' ');
    expect(unread.filter(({ name }) => !notes.includes(name.slice(name.lastIndexOf('.') + 1)))).toEqual([]);
    expect(unread.filter(({ name }) => name.includes('down_proj'))).toEqual([]);
  });
});

describe('what is written for gate and up together', () => {
  it('GPTQ and AWQ: side by side on the last dim', async () => {
    const files = quantisedFiles('gptq');
    const [before, after] = [await allTensors(files), await allTensors((await convertFiles(files, 'gate-up')).files)];
    const fused = after.get(`${P}.gate_up_proj_qweight`);
    expect(fused?.shape).toEqual([EXPERTS, 8, 256]);
    expect(after.get(`${P}.gate_up_proj_qzeros`)?.shape).toEqual([EXPERTS, 2, 32]);
    expect(after.get(`${P}.gate_up_proj_g_idx`)?.shape).toEqual([EXPERTS, 64]);
    const [expert, row] = [1, 3];
    for (const [at, projection] of ['gate', 'up'].entries()) {
      const own = before.get(`${P}.${expert}.${projection}_proj.qweight`)?.bytes.subarray(row * 512, (row + 1) * 512);
      const start = (expert * 8 + row) * 1024 + at * 512;
      expect(Buffer.compare(fused?.bytes.subarray(start, start + 512) ?? Buffer.of(), own ?? Buffer.of())).toBe(0);
    }
  });

  it('int4: a shape of its own, worked out', async () => {
    const { files, plan } = await convertFiles(quantisedFiles('int4'), 'gate-up');
    const shapes = (await allTensors(files)).get(`${P}.gate_up_proj_weight_shape`);
    expect(shapes?.shape).toEqual([EXPERTS, 2]);
    expect([...new BigInt64Array(new Uint8Array(shapes?.bytes ?? []).buffer)]).toEqual([
      256n,
      64n,
      256n,
      64n,
      256n,
      64n,
    ]);
    expect(plan.notes).toEqual([
      expect.stringMatching(/^No known program reads quantised experts \(weight_packed/),
      expect.stringContaining('weight_shape:'),
    ]);
  });

  it('int4: a wrong shape in the result is found', async () => {
    const files = quantisedFiles('int4');
    const made = (await convertFiles(files, 'gate-up')).files;
    const wrong = patternBytes('wrong', 16 * EXPERTS);
    const spoilt = await withBytes(made, 'gate_up_proj_weight_shape', wrong);
    const [left, right] = [await openCheckpoint(files), await openCheckpoint(spoilt)];
    const result = await verifyCheckpoints({ files, checkpoint: left }, { files: spoilt, checkpoint: right });
    expect(result.differences).toHaveLength(2 * EXPERTS);
    expect(result.differences[0]?.tensor).toBe(`${P}.0.gate_proj.weight_shape`);
  });

  it('NVFP4: one scale for both', async () => {
    const { files, plan } = await convertFiles(quantisedFiles('nvfp4'), 'gate-up');
    const tensors = await allTensors(files);
    expect(tensors.get(`${P}.gate_up_proj_weight_scale_2`)?.shape).toEqual([EXPERTS]);
    expect(tensors.get(`${P}.gate_up_proj_weight_scale`)?.shape).toEqual([EXPERTS, 256, 4]);
    expect(plan.notes.join()).toMatch(/input_scale, weight_scale_2.*equal in every expert/);
  });
});

describe('what cannot go along is refused by name', () => {
  const differ = (wanted: string, bytes?: Uint8Array) => (part: string, projection: string, expert: number) =>
    part === wanted && projection === 'up' && expert >= 1 ? (bytes ?? patternBytes('other', 4)) : undefined;

  it.each<[string, Format, string, Uint8Array | undefined]>([
    ['NVFP4 scales', 'nvfp4', 'weight_scale_2', undefined],
    ['NVFP4 input scales', 'nvfp4', 'input_scale', undefined],
    ['compressed-tensors’ NVFP4 scales', 'nvfp4-compressed', 'weight_global_scale', undefined],
    ['FP8 scales of whole tensors', 'fp8-tensor', 'weight_scale', undefined],
    ['act-order indices', 'gptq', 'g_idx', patternBytes('other', 256)],
    ['shapes', 'int4', 'weight_shape', shapeBytes(64, 128)],
  ])('unequal %s', async (_, format, part, bytes) => {
    const files = quantisedFiles(format, differ(part, bytes));
    const { refusal } = await convertFiles(files, 'gate-up');
    expect(refusal).toBe(
      `model.layers.0.mlp: gate_proj's ${part}: expert 1 has another value for up_proj, and in one tensor there would be one for both.`,
    );
    await thereAndBack(files, ['stacked']);
    const stacked = await convertFiles(files, 'stacked');
    expect((await convertFiles(stacked.files, 'gate-up')).refusal).toBe(refusal);
  });

  it.each<[string, Format, Sizes, RegExp]>([
    ['FP8 blocks over gate and up', 'fp8', { intermediate: 192 }, /weight_scale_inv: its blocks do not divide.* 192/],
    ['a lone FP8 block that is not full', 'fp8', { intermediate: 64 }, /weight_scale_inv: its blocks do not divide/],
    ['bitsandbytes', 'bitsandbytes', {}, /gate_proj's weight: only the program that packed it/],
  ])('%s', async (_, format, sizes, message) => {
    const files = quantisedFiles(format, undefined, sizes);
    expect((await convertFiles(files, 'gate-up')).refusal).toMatch(message);
    if (format === 'bitsandbytes') expect((await convertFiles(files, 'stacked')).refusal).toMatch(message);
    else await thereAndBack(files, ['stacked']);
  });

  it('AWQ words that hold outputs of gate and up', async () => {
    const whole = quantisedFiles('awq', undefined, { intermediate: 160 });
    expect((await convertFiles(whole, 'gate-up')).refusal).toBeNull();
    const files = filesOf(awqOfTwelve());
    expect((await convertFiles(files, 'gate-up')).refusal).toMatch(/its words do not divide the intermediate size 12/);
  });

  it('a shape that gate and up together cannot have', async () => {
    const made = (await convertFiles(quantisedFiles('int4'), 'gate-up')).files;
    const bytes = new Uint8Array([...shapeBytes(256, 64), ...shapeBytes(256, 64), ...shapeBytes(257, 64)]);
    const { refusal } = await convertFiles(await withBytes(made, 'gate_up_proj_weight_shape', bytes), 'per-expert');
    expect(refusal).toBe(
      "model.layers.0.mlp: gate_proj's weight_shape: expert 2's value is no shape that gate and up could share.",
    );
  });

  it('scales of gate and up that stand beside each other', async () => {
    const made = (await convertFiles(quantisedFiles('nvfp4'), 'gate-up')).files;
    const bytes = patternBytes('pairs', 8 * EXPERTS);
    const files = await withBytes(made, 'gate_up_proj_weight_scale_2', bytes, [EXPERTS, 2]);
    expect((await convertFiles(files, 'per-expert')).refusal).toMatch(
      /gate_proj's weight_scale_2: it mixes gate and up/,
    );
  });
});

/** The same checkpoint in one file with other bytes in the tensor whose name ends so. */
async function withBytes(files: FileSet, end: string, bytes: Uint8Array, shape?: readonly number[]): Promise<FileSet> {
  const tensors = [...(await allTensors(files))].map(([name, tensor]) => {
    const whole = { ...tensor, name, dtype: tensor.dtype as DType };
    return name.endsWith(end) ? { ...whole, bytes, shape: shape ?? tensor.shape } : whole;
  });
  const source = await files.open('config.json');
  const config = await source.read({ start: 0, end: source.byteLength });
  return filesOf({ 'model.safetensors': safetensorsBytes(tensors), 'config.json': config });
}

it('MXFP4 of gpt-oss stays as it is, which is what transformers takes', async () => {
  const base = 'model.layers.0.mlp.experts.';
  const tensor = (name: string, shape: readonly number[], dtype: DType = 'U8') => ({ name: base + name, dtype, shape });
  const tensors = [
    tensor('gate_up_proj_blocks', [2, 128, 3, 16]),
    tensor('gate_up_proj_scales', [2, 128, 3]),
    tensor('gate_up_proj_bias', [2, 128], 'BF16'),
    tensor('down_proj_blocks', [2, 96, 2, 16]),
    tensor('down_proj_scales', [2, 96, 2]),
    tensor('down_proj_bias', [2, 96], 'BF16'),
  ];
  const config = { model_type: 'gpt_oss', hidden_size: 96, intermediate_size: 64, num_local_experts: 2 };
  const files = filesOf({ 'model.safetensors': safetensorsBytes(tensors), 'config.json': JSON.stringify(config) });
  const made = await convertFiles(files, 'gate-up');
  expect(made.refusal).toBeNull();
  expect(await differing(files, made.files)).toEqual([]);
  expect(await equal(files, made.files)).toBe(true);
  expect((await convertFiles(files, 'per-expert')).refusal).toMatch(/no loader reads MXFP4 blocks/);
});

/** Rows of 12 outputs in words of eight: the second word is half empty. */
function awqOfTwelve(): Record<string, string | Uint8Array> {
  const tensors = [0, 1].flatMap((expert) =>
    ['gate', 'up', 'down'].flatMap((projection) => {
      const [out, input] = projection === 'down' ? [64, 12] : [12, 64];
      const name = `${P}.${expert}.${projection}_proj`;
      return [
        { name: `${name}.qweight`, dtype: 'I32' as const, shape: [input, Math.ceil(out / 8)] },
        { name: `${name}.qzeros`, dtype: 'I32' as const, shape: [2, Math.ceil(out / 8)] },
        { name: `${name}.scales`, dtype: 'F16' as const, shape: [2, out] },
      ];
    }),
  );
  const config = { model_type: 'qwen3_moe', num_experts: 2, num_hidden_layers: 1 };
  return { 'model.safetensors': safetensorsBytes(tensors), 'config.json': JSON.stringify(config) };
}

describe('values that decide a plan', () => {
  it('are named by the plan that lacks them, and nothing else is read', async () => {
    const counted = countingFiles(quantisedFiles('nvfp4', undefined, { shards: 1 }));
    const checkpoint = await openCheckpoint(counted.files);
    counted.reads.length = 0;
    const plan = planConversion(checkpoint, 'gate-up');
    expect(plan.refusals).toMatchObject([{ tag: 'companion-unsupported', group: 'model.layers.0.mlp' }]);
    expect(plan.refusals[0]?.message).toMatch(/input_scale, weight_scale_2.*were not read/);
    const needed = plan.refusals.flatMap((refusal) => refusal.needs ?? []);
    expect(needed).toHaveLength(2 * 2 * EXPERTS);
    expect(counted.reads).toEqual([]);
    const values = await readCompanionValues(checkpoint, needed, counted.files);
    expect(counted.reads).toHaveLength(1);
    expect(values).toMatchObject({ reads: 1, bytes: expect.any(Number) });
    const again = planConversion(checkpoint, 'gate-up', { values: structuredClone(values) });
    expect(again.refusals).toEqual([]);
  });

  it('are not asked for where something else stands in the way, nor when nothing is joined', async () => {
    const checkpoint = await openCheckpoint(quantisedFiles('nvfp4'));
    expect(planConversion(checkpoint, 'stacked').refusals).toEqual([]);
    const defective = planConversion(checkpoint, 'gate-up', { layers: [0, 9] });
    expect(defective.refusals.filter((refusal) => refusal.needs)).toEqual([]);
  });

  it('are not read past a limit', async () => {
    const files = quantisedFiles('gptq');
    const checkpoint = await openCheckpoint(files);
    const needed = planConversion(checkpoint, 'gate-up').refusals.flatMap((refusal) => refusal.needs ?? []);
    await expect(readCompanionValues(checkpoint, needed, files, { maxBytes: 1535 })).rejects.toMatchObject({
      tag: 'not-convertible',
    });
    await expect(readCompanionValues(checkpoint, needed, files, { maxBytes: 1536 })).resolves.toBeDefined();
    const stopped = readCompanionValues(checkpoint, needed, files, { signal: AbortSignal.abort() });
    await expect(stopped).rejects.toMatchObject({ tag: 'cancelled' });
  });
});

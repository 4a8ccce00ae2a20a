import { describe, expect, it, vi } from 'vitest';
import { openCheckpoint } from './checkpoint/open.ts';
import type { Architecture } from './layouts/architecture.ts';
import { architectureOf } from './layouts/architecture-rules.ts';
import { detectLayout } from './layouts/detect.ts';
import type { DialectRow } from './layouts/dialect-rows.ts';
import { inspectCheckpoint } from './layouts/inspect.ts';
import { tensorPlace } from './layouts/tensor-place.ts';
import { compareBlock } from './parity/parity.ts';
import { openRuntime } from './parity/runtime.ts';
import { convertFiles } from './plan/quantised.fixture.ts';
import { predictLoads } from './programs/loading.ts';
import { allTensors, filesOf, openFixture, safetensorsBytes } from './testing.fixture.ts';
import { verifyCheckpoints } from './verify/verify.ts';

vi.mock('./layouts/dialect-rows.ts', async (original) => {
  const real = await original<typeof import('./layouts/dialect-rows.ts')>();
  const row: DialectRow = {
    family: 'per-expert',
    dialect: 'glimmer',
    stems: { gate: 'specialists.{i}.alpha', up: 'specialists.{i}.beta', down: 'specialists.{i}.gamma' },
    style: 'dot',
    orientation: 'out-in',
    fusion: 'none',
    by: 'this test',
  };
  return { ...real, DIALECT_ROWS: [...real.DIALECT_ROWS, row] };
});

vi.mock('./layouts/architectures.ts', async (original) => {
  const real = await original<typeof import('./layouts/architectures.ts')>();
  const [like] = real.ARCHITECTURES;
  const row = {
    ...like,
    modelTypes: ['glimmer_moe'],
    container: 'brain',
    memoryContainer: 'mlp',
    disk: [{ family: 'per-expert', dialect: 'glimmer' }],
    tails: [['chooser.weight', 'gate.weight']],
  } as unknown as Architecture;
  return { ...real, ARCHITECTURES: [...real.ARCHITECTURES, row] };
});

const WORDS: Readonly<Record<string, string>> = { gate_proj: 'alpha', up_proj: 'beta', down_proj: 'gamma' };

/** The small Qwen3-MoE with its experts' names in the new dialect; with `type`, as a model of that type has them. */
async function glimmer(type?: string) {
  const { files, checkpoint } = await openFixture('qwen3_moe');
  const container = type === undefined ? 'mlp' : 'brain';
  const tensors = [...(await allTensors(files))].map(([name, tensor]) => {
    const renamed = name
      .replace(/mlp\.experts\.(\d+)\.(\w+)\./, (_, i, word) => `${container}.specialists.${i}.${WORDS[word]}.`)
      .replace(/mlp\.gate\./, type === undefined ? 'mlp.gate.' : 'brain.chooser.');
    return { name: renamed, dtype: tensor.dtype as 'BF16', shape: tensor.shape, bytes: tensor.bytes };
  });
  const config = { ...checkpoint.config, ...(type === undefined ? {} : { model_type: type }) };
  const made = filesOf(
    { 'model.safetensors': safetensorsBytes(tensors), 'config.json': JSON.stringify(config) },
    'glimmer',
  );
  return { files: made, checkpoint: await openCheckpoint(made) };
}

describe('a dialect of one row', () => {
  it('is inspected, placed, converted and proven', async () => {
    const { files, checkpoint } = await glimmer();
    const inspected = inspectCheckpoint(checkpoint);
    expect(inspected).toMatchObject({ layout: 'per-expert', findings: [] });
    expect(
      inspected.layers.filter(({ kind }) => kind === 'moe').map((layer) => [layer.dialect, layer.experts]),
    ).toEqual([
      ['glimmer', 12],
      ['glimmer', 12],
    ]);
    expect(tensorPlace('model.layers.0.mlp.specialists.7.beta.weight')).toMatchObject({ layer: 0, expert: 7 });
    const there = await convertFiles(files, 'per-expert');
    expect(there.refusal).toBeNull();
    const original = await openFixture('qwen3_moe');
    const [made, wanted] = [await allTensors(there.files), await allTensors(original.files)];
    expect([...made.keys()].sort()).toEqual([...wanted.keys()].sort());
    for (const [name, { bytes }] of wanted) expect(made.get(name)?.bytes, name).toEqual(bytes);
    const result = await verifyCheckpoints(
      { files, checkpoint },
      { files: there.files, checkpoint: await openCheckpoint(there.files) },
    );
    expect(result.equal).toBe(true);
  });

  it('has the same outputs as the names that it stands for', async () => {
    const runtime = await openRuntime();
    const options = { layer: 0, input: { tokens: 8, seed: 3 }, runtime, ep: 2 } as const;
    const report = await compareBlock(await openFixture('qwen3_moe'), { ...options, other: await glimmer() });
    expect(report).toMatchObject({ verdict: 'same', faults: [] });
  });

  it('is in no program’s names, and none is said to load it', async () => {
    const { checkpoint } = await glimmer();
    const verdicts = predictLoads(checkpoint);
    expect(verdicts.find(({ id }) => id === 'transformers-5')?.verdict).toBe('partial');
  });
});

describe('a model type of one row', () => {
  it('is inspected, converted to what transformers holds, and back', async () => {
    expect(architectureOf('glimmer_moe')?.container).toBe('brain');
    const { files, checkpoint } = await glimmer('glimmer_moe');
    const layout = detectLayout(checkpoint);
    expect(layout).toMatchObject({ modelType: 'glimmer_moe', layout: 'per-expert', defects: [] });
    const there = await convertFiles(files, 'gate-up');
    expect(there.refusal).toBeNull();
    const names = [...(await allTensors(there.files)).keys()];
    expect(names).toContain('model.layers.0.mlp.experts.gate_up_proj');
    expect(names).toContain('model.layers.0.mlp.gate.weight');
    const back = await convertFiles(there.files, 'per-expert');
    expect(back.refusal).toBeNull();
    const [made, wanted] = [await allTensors(back.files), await allTensors(files)];
    expect([...made.keys()].sort()).toEqual([...wanted.keys()].sort());
    for (const [name, { bytes }] of wanted) expect(made.get(name)?.bytes, name).toEqual(bytes);
  });

  it('has a verdict for every program', async () => {
    const { checkpoint } = await glimmer('glimmer_moe');
    const verdicts = predictLoads(checkpoint);
    expect(verdicts.length).toBeGreaterThan(5);
    for (const { id, verdict, source } of verdicts as readonly { id: string; verdict: string; source?: string }[])
      expect([id, typeof verdict, source === ''].join()).toBe([id, 'string', false].join());
  });
});

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Architecture } from './layouts/architecture-row.ts';
import type { DialectRow } from './layouts/dialect-rows.ts';

const DIALECT: DialectRow = {
  family: 'per-expert',
  dialect: 'glimmer',
  stems: { gate: 'specialists.{i}.alpha', up: 'specialists.{i}.beta', down: 'specialists.{i}.gamma' },
  style: 'dot',
  orientation: 'out-in',
  fusion: 'none',
  by: 'this test',
};

const TYPE = {
  modelTypes: ['glimmer_moe'],
  container: 'brain',
  memoryContainer: 'mlp',
  disk: [{ family: 'per-expert', dialect: 'glimmer' }],
  tails: [['chooser.weight', 'gate.weight']],
} as unknown as Architecture;

/** The core as it is with one more row in each of two tables. */
async function loadCore() {
  vi.doMock('./layouts/dialect-rows.ts', async (original) => {
    const real = await original<typeof import('./layouts/dialect-rows.ts')>();
    return { ...real, DIALECT_ROWS: [...real.DIALECT_ROWS, DIALECT] };
  });
  vi.doMock('./layouts/architecture-table.ts', async (original) => {
    const real = await original<typeof import('./layouts/architecture-table.ts')>();
    const alike = real.ARCHITECTURES.find(({ modelTypes }) => modelTypes.includes('qwen3_moe'));
    return { ...real, ARCHITECTURES: [...real.ARCHITECTURES, { ...alike, ...TYPE }] };
  });
  vi.resetModules();
  return {
    ...(await import('./index.ts')),
    ...(await import('./layouts/architecture-rules.ts')),
    ...(await import('./layouts/detect.ts')),
    ...(await import('./parity/parity.ts')),
    ...(await import('./programs/transformers/ep-plans.ts')),
    ...(await import('./parity/runtime.ts')),
    ...(await import('./plan/quantised.fixture.ts')),
    ...(await import('./testing.fixture.ts')),
  };
}

type Core = Awaited<ReturnType<typeof loadCore>>;
let core: Core;

/** The whole core is loaded again. */
const LIMIT_LOADING = 120_000;

beforeAll(async () => {
  core = await loadCore();
}, LIMIT_LOADING);

afterAll(() => {
  vi.doUnmock('./layouts/dialect-rows.ts');
  vi.doUnmock('./layouts/architecture-table.ts');
  vi.resetModules();
});

const WORDS: Readonly<Record<string, string>> = { gate_proj: 'alpha', up_proj: 'beta', down_proj: 'gamma' };

/** The small Qwen3-MoE with its experts' names in the new dialect; with `type`, as a model of that type has them. */
async function glimmer(type?: string) {
  const { files, checkpoint } = await core.openFixture('qwen3_moe');
  const container = type === undefined ? 'mlp' : 'brain';
  const tensors = [...(await core.allTensors(files))].map(([name, tensor]) => {
    const renamed = name
      .replace(/mlp\.experts\.(\d+)\.(\w+)\./, (_, i, word) => `${container}.specialists.${i}.${WORDS[word]}.`)
      .replace(/mlp\.gate\./, type === undefined ? 'mlp.gate.' : 'brain.chooser.');
    return { name: renamed, dtype: tensor.dtype as 'BF16', shape: tensor.shape, bytes: tensor.bytes };
  });
  const config = { ...checkpoint.config, ...(type === undefined ? {} : { model_type: type }) };
  const made = core.filesOf(
    { 'model.safetensors': core.safetensorsBytes(tensors), 'config.json': JSON.stringify(config) },
    'glimmer',
  );
  return { files: made, checkpoint: await core.openCheckpoint(made) };
}

describe('a dialect of one row', () => {
  it('is inspected, placed, converted and proven', async () => {
    const { files, checkpoint } = await glimmer();
    const inspected = core.inspectCheckpoint(checkpoint);
    expect(inspected).toMatchObject({ layout: 'per-expert', findings: [] });
    expect(
      inspected.layers.filter(({ kind }) => kind === 'moe').map((layer) => [layer.dialect, layer.experts]),
    ).toEqual([
      ['glimmer', 12],
      ['glimmer', 12],
    ]);
    expect(core.tensorPlace('model.layers.0.mlp.specialists.7.beta.weight')).toMatchObject({ layer: 0, expert: 7 });
    const there = await core.convertFiles(files, 'per-expert');
    expect(there.refusal).toBeNull();
    const original = await core.openFixture('qwen3_moe');
    const [made, wanted] = [await core.allTensors(there.files), await core.allTensors(original.files)];
    expect([...made.keys()].sort()).toEqual([...wanted.keys()].sort());
    for (const [name, { bytes }] of wanted) expect(made.get(name)?.bytes, name).toEqual(bytes);
    const result = await core.verifyCheckpoints(
      { files, checkpoint },
      { files: there.files, checkpoint: await core.openCheckpoint(there.files) },
    );
    expect(result.equal).toBe(true);
  });

  it('has the same outputs as the names that it represents', async () => {
    const runtime = await core.openRuntime();
    const options = { layer: 0, input: { tokens: 8, seed: 3 }, runtime, ep: 2 } as const;
    const report = await core.compareBlock(await core.openFixture('qwen3_moe'), { ...options, other: await glimmer() });
    expect(report).toMatchObject({ verdict: 'same', faults: [] });
  });

  it('is in no program’s names, and none is said to load it', async () => {
    const { checkpoint } = await glimmer();
    const verdicts = core.predictLoads(checkpoint);
    expect(verdicts.find(({ id }) => id === 'transformers-5')?.verdict).toBe('partial');
  });
});

describe('a model type of one row', () => {
  it('is inspected, converted to what transformers holds, and back', async () => {
    expect(core.architectureOf('glimmer_moe')?.container).toBe('brain');
    const { files, checkpoint } = await glimmer('glimmer_moe');
    const layout = core.detectLayout(checkpoint);
    expect(layout).toMatchObject({ modelType: 'glimmer_moe', layout: 'per-expert', defects: [] });
    const there = await core.convertFiles(files, 'gate-up');
    expect(there.refusal).toBeNull();
    const names = [...(await core.allTensors(there.files)).keys()];
    expect(names).toContain('model.layers.0.mlp.experts.gate_up_proj');
    expect(names).toContain('model.layers.0.mlp.gate.weight');
    const back = await core.convertFiles(there.files, 'per-expert');
    expect(back.refusal).toBeNull();
    const [made, wanted] = [await core.allTensors(back.files), await core.allTensors(files)];
    expect([...made.keys()].sort()).toEqual([...wanted.keys()].sort());
    for (const [name, { bytes }] of wanted) expect(made.get(name)?.bytes, name).toEqual(bytes);
  });

  it('has its block computed and its experts spread by what the row says', async () => {
    const there = await core.convertFiles((await glimmer('glimmer_moe')).files, 'gate-up');
    const report = await core.compareBlock(await core.openFixture('qwen3_moe'), {
      layer: 0,
      input: { tokens: 8, seed: 3 },
      runtime: await core.openRuntime(),
      other: { files: there.files, checkpoint: await core.openCheckpoint(there.files) },
    });
    expect(report).toMatchObject({ verdict: 'same', faults: [] });
    expect(core.planOf5('glimmer_moe')?.map(({ name, style }) => `${name} ${style}`)).toEqual([
      'mlp.gate ep_router',
      'mlp.experts.gate_up_proj grouped_gemm',
      'mlp.experts.down_proj grouped_gemm',
      'mlp.experts moe_tp_experts',
    ]);
  });

  it('has a verdict for every program', async () => {
    const { checkpoint } = await glimmer('glimmer_moe');
    const verdicts = core.predictLoads(checkpoint);
    expect(verdicts.length).toBeGreaterThan(5);
    for (const { id, verdict, source } of verdicts as readonly { id: string; verdict: string; source?: string }[])
      expect([id, typeof verdict, source === ''].join()).toBe([id, 'string', false].join());
  });
});

import { describe, expect, it } from 'vitest';
import { openCheckpoint } from '../checkpoint/open.ts';
import { detectLayout } from '../layouts/detect.ts';
import { allTensors, filesOf, safetensorsBytes } from '../testing.fixture.ts';
import { planConversion } from './conversion.ts';
import { convertFiles } from './quantised.fixture.ts';

const [E, H, I] = [4, 12, 8];
const PARAMS = {
  dim: H,
  n_layers: 2,
  hidden_dim: 20,
  moe: { num_experts: E, num_experts_per_tok: 2, expert_hidden_dim: I, first_k_dense_replace: 1, route_every_n: 1 },
};

/** A small checkpoint in Mistral's own format: its names, its params.json and its index. */
function nativeFiles(more: Record<string, string> = {}) {
  const shapes: readonly (readonly [string, readonly number[]])[] = [
    ['tok_embeddings.weight', [16, H]],
    ['norm.weight', [H]],
    ['output.weight', [16, H]],
    ['layers.0.feed_forward.w1.weight', [20, H]],
    ['layers.1.gate.weight', [E, H]],
    ['layers.1.shared_experts.w1.weight', [I, H]],
    ...Array.from({ length: E }, (_, i) => i).flatMap((i) =>
      [
        ['w1', [I, H]],
        ['w2', [H, I]],
        ['w3', [I, H]],
      ].map(([word, shape]) => [`layers.1.experts.${i}.${word}.weight`, shape] as [string, number[]]),
    ),
  ];
  const file = 'consolidated-00001-of-00001.safetensors';
  const weight_map = Object.fromEntries(shapes.map(([name]) => [name, file]));
  return filesOf({
    [file]: safetensorsBytes(shapes.map(([name, shape]) => ({ name, dtype: 'BF16', shape }))),
    'consolidated.safetensors.index.json': JSON.stringify({ metadata: {}, weight_map }),
    'params.json': JSON.stringify(PARAMS),
    ...more,
  });
}

describe('a checkpoint in Mistral’s own format', () => {
  it('is told by its params.json, and nothing is wrong with it', async () => {
    const checkpoint = await openCheckpoint(nativeFiles());
    const layout = detectLayout(checkpoint);
    expect(checkpoint).toMatchObject({ findings: [], configFile: 'params.json', config: PARAMS });
    expect(layout).toMatchObject({ modelType: 'mistral-params', layout: 'per-expert', defects: [] });
    expect(layout.groups).toMatchObject([
      { kind: 'dense' },
      {
        prefix: 'layers.1',
        experts: E,
        router: ['layers.1.gate.weight'],
        shared: ['layers.1.shared_experts.w1.weight'],
        defects: [],
      },
    ]);
  });

  it('keeps its config under its name, and its index is no one else’s', async () => {
    const files = nativeFiles();
    const plan = planConversion(await openCheckpoint(files), 'gate-up');
    expect(plan).toMatchObject({
      refusals: [],
      skipped: [{ file: 'consolidated.safetensors.index.json', reason: 'an index of the shards that lie beside it' }],
      copies: [],
      config: { file: 'params.json', changed: false },
    });
    const there = await convertFiles(files, 'gate-up');
    const names = (await there.files.list()).map(({ name }) => name);
    expect(names).toContain('params.json');
    expect(names).not.toContain('config.json');
    const back = await convertFiles(there.files, 'per-expert');
    expect([...(await allTensors(back.files))].sort()).toEqual([...(await allTensors(files))].sort());
  });

  it('is read by config.json where both are there; params.json then goes along', async () => {
    const config = { model_type: 'mixtral', num_local_experts: E };
    const checkpoint = await openCheckpoint(nativeFiles({ 'config.json': JSON.stringify(config) }));
    expect(checkpoint.config).toEqual(config);
    expect(checkpoint.configFile).toBeUndefined();
    expect(planConversion(checkpoint, 'gate-up').copies.map(({ file }) => file)).toEqual(['params.json']);
  });
});

it('another params.json is no config', async () => {
  const checkpoint = await openCheckpoint(nativeFiles({ 'params.json': '{"learning_rate": 1}' }));
  expect(checkpoint.config).toBeNull();
  expect(checkpoint.findings.map(({ tag }) => tag)).toEqual(['config-absent']);
  expect(planConversion(checkpoint, 'gate-up').copies.map(({ file }) => file)).toEqual(['params.json']);
});

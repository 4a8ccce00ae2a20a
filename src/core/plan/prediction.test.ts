import { describe, expect, it } from 'vitest';
import { openCheckpoint } from '../checkpoint/open.ts';
import { allTensors, filesOf, safetensorsBytes, sameTensor } from '../testing.fixture.ts';
import { verifyCheckpoints } from '../verify/verify.ts';
import { planConversion } from './conversion.ts';
import { convertFiles } from './quantised.fixture.ts';

const [E, H, I] = [3, 12, 8];

function layer(path: string, spare: readonly number[] = []) {
  const experts = Array.from({ length: E }, (_, i) => i).filter((i) => !spare.includes(i));
  return [
    { name: `${path}.mlp.gate.weight`, shape: [E, H] },
    ...experts.flatMap((i) => [
      { name: `${path}.mlp.experts.${i}.gate_proj.weight`, shape: [I, H] },
      { name: `${path}.mlp.experts.${i}.up_proj.weight`, shape: [I, H] },
      { name: `${path}.mlp.experts.${i}.down_proj.weight`, shape: [H, I] },
    ]),
  ];
}

const CONFIG = {
  model_type: 'glm4_moe',
  num_hidden_layers: 2,
  num_nextn_predict_layers: 1,
  n_routed_experts: E,
  hidden_size: H,
  moe_intermediate_size: I,
};

/** Two layers in one file, the layer that predicts in another. */
function files(spare: readonly number[] = [], without: readonly string[] = []) {
  const shards = {
    'model-00001-of-00001.safetensors': [...layer('model.layers.0'), ...layer('model.layers.1')],
    'mtp.safetensors': [
      ...layer('model.layers.2', spare),
      { name: 'model.layers.2.eh_proj.weight', shape: [H, 2 * H] },
    ],
  };
  const map = Object.entries(shards).flatMap(([file, tensors]) => tensors.map(({ name }) => [name, file]));
  const entries = Object.entries(shards)
    .filter(([file]) => !without.includes(file))
    .map(([file, tensors]) => [file, safetensorsBytes(tensors.map((each) => ({ ...each, dtype: 'BF16' as const })))]);
  return filesOf({
    ...Object.fromEntries(entries),
    'model.safetensors.index.json': JSON.stringify({ metadata: {}, weight_map: Object.fromEntries(map) }),
    'config.json': JSON.stringify(CONFIG),
  });
}

describe('layers of multi-token prediction', () => {
  it('are converted with the others, and come back byte for byte', async () => {
    const original = files();
    const there = await convertFiles(original, 'gate-up');
    expect(there.refusal).toBeNull();
    expect(there.plan.groups.map(({ index, to }) => [index, to])).toEqual([0, 1, 2].map((index) => [index, 'gate-up']));
    expect((await allTensors(there.files)).get('model.layers.2.mlp.experts.gate_up_proj')?.shape).toEqual([
      E,
      2 * I,
      H,
    ]);
    const [left, right] = await Promise.all([openCheckpoint(original), openCheckpoint(there.files)]);
    const proof = await verifyCheckpoints(
      { files: original, checkpoint: left },
      { files: there.files, checkpoint: right },
    );
    expect(proof).toMatchObject({ equal: true, differences: [] });
    const back = await convertFiles(there.files, 'per-expert');
    const [before, after] = await Promise.all([allTensors(original), allTensors(back.files)]);
    expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
    for (const [name, tensor] of before) expect(sameTensor(tensor, after.get(name)), name).toBe(true);
  });

  it('stay as they are when that is asked for', async () => {
    const { plan, files: made } = await convertFiles(files(), 'gate-up', { keepMtp: true });
    expect(plan.groups.map(({ index, to }) => [index, to])).toEqual([
      [0, 'gate-up'],
      [1, 'gate-up'],
      [2, null],
    ]);
    expect(plan.notes).toContain('model.layers.2.mlp belongs to multi-token prediction and stays as it is.');
    const [before, after] = await Promise.all([allTensors(files()), allTensors(made)]);
    const names = [...before.keys()].filter((name) => name.startsWith('model.layers.2.'));
    for (const name of names) expect(sameTensor(before.get(name), after.get(name)), name).toBe(true);
  });

  it('stay as they are, with the reason, where they cannot be converted', async () => {
    const { plan, refusal } = await convertFiles(files([1]), 'gate-up');
    expect(refusal).toBeNull();
    expect(plan.groups.find(({ index }) => index === 2)?.to).toBeNull();
    expect(plan.notes.join()).toMatch(
      /layers\.2\.mlp belongs to multi-token prediction and stays as it is: Expert 1 of/,
    );
  });
});

describe('a missing shard', () => {
  const broken = files([], ['mtp.safetensors']);

  it('does not stop layers that do not need it', async () => {
    const checkpoint = await openCheckpoint(broken);
    expect(planConversion(checkpoint, 'gate-up', { layers: [0, 1] }).refusals).toEqual([]);
    const { files: made } = await convertFiles(broken, 'gate-up', { layers: [1] });
    expect([...(await allTensors(made)).keys()].every((name) => name.startsWith('model.layers.1.'))).toBe(true);
  });

  it('stops everything else', async () => {
    const checkpoint = await openCheckpoint(broken);
    for (const options of [{}, { layers: [0], keepRest: true }, { layers: [0, 2] }]) {
      expect(planConversion(checkpoint, 'gate-up', options).refusals.map(({ tag }) => tag)).toContain(
        'checkpoint-defective',
      );
    }
    const other = await openCheckpoint(files([], ['model-00001-of-00001.safetensors']));
    expect(planConversion(other, 'gate-up', { layers: [2] }).refusals).toEqual([]);
    expect(planConversion(other, 'gate-up', { layers: [0] }).refusals).not.toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import { planPlacement, type RankOptions, rankAssertion } from '../programs/placing.ts';
import { sglangPlacement } from '../programs/sglang/placement-file.ts';
import { heldBytes } from '../ranks/bytes.ts';
import { placed } from '../ranks/facts.fixture.ts';
import { rankModel } from '../ranks/summary.ts';
import { openFixture } from '../testing.fixture.ts';
import { expertToRank, rankManifest } from './rank-manifest.ts';

const NOWHERE = { repo: 'test/tiny', revision: 'abc', indexSha256: null };

async function of(architecture: string, options: RankOptions) {
  const model = rankModel((await openFixture(architecture)).checkpoint);
  return { model, placement: placed(planPlacement(options, model.facts)) };
}

describe('the rank manifest', () => {
  it('says where everything of a rank lies', async () => {
    const { model, placement } = await of('qwen3_moe', { framework: 'transformers-5', ep: 4 });
    const name = 'model.layers.0.mlp.experts.3.down_proj.weight';
    const manifest = rankManifest(model, placement, NOWHERE);
    expect(manifest).toMatchObject({
      format: 'ep-shard-plan',
      version: 1,
      checkpoint: { repo: 'test/tiny', revision: 'abc', layout: 'per-expert' },
      mesh: {
        framework: 'transformers-5',
        world: 4,
        dims: { pp: 1, fsdp: 1, tp: 4, ep: 4 },
        order: ['pp', 'fsdp', 'tp'],
      },
      placement: {
        strategy: 'linear',
        num_logical: 12,
        num_redundant: 0,
        layers: ['model.layers.0.mlp', 'model.layers.2.mlp'],
      },
    });
    expect(manifest.placement.physical_to_logical_map).toEqual(
      [0, 1].map(() => Array.from({ length: 12 }, (_, i) => i)),
    );
    expect(manifest.placement.expert_to_ep_rank).toEqual([0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]);
    const held = heldBytes(model.tensorIndex, placement);
    for (const { rank, bytes, reads } of manifest.ranks) {
      expect(bytes).toBe(held[rank]?.total);
      expect(reads.reduce((sum, read) => sum + read.length, 0)).toBe(bytes);
    }
    const tensor = model.checkpoint.tensors.get(name);
    const found = manifest.ranks.flatMap(({ rank, reads }) =>
      reads.flatMap((read) => {
        let at = read.offset;
        return read.parts.flatMap((part) => {
          const start = at;
          at += part.length;
          return part.tensor === name ? [{ rank, start, file: manifest.files[read.file]?.name }] : [];
        });
      }),
    );
    expect(found).toEqual([{ rank: 1, start: tensor?.start, file: tensor?.file }]);
    expect(manifest.ranks[0]).not.toHaveProperty('expert_sha256');
  });

  it('does not say what it cannot', async () => {
    const uneven = await of('qwen3_moe', { framework: 'vllm', ep: 5 });
    const manifest = rankManifest(uneven.model, uneven.placement, NOWHERE);
    expect(manifest.placement.physical_to_logical_map).toBeNull();
    expect(manifest.placement.expert_to_ep_rank).toEqual([0, 0, 0, 1, 1, 1, 2, 2, 3, 3, 4, 4]);
    const repeated = await of('qwen3_moe', { framework: 'vllm', ep: 4, redundant: 4 });
    expect(expertToRank(repeated.placement)).toBeNull();
  });

  it('refuses a placement of another checkpoint', async () => {
    const { placement } = await of('mixtral', { framework: 'transformers-5', ep: 2 });
    const { model } = await of('qwen3_moe', { framework: 'transformers-5', ep: 2 });
    expect(() => rankManifest(model, placement, NOWHERE)).toThrow(/another checkpoint/);
  });
});

describe('SGLang’s placement file', () => {
  it('has one key, and a row for every decoder layer', async () => {
    const { model, placement } = await of('deepseek_v3', { framework: 'sglang', ep: 4, redundant: 4 });
    const file = sglangPlacement(placement, model.facts);
    expect(Object.keys(file ?? {})).toEqual(['physical_to_logical_map']);
    const row = [...Array(16).keys(), 0, 1, 2, 3];
    expect(file?.physical_to_logical_map).toEqual(Array.from({ length: model.facts.layers }, () => row));
    expect(model.facts.layers).toBeGreaterThan(placement.layers.length);
  });

  it('is not made where ranks have unequally many slots', async () => {
    const { model, placement } = await of('qwen3_moe', { framework: 'vllm', ep: 5 });
    expect(sglangPlacement(placement, model.facts)).toBeNull();
  });
});

describe('the assertion script', () => {
  it('carries the prediction and where every down matrix lies', async () => {
    const { model, placement } = await of('qwen3_moe', { framework: 'transformers-5', ep: 4 });
    const script = rankAssertion(model, placement) ?? '';
    expect(script).not.toMatch(/@@/);
    expect(script).toMatch(/torchrun --nproc-per-node 4 /);
    expect(script).toMatch(/LEGACY = False/);
    const prediction = JSON.parse(/json\.loads\(r'''(.*)'''\)/.exec(script)?.[1] ?? '');
    expect(prediction).toMatchObject({ world: 4, ep: 4, fsdp: 1, experts: { 0: 12, 2: 12 } });
    expect(prediction.ranks[3]).toEqual({ 0: [9, 10, 11], 2: [9, 10, 11] });
    const tensor = model.checkpoint.tensors.get('model.layers.2.mlp.experts.7.down_proj.weight');
    expect(prediction.down[2]).toContainEqual({
      file: tensor?.file,
      offset: tensor?.start,
      stride: (tensor?.end ?? 0) - (tensor?.start ?? 0),
      first: 7,
      count: 1,
    });
  });

  it('is for transformers alone', async () => {
    const legacy = await of('qwen3_moe', { framework: 'transformers-4.57', ep: 2 });
    expect(rankAssertion(legacy.model, legacy.placement)).toMatch(/LEGACY = True/);
    const other = await of('qwen3_moe', { framework: 'vllm', ep: 2 });
    expect(rankAssertion(other.model, other.placement)).toBeNull();
  });
});

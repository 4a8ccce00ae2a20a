import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createBudget } from '../budget.ts';
import { openCheckpoint } from '../checkpoint/open.ts';
import { convertFiles } from '../plan/quantised.fixture.ts';
import { planPlacement, type RankOptions, rankAssertion } from '../programs/placing.ts';
import { placed } from '../ranks/facts.fixture.ts';
import { rankModel } from '../ranks/summary.ts';
import type { FileSet } from '../source/types.ts';
import { openFixture, type PlainTensor, truthOf } from '../testing.fixture.ts';
import { expertHashes } from './rank-hashes.ts';
import { rankManifest } from './rank-manifest.ts';

const LAYERS = [0, 2];
const NOWHERE = { repo: null, revision: null, indexSha256: null };

async function hashed(files: FileSet, options: RankOptions, budget = createBudget()) {
  const model = rankModel(await openCheckpoint(files));
  const placement = placed(planPlacement(options, model.facts));
  return { model, placement, hashes: await expertHashes(model, placement, files, { budget }) };
}

const sha256 = (...parts: readonly Uint8Array[]) =>
  parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest('hex');

/** Expert `index` of a stack, or the `half` of its rows. */
function expertOf(tensor: PlainTensor | undefined, index: number, half: 0 | 1 | null = null): Uint8Array {
  if (!tensor) throw new Error('no such tensor');
  const size = tensor.bytes.byteLength / (tensor.shape[0] ?? 1);
  const one = tensor.bytes.subarray(index * size, (index + 1) * size);
  return half === null ? one : one.subarray((half * size) / 2, ((half + 1) * size) / 2);
}

describe.each([2, 4])('hashes of qwen3_moe on %i ranks', (ep) => {
  const options = { framework: 'transformers-5', ep } as const;
  const each = 12 / ep;
  const mine = (rank: number) => Array.from({ length: each }, (_, slot) => rank * each + slot);

  it('are those of slices of the state, from hub/', async () => {
    const truth = await truthOf('qwen3_moe');
    const { hashes } = await hashed((await openFixture('qwen3_moe')).files, options);
    expect(hashes).toHaveLength(ep);
    for (const [rank, tensors] of hashes.entries()) {
      const wanted = LAYERS.flatMap((layer) =>
        mine(rank).flatMap((expert) => {
          const root = `model.layers.${layer}.mlp.experts`;
          const fused = truth.get(`${root}.gate_up_proj`);
          return [
            [`${root}.${expert}.gate_proj.weight`, sha256(expertOf(fused, expert, 0))],
            [`${root}.${expert}.up_proj.weight`, sha256(expertOf(fused, expert, 1))],
            [`${root}.${expert}.down_proj.weight`, sha256(expertOf(truth.get(`${root}.down_proj`), expert))],
          ];
        }),
      );
      expect(Object.fromEntries(tensors)).toEqual(Object.fromEntries(wanted));
    }
  });

  it.each(['gate-up', 'stacked'] as const)('are those of slices of the state, converted to %s', async (target) => {
    const truth = await truthOf('qwen3_moe');
    const { files } = await convertFiles((await openFixture('qwen3_moe')).files, target);
    // A budget far below one tensor: every part comes in many reads.
    const { hashes } = await hashed(files, options, createBudget(4 * 1000));
    for (const [rank, tensors] of hashes.entries()) {
      const wanted = LAYERS.flatMap((layer) => {
        const root = `model.layers.${layer}.mlp.experts`;
        const fused = truth.get(`${root}.gate_up_proj`);
        const rows = (half: 0 | 1 | null) => sha256(...mine(rank).map((expert) => expertOf(fused, expert, half)));
        const down = sha256(...mine(rank).map((expert) => expertOf(truth.get(`${root}.down_proj`), expert)));
        const gates =
          target === 'gate-up'
            ? [[`${root}.gate_up_proj`, rows(null)]]
            : [
                [`${root}.gate_proj`, rows(0)],
                [`${root}.up_proj`, rows(1)],
              ];
        return [...gates, [`${root}.down_proj`, down]];
      });
      expect(Object.fromEntries(tensors)).toEqual(Object.fromEntries(wanted));
    }
  });
});

describe('hashes of parts that are not one block', () => {
  it('follow the order of slots, copies included', async () => {
    const truth = await truthOf('qwen3_moe');
    const { files } = await convertFiles((await openFixture('qwen3_moe')).files, 'gate-up');
    const map = [[3, 0, 1, 2, 4, 5, 0, 6, 7, 8, 9, 10, 11, 11]];
    const { hashes } = await hashed(files, { framework: 'custom', ep: 2, map });
    const name = 'model.layers.2.mlp.experts.down_proj';
    const of = (slots: readonly number[]) => sha256(...slots.map((expert) => expertOf(truth.get(name), expert)));
    expect(hashes.map((tensors) => tensors.get(name))).toEqual([
      of([3, 0, 1, 2, 4, 5, 0]),
      of([6, 7, 8, 9, 10, 11, 11]),
    ]);
  });

  it('keep the columns alone where experts are cut inside', async () => {
    const truth = await truthOf('mixtral');
    const { files } = await convertFiles((await openFixture('mixtral')).files, 'gate-up');
    const { hashes, placement } = await hashed(files, { framework: 'sglang', tp: 4, ep: 2 });
    const name = 'model.layers.0.mlp.experts.down_proj';
    const tensor = truth.get(name);
    const [, rows = 0, columns = 0] = tensor?.shape ?? [];
    for (const place of placement.ranks) {
      const parts = (placement.layers[0]?.slots[place.ep] ?? []).flatMap((expert) =>
        Array.from({ length: rows }, (_, row) => {
          const start = row * columns * 2 + place.etp.index * columns;
          return expertOf(tensor, expert).subarray(start, start + columns);
        }),
      );
      expect(hashes[place.rank]?.get(name)).toBe(sha256(...parts));
    }
  });
});

describe('what takes hashes along', () => {
  it('names them by rank in the manifest, and by loaded part in the assertion script', async () => {
    const { files } = await openFixture('qwen3_moe');
    const { model, placement, hashes } = await hashed(files, { framework: 'transformers-5', ep: 4 });
    const manifest = rankManifest(model, placement, { ...NOWHERE, hashes });
    expect(manifest.ranks.map((rank) => rank.expert_sha256)).toEqual(hashes.map((each) => Object.fromEntries(each)));
    const prediction = predictionIn(rankAssertion(model, placement, hashes));
    const name = 'model.layers.2.mlp.experts.7.up_proj.weight';
    expect(prediction.hashes[2]).toHaveLength(3 * 2 * 3);
    expect(prediction.hashes[2]).toContainEqual({
      ...{ tensor: name, layer: '2', of: 'up', part: 'weight', slot: 1, dtype: 'BF16' },
      shape: model.checkpoint.tensors.get(name)?.shape,
      sha256: hashes[2]?.get(name),
    });
    expect(predictionIn(rankAssertion(model, placement)).hashes).toBeNull();
  });
});

function predictionIn(script: string | null) {
  return JSON.parse(/json\.loads\(r'''(.*)'''\)/.exec(script ?? '')?.[1] ?? '');
}

import { describe, expect, it } from 'vitest';
import { openCheckpoint } from '../checkpoint/open.ts';
import { rankManifest } from '../handoff/rank-manifest.ts';
import { detectLayout } from '../layouts/detect.ts';
import { configFor } from '../programs/configuring.ts';
import {
  assertionLimit,
  FRAMEWORKS,
  PLACEMENT_FILES,
  planPlacement,
  rankAssertion,
  summarize,
} from '../programs/placing.ts';
import type { DType } from '../safetensors/dtype.ts';
import { filesOf, safetensorsBytes } from '../testing.fixture.ts';
import { placed } from './facts.fixture.ts';
import { shapeFromCheckpoint } from './memory/shape-checkpoint.ts';
import { type RankModel, rankModel } from './summary.ts';

const [I, H] = [4, 8];

interface Tensor {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: number[];
}

const tensor = (name: string, ...shape: number[]): Tensor => ({ name, dtype: 'BF16', shape });

/** One MoE layer; `held` of its experts are there. */
function layer(path: string, experts: number, held = experts): Tensor[] {
  return [
    tensor(`${path}.self_attn.q_proj.weight`, 16, H),
    tensor(`${path}.mlp.gate.weight`, experts, H),
    ...Array.from({ length: held }, (_, expert) => [
      tensor(`${path}.mlp.experts.${expert}.gate_proj.weight`, I, H),
      tensor(`${path}.mlp.experts.${expert}.up_proj.weight`, I, H),
      tensor(`${path}.mlp.experts.${expert}.down_proj.weight`, H, I),
    ]).flat(),
  ];
}

const CONFIG = {
  model_type: 'qwen3_moe',
  architectures: ['Qwen3MoeForCausalLM'],
  num_experts: 128,
  num_experts_per_tok: 8,
  moe_intermediate_size: I,
  hidden_size: H,
  num_hidden_layers: 3,
  num_attention_heads: 8,
  num_key_value_heads: 8,
  head_dim: 2,
  vocab_size: 16,
  mlp_only_layers: [],
};

async function modelOf(tensors: readonly Tensor[], config: object = CONFIG): Promise<RankModel> {
  const files = { 'model.safetensors': safetensorsBytes(tensors), 'config.json': JSON.stringify(config) };
  return rankModel(await openCheckpoint(filesOf(files)));
}

const pruned = () => modelOf([128, 96, 64].flatMap((experts, at) => layer(`model.layers.${at}`, experts)));

describe('layers that were pruned to different numbers of experts', () => {
  it('each deal their own', async () => {
    const model = await pruned();
    const { ranks } = summarize(model, { framework: 'transformers-5', ep: 8 });
    expect(ranks[7]?.layers).toEqual({
      'model.layers.0.mlp': [[112, 128]],
      'model.layers.1.mlp': [[84, 96]],
      'model.layers.2.mlp': [[56, 64]],
    });
    expect(new Set(ranks.map((rank) => rank.bytes)).size).toBe(1);
    const placement = placed(planPlacement({ framework: 'transformers-5', ep: 8 }, model.facts));
    const manifest = rankManifest(model, placement, { repo: null, revision: null, indexSha256: null });
    expect(manifest.placement).toMatchObject({ num_logical_by_layer: [128, 96, 64], physical_to_logical_map: null });
    expect(manifest.ranks.map((rank) => rank.bytes)).toEqual(ranks.map((rank) => rank.bytes));
  });

  it.each(FRAMEWORKS.map(({ id, placement }) => [id, placement] as const))(
    'are said to be what no program loads that builds every layer alike: %s',
    async (framework, { countsByLayer }) => {
      const model = await pruned();
      const map = [128, 96, 64].map((experts) => Array.from({ length: experts }, (_, expert) => expert));
      const loads = map.map((experts) => experts.map(() => 1));
      const answers = [1, 2].map((ep) => summarize(model, { framework, ep, map, loads }));
      const taken = answers.filter(({ error }) => error === null);
      expect(taken).not.toHaveLength(0);
      for (const { warnings } of taken) {
        const about = warnings.filter((warning) => warning.includes('The config says 128 experts for every layer'));
        expect(about).toHaveLength(countsByLayer ? 0 : 1);
        if (!countsByLayer)
          expect(about[0]).toMatch(/; layer 1 has 96, layer 2 has 64\. .* does not load this checkpoint/);
      }
    },
  );

  it('are limited by every layer', async () => {
    const model = await pruned();
    expect(summarize(model, { framework: 'transformers-5', ep: 128 }).error).toMatch(/96 experts across 128/);
  });

  it('stand in the head of a configuration, whose limits ask every layer too', async () => {
    const { checkpoint } = await pruned();
    const shape = shapeFromCheckpoint(checkpoint, detectLayout(checkpoint));
    const ask = (ep: number) => configFor('transformers-5', { model: 'm', shape, options: { ep } });
    expect(ask(8)).toMatchObject({ limits: expect.arrayContaining([expect.stringMatching(/layer 1 has 96/)]) });
    expect(ask(128)).toMatchObject({ error: expect.stringMatching(/96 experts/) });
  });
});

describe('experts that are missing', () => {
  it('are dealt by no program, nor configured for', async () => {
    const model = await modelOf([...layer('model.layers.0', 8), ...layer('model.layers.1', 8, 6)], {
      ...CONFIG,
      num_experts: 8,
      num_hidden_layers: 2,
    });
    for (const { id } of FRAMEWORKS) {
      const refused = planPlacement({ framework: id, ep: 2 }, model.facts);
      expect(refused).toEqual({ error: expect.stringMatching(/layer 1 lacks experts 6–7\./), by: 'checkpoint' });
    }
    const shape = shapeFromCheckpoint(model.checkpoint, model.layout);
    const config = configFor('vllm', { model: 'm', shape, options: { ep: 2 } });
    expect(config).toEqual({ error: expect.stringMatching(/layer 1 lacks experts 6–7\./), by: 'checkpoint' });
  });

  it('of a number that nobody can count to are refused as well', async () => {
    const far = { ...tensor('', I, H), name: 'model.layers.0.mlp.experts.999999999.gate_proj.weight' };
    const model = await modelOf([...layer('model.layers.0', 8), far], { ...CONFIG, num_experts: 8 });
    expect(summarize(model, { framework: 'vllm', ep: 2 }).error).toMatch(/layer 0 lacks experts 8–999999999\./);
  });
});

describe('a checkpoint of which a shard is missing', () => {
  it('is dealt as far as it is there, which is said', async () => {
    const files = {
      'model-00001-of-00002.safetensors': safetensorsBytes(layer('model.layers.0', 4)),
      'config.json': JSON.stringify({ ...CONFIG, num_experts: 4 }),
    };
    const { error, warnings } = summarize(rankModel(await openCheckpoint(filesOf(files))), {
      framework: 'vllm',
      ep: 2,
    });
    expect(error).toBeNull();
    expect(warnings[0]).toMatch(/model-00002-of-00002\.safetensors.* are not counted on any rank/);
  });
});

describe('two towers with experts', () => {
  const towers = () =>
    modelOf(
      [
        ...[0, 1].flatMap((at) => layer(`talker.model.layers.${at}`, 4)),
        ...[0, 1, 2, 3].flatMap((at) => layer(`thinker.model.layers.${at}`, 6)),
      ],
      {
        model_type: 'qwen3_omni_moe',
        thinker_config: { text_config: { ...CONFIG, num_experts: 6, num_hidden_layers: 4 } },
        talker_config: { text_config: { ...CONFIG, num_experts: 4, num_hidden_layers: 2, num_attention_heads: 2 } },
      },
    );

  it('each deal their own, and are no contradiction', async () => {
    const model = await towers();
    const { ranks, warnings } = summarize(model, { framework: 'vllm', ep: 2 });
    expect(ranks[1]?.layers).toMatchObject({
      'talker.model.layers.1.mlp': [[2, 4]],
      'thinker.model.layers.3.mlp': [[3, 6]],
    });
    expect(model.facts).toMatchObject({ towers: ['thinker', 'talker'], heads: 8, layers: 4 });
    expect(model.facts.contradictions).toBeUndefined();
    expect(warnings.join(' ')).toMatch(/^thinker and talker both have experts/);
    expect(warnings.join(' ')).not.toMatch(/Pipeline stages/);
  });

  it('stand in the stages of their layer numbers, every expert once, which is said', async () => {
    const model = await towers();
    const { ranks, warnings } = summarize(model, { framework: 'vllm', ep: 2, pp: 2 });
    expect(warnings.join(' ')).toMatch(/stages follow the layer numbers of thinker. A layer of talker/);
    const second = ranks.find(({ coords }) => coords.pp === 1);
    expect(Object.keys(second?.layers ?? {})).toEqual(['thinker.model.layers.2.mlp', 'thinker.model.layers.3.mlp']);
    expect(ranks.filter(({ coords }) => coords.pp === 1).map((rank) => rank.experts)).toEqual([[[0, 3]], [[3, 6]]]);
    const placement = placed(planPlacement({ framework: 'vllm', ep: 2, pp: 2 }, model.facts));
    rankManifest(model, placement, { repo: null, revision: null, indexSha256: null });
  });

  it('have no file that tells layers apart by their numbers alone', async () => {
    const model = await towers();
    const placement = placed(planPlacement({ framework: 'sglang', ep: 2, tp: 2 }, model.facts));
    for (const { make } of PLACEMENT_FILES) expect(make(placement, model.facts)).toBeNull();
    const own = placed(planPlacement({ framework: 'transformers-5', ep: 1 }, model.facts));
    expect(rankAssertion(model, own)).toBeNull();
    expect(assertionLimit(model)).toMatch(/thinker and talker have layers of the same number/);
    expect(assertionLimit(await pruned())).toBeNull();
  });
});

describe('layers of multi-token prediction', () => {
  it.each(['model.layers.2', 'mtp.layers.0'])('are placed on no rank, which is said: %s', async (path) => {
    const model = await modelOf([0, 1].flatMap((at) => layer(`model.layers.${at}`, 4)).concat(layer(path, 4)), {
      ...CONFIG,
      num_experts: 4,
      num_hidden_layers: 2,
    });
    const mtp = layer(path, 4).reduce((sum, { shape }) => sum + 2 * shape.reduce((a, b) => a * b), 0);
    const { ranks, warnings } = summarize(model, { framework: 'sglang', ep: 2, tp: 2 });
    expect(ranks.map((rank) => rank.experts)).toEqual([[[0, 2]], [[2, 4]]]);
    expect(warnings).toContainEqual(
      `14 tensors of multi-token prediction (${mtp.toLocaleString('en')} bytes, experts included) are not placed on any rank, because no framework here loads them by default.`,
    );
    const held = summarize(model, { framework: 'sglang', ep: 1, tp: 1 }).ranks[0];
    expect(held?.read).toEqual({
      spans: held?.bytes,
      files: (held?.bytes ?? 0) + mtp,
      everything: (held?.bytes ?? 0) + mtp,
    });
  });
});

describe('what a rank reads', () => {
  const files = async () => {
    const [first, second] = [0, 1].map((at) => layer(`model.layers.${at}`, 4));
    const config = JSON.stringify({ ...CONFIG, num_experts: 4, num_hidden_layers: 2 });
    const checkpoint = await openCheckpoint(
      filesOf({
        'model-00001-of-00002.safetensors': safetensorsBytes(first ?? []),
        'model-00002-of-00002.safetensors': safetensorsBytes(second ?? []),
        'config.json': config,
      }),
    );
    return rankModel(checkpoint);
  };
  const LAYER = 2 * (16 * H + 4 * H + 4 * 3 * I * H);
  const EXPERT = 2 * 3 * I * H;

  it('is counted for each way of loading, and the program’s own is named', async () => {
    const model = await files();
    const { ranks, loading } = summarize(model, { framework: 'transformers-5', pp: 2, ep: 2 });
    expect(loading).toBe('spans');
    const each = { spans: LAYER - 2 * EXPERT, files: LAYER, everything: 2 * LAYER };
    expect(ranks.map((rank) => rank.read)).toEqual([each, each, each, each]);
    expect(summarize(model, { framework: 'sglang', tp: 2, ep: 2 }).loading).toBe('everything');
    expect(summarize(model, { framework: 'megatron-core', ep: 2 }).loading).toBeNull();
  });

  it('with vLLM’s weight filter leaves out other ranks’ experts, and not under EPLB', async () => {
    const model = await files();
    const filtered = summarize(model, { framework: 'vllm', ep: 2 });
    expect(filtered.loading).toBe('everything');
    expect(filtered.ranks.map(({ read }) => read?.filter)).toEqual(Array(2).fill(2 * (LAYER - 2 * EXPERT)));
    const balanced = summarize(model, { framework: 'vllm', ep: 2, redundant: 2 });
    expect(balanced.ranks.map(({ read }) => read?.filter !== undefined)).toEqual([false, false]);
    const before = summarize(model, { framework: 'vllm-before-21497', ep: 2 });
    expect(before.ranks.map(({ read }) => read?.filter !== undefined)).toEqual([false, false]);
  });

  it('of cut columns is whole rows: more than is held', async () => {
    const model = await files();
    const { ranks } = summarize(model, { framework: 'sglang', tp: 2, ep: 1 });
    expect(ranks.every(({ bytes, read }) => read !== null && bytes < read.spans && read.spans < read.everything)).toBe(
      true,
    );
  });

  it('of a rank without experts is what is dense', async () => {
    const { ranks } = summarize(await files(), { framework: 'vllm', ep: 6 });
    expect(ranks.map((rank) => rank.experts)).toEqual([[[0, 1]], [[1, 2]], [[2, 3]], [[3, 4]], [], []]);
    expect(ranks[5]?.read).toMatchObject({ spans: 2 * (LAYER - 4 * EXPERT), filter: 2 * (LAYER - 4 * EXPERT) });
  });
});

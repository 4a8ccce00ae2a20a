import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  checkpointOf,
  type Headers,
  readFixture,
  readRealNames,
  type TestCheckpoint,
} from '../layouts/checkpoints.fixture.ts';
import { detectLayout } from '../layouts/detect.ts';
import { countParameters } from '../layouts/parameters.ts';
import { isCompanion } from '../quantised/companions.ts';
import { ARCHITECTURES, FIXTURES } from '../testing.fixture.ts';
import { TENSOR_ROLES, type TensorRole, tensorRoles } from './role.ts';

interface Published {
  readonly config: Record<string, unknown>;
  readonly disk: Headers;
}

function everyCheckpoint(): (readonly [string, TestCheckpoint])[] {
  const published: Record<string, Published> = JSON.parse(
    readFileSync(`${FIXTURES}architectures/published.json`, 'utf8'),
  );
  return [
    ...ARCHITECTURES.flatMap((name) => {
      const { hub, state } = readFixture(name);
      return [[name, hub] as const, [`${name} in memory`, state] as const];
    }),
    ...Object.entries(readRealNames()).flatMap(([name, { config, disk, memory }]) => [
      [`${name} on disk`, checkpointOf(disk, config)] as const,
      [`${name} of transformers in memory`, checkpointOf(memory, config)] as const,
    ]),
    ...Object.entries(published).map(
      ([name, { config, disk }]) => [`${name} published`, checkpointOf(disk, config)] as const,
    ),
  ];
}

const EXPERT_ROLES: readonly TensorRole[] = ['gate', 'up', 'gate-up', 'down', 'expert'];

const rolesOf = (headers: Headers, config: TestCheckpoint['config'] = null) => {
  const checkpoint = checkpointOf(headers, config);
  const read = tensorRoles(checkpoint.tensors, detectLayout(checkpoint));
  return Object.fromEntries([...checkpoint.tensors.keys()].map((name) => [name, read(name)]));
};

describe('roles of the tensors of every fixture', () => {
  const all = everyCheckpoint();

  it('are told for many checkpoints', () => {
    expect(all.length).toBeGreaterThan(100);
  });

  it.each(all)('%s: are those of layouts', (_, checkpoint) => {
    const layout = detectLayout(checkpoint);
    const read = tensorRoles(checkpoint.tensors, layout);
    const placed = new Set(layout.groups.flatMap(({ expertTensors }) => expertTensors));
    const routers = new Set(layout.groups.flatMap(({ router }) => router));
    const shared = new Set(layout.groups.flatMap((group) => group.shared));
    for (const name of checkpoint.tensors.keys()) {
      const { role } = read(name);
      expect([name, EXPERT_ROLES.includes(role) || (role === 'scale' && placed.has(name))]).toEqual([
        name,
        placed.has(name),
      ]);
      expect([name, /^router/.test(role) || (role === 'scale' && routers.has(name))]).toEqual([
        name,
        routers.has(name),
      ]);
      expect([name, role === 'shared' || (role === 'scale' && shared.has(name))]).toEqual([name, shared.has(name)]);
      if (isCompanion(name, checkpoint.tensors)) expect([name, role]).toEqual([name, 'scale']);
    }
  });

  it.each(all)('%s: hold the parameters that are counted', (_, checkpoint) => {
    const layout = detectLayout(checkpoint);
    const counts = countParameters(checkpoint, layout);
    const read = tensorRoles(checkpoint.tensors, layout);
    const held = (test: (found: ReturnType<typeof read>) => boolean) => {
      const tensors = new Map([...checkpoint.tensors].filter(([name]) => test(read(name))));
      return countParameters({ ...checkpoint, tensors }, { ...layout, groups: [] }).total;
    };
    expect(held(({ role, isMtp }) => EXPERT_ROLES.includes(role) && !isMtp)).toBe(counts.routed);
    expect(held(({ role, isMtp }) => role === 'shared' && !isMtp)).toBe(counts.shared);
    expect(held(({ isMtp }) => isMtp)).toBe(counts.mtp);
  });

  it('say attention, norms, embeddings and heads, and leave little without a role', () => {
    const totals = new Map<TensorRole, number>();
    for (const [, checkpoint] of all) {
      const read = tensorRoles(checkpoint.tensors, detectLayout(checkpoint));
      for (const name of checkpoint.tensors.keys()) totals.set(read(name).role, (totals.get(read(name).role) ?? 0) + 1);
    }
    const sum = [...totals.values()].reduce((a, b) => a + b, 0);
    expect((totals.get('other') ?? 0) / sum).toBeLessThan(0.02);
    const never = Object.keys(TENSOR_ROLES).filter((role) => !totals.has(role as TensorRole));
    // No fixture is quantised, and the layout of each is known: see below.
    expect(never).toEqual(['expert', 'scale']);
  });
});

describe('tensorRoles', () => {
  const layer = (rest: string) => `model.layers.0.${rest}`;
  const matrix = { dtype: 'BF16', shape: [4, 8] } as const;
  const qwen = Object.fromEntries(
    [0, 1].flatMap((expert) =>
      ['gate', 'up', 'down'].map((word) => [layer(`mlp.experts.${expert}.${word}_proj.weight`), matrix]),
    ),
  );

  it.each<[string, TensorRole]>([
    [layer('mlp.experts.1.gate_proj.weight'), 'gate'],
    [layer('mlp.experts.1.down_proj.weight'), 'down'],
    [layer('mlp.experts.1.down_proj.weight_scale_inv'), 'scale'],
    [layer('mlp.gate.weight'), 'router'],
    [layer('mlp.gate.e_score_correction_bias'), 'router-bias'],
    [layer('mlp.gate.weight_scale'), 'scale'],
    [layer('mlp.shared_experts.up_proj.weight'), 'shared'],
    [layer('self_attn.q_proj.weight'), 'attention-q'],
    [layer('self_attn.q_a_proj.weight'), 'attention-q'],
    [layer('self_attn.k_proj.bias'), 'attention-k'],
    [layer('self_attn.v_proj.weight'), 'attention-v'],
    [layer('self_attn.o_proj.weight'), 'attention-o'],
    [layer('self_attn.kv_a_proj_with_mqa.weight'), 'attention'],
    [layer('self_attn.q_proj.weight_scale'), 'scale'],
    [layer('self_attn.q_norm.weight'), 'norm'],
    [layer('mixer.out_proj.weight'), 'attention'],
    [layer('input_layernorm.weight'), 'norm'],
    ['model.layers.1.mlp.gate_proj.weight', 'mlp'],
    ['model.layers.1.self_attention.dense.weight', 'attention'],
    ['model.norm.weight', 'norm'],
    ['model.embed_tokens.weight', 'embedding'],
    ['shared.weight', 'embedding'],
    ['lm_head.weight', 'head'],
    ['output.weight', 'head'],
    ['visual.blocks.0.attn.qkv.weight', 'vision'],
    ['model.vision_tower.embeddings.patch_embedding.weight', 'vision'],
    ['multi_modal_projector.linear_1.weight', 'vision'],
    ['rotary.inv_freq', 'other'],
  ])('%s is %s', (name, role) => {
    expect(rolesOf({ ...qwen, [name]: matrix })[name]?.role).toBe(role);
  });

  it('keeps the roles of tensors in a layer of multi-token prediction, and calls the rest MTP', () => {
    const mtp = Object.fromEntries(
      Object.keys(qwen).map((name) => [name.replace('model.layers.0', 'model.layers.1'), matrix]),
    );
    const found = rolesOf(
      { ...qwen, ...mtp, 'model.layers.1.eh_proj.weight': matrix, 'model.layers.1.enorm.weight': matrix },
      { model_type: 'deepseek_v3', num_hidden_layers: 1, n_routed_experts: 2 },
    );
    expect(found['model.layers.1.eh_proj.weight']).toEqual({ role: 'mtp', isMtp: true });
    expect(found['model.layers.1.enorm.weight']).toEqual({ role: 'norm', isMtp: true });
    expect(found['model.layers.1.mlp.experts.0.up_proj.weight']).toEqual({ role: 'up', isMtp: true });
    expect(found['model.layers.0.mlp.experts.0.up_proj.weight']).toEqual({ role: 'up', isMtp: false });
  });

  it('calls experts of a layout that is not known experts', () => {
    const name = layer('mlp.experts.weird_matrix');
    expect(
      rolesOf({ [name]: { dtype: 'BF16', shape: [2, 4, 8] }, [layer('mlp.gate.weight')]: matrix })[name]?.role,
    ).toBe('expert');
  });
});

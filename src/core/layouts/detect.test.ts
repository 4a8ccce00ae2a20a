import { describe, expect, test } from 'vitest';
import type { FileOffset } from '../safetensors/types.ts';
import { ARCHITECTURES } from './architecture-table.ts';
import { checkpointOf } from './checkpoints.fixture.ts';
import { detectLayout } from './detect.ts';
import { apart, detect, headers, only, P, tags } from './detected.fixture.ts';
import { dialectOf, layoutId } from './dialects.ts';
import { type Entry, syntheticConfig, syntheticHeaders } from './rows.fixture.ts';

describe('expert numbers', () => {
  test('are numbers: ten experts in any order', () => {
    const group = only(apart(P, [0, 1, 10, 11, 2, 3, 4, 5, 6, 7, 8, 9]));
    expect(group).toMatchObject({ experts: 12, intermediate: 4, hidden: 6, defects: [] });
    expect(group.expertTensors.slice(-3)).toEqual([
      `${P}.experts.11.down_proj.weight`,
      `${P}.experts.11.gate_proj.weight`,
      `${P}.experts.11.up_proj.weight`,
    ]);
  });

  test.each<[string, readonly Entry[], Record<string, unknown> | null, string]>([
    ['one is left out', apart(P, [0, 1, 3]), null, 'expert-missing'],
    ['the last is left out, by the config', apart(P, [0, 1, 2]), { num_experts: 4 }, 'expert-missing'],
    ['a projection is left out', apart(P, [0, 1]).slice(0, -1), null, 'expert-missing'],
    [
      'all gates of a gated model are left out',
      apart(P, [0, 1]).filter(([name]) => !name.includes('gate')),
      { model_type: 'qwen3_moe' },
      'expert-missing',
    ],
    ['one is too many', apart(P, [0, 1, 2]), { num_experts: 2 }, 'expert-extra'],
    ['one is there twice', [...apart(P, [0, 1]), [`${P}.experts.01.up_proj.weight`, [4, 6]]], null, 'expert-duplicate'],
    [
      'one has another shape',
      [...apart(P, [0, 1]).slice(0, -1), [`${P}.experts.1.down_proj.weight`, [4, 6]]],
      null,
      'expert-shape-unequal',
    ],
    [
      'one has another dtype',
      [...apart(P, [0, 1]).slice(0, -1), [`${P}.experts.1.down_proj.weight`, [6, 4], 'F32']],
      null,
      'expert-dtype-unequal',
    ],
    [
      'something else stands there',
      [...apart(P, [0, 1]), [`${P}.experts.0.gate_proj.lora_A`, [4, 6]]],
      null,
      'expert-leftover',
    ],
    ['gate and down do not fit', apart(P, [0, 1]).map(([name]): Entry => [name, [4, 6]]), null, 'expert-shape-unequal'],
    ['the hidden size is another', apart(P, [0, 1]), { model_type: 'qwen3_moe', hidden_size: 8 }, 'config-mismatch'],
    [
      'fewer are stacked than configured',
      [
        [`${P}.experts.gate_up_proj`, [2, 8, 6]],
        [`${P}.experts.down_proj`, [2, 6, 4]],
      ],
      { num_experts: 4 },
      'config-mismatch',
    ],
  ])('%s', (_, entries, config, tag) => {
    expect(tags(only(entries, config))).toContain(tag);
  });

  test('thousands missing are counted, not listed', () => {
    const { defects } = only(apart(P, [0]), { num_experts: 5000 });
    expect(defects).toHaveLength(9);
    expect(defects[8]?.message).toBe('14997 tensors of experts are missing in all.');
  });

  test('a hostile number costs no time', () => {
    expect(tags(only(apart(P, [0, '9007199254740991'])))).toContain('expert-missing');
  });
});

describe('which layout', () => {
  const fused = (gateUp: readonly number[], down: readonly number[]): Entry[] => [
    [`${P}.experts.gate_up_proj`, gateUp],
    [`${P}.experts.down_proj`, down],
  ];

  test('two in one layer are none', () => {
    const group = only([...apart(P, [0, 1]), ...fused([2, 8, 6], [2, 6, 4])]);
    expect(group).toMatchObject({ layout: { family: 'unknown' }, members: [] });
    expect(tags(group)).toEqual(['families-mixed']);
    expect(group.expertTensors).toHaveLength(8);
  });

  test('two in one checkpoint are mixed', () => {
    const layout = detect([
      ...apart(P, [0, 1]),
      [`model.layers.1.mlp.experts.gate_up_proj`, [2, 8, 6]],
      [`model.layers.1.mlp.experts.down_proj`, [2, 6, 4]],
    ]);
    expect(layout.layout).toBe('mixed');
    expect(layout.defects.map((defect) => defect.tag)).toEqual(['families-mixed']);
  });

  test.each<[string, readonly number[], readonly number[], string, string]>([
    ['out-in', [2, 8, 6], [2, 6, 4], 'gate-up', 'out-in'],
    ['in-out', [2, 6, 8], [2, 4, 6], 'gate-up-transposed', 'in-out'],
    ['square down', [2, 8, 4], [2, 4, 4], 'gate-up', 'ambiguous'],
    ['square gate_up', [2, 8, 8], [2, 8, 4], 'gate-up', 'ambiguous'],
    ['neither', [2, 8, 6], [2, 4, 6], 'unknown', 'out-in'],
  ])('without a model type, %s', (_, gateUp, down, family, orientation) => {
    const group = only(fused(gateUp, down));
    expect(group).toMatchObject({ layout: { family }, orientation });
    if (orientation === 'ambiguous') expect(tags(group)).toEqual(['orientation-ambiguous']);
  });

  test('an assumption settles what is square', () => {
    const checkpoint = checkpointOf(headers(fused([2, 8, 8], [2, 8, 4])), null);
    expect(detectLayout(checkpoint, { assume: { orientation: 'out-in' } }).groups[0]).toMatchObject({
      orientation: 'out-in',
      defects: [],
    });
    expect(detectLayout(checkpoint, { assume: { modelType: 'mixtral' } }).groups[0]).toMatchObject({
      orientation: 'out-in',
      defects: [],
    });
  });

  test('biased in-out tensors without a model type may be interleaved', () => {
    const group = only([
      ...fused([2, 6, 8], [2, 4, 6]),
      [`${P}.experts.gate_up_proj_bias`, [2, 8]],
      [`${P}.experts.down_proj_bias`, [2, 6]],
    ]);
    expect(group.layout?.family).toBe('unknown');
    expect(group.defects[0]?.readings?.map(({ layout }) => layoutId(layout))).toEqual([
      'gate-up-transposed/plain',
      'gate-up-interleaved/gpt-oss',
    ]);
    expect(group.reason).toContain('--assume gate-up-transposed/plain');
  });

  test('interleaving is never lost to another spelling', () => {
    const renamed = fused([2, 6, 8], [2, 4, 6]).map(([name, shape]): Entry => [`${name}.weight`, shape]);
    expect(only(renamed, { model_type: 'gpt_oss' })).toMatchObject({ layout: { family: 'unknown' } });
    expect(only(fused([2, 8, 6], [2, 6, 4]), { model_type: 'gpt_oss' })).toMatchObject({
      layout: { family: 'unknown' },
    });
  });

  test.each<[string, readonly Entry[]]>([
    ['vLLM’s own names', [[`${P}.experts.w1_EFD`, [2, 4, 6]]]],
    ['Megatron’s', [[`${P}.experts.linear_fc1.weight0`, [8, 6]]]],
    ['numbers that are words', [[`${P}.experts.expert_0.wx.weight`, [4, 6]]]],
    ['up and down alone', apart(P, [0, 1]).filter(([name]) => !name.includes('gate'))],
    ['down alone', [[`${P}.experts.down_proj`, [2, 6, 4]]]],
    [
      'interleaved names of an unknown model',
      [
        [`${P}.experts.gate_up_proj`, [2, 6]],
        [`${P}.experts.down_proj`, [2, 6, 4]],
      ],
    ],
    [
      'flat ones without a number of experts',
      [
        ['blocks.0.ffn.experts.mlp.w1', [8, 6]],
        ['blocks.0.ffn.experts.mlp.v1', [8, 6]],
        ['blocks.0.ffn.experts.mlp.w2', [8, 6]],
      ],
    ],
  ])('%s are unknown, with a reason', (_, entries) => {
    const group = only(entries);
    expect(group.layout).toEqual({ family: 'unknown', dialect: null });
    expect(group.reason).toBeTruthy();
    expect(detect(entries).layout).toBe('unknown');
  });

  test.each<[string, readonly Entry[], string]>([
    [
      'woct0rdho',
      [
        [`${P}.gate_proj.weight`, [2, 4, 6]],
        [`${P}.up_proj.weight`, [2, 4, 6]],
        [`${P}.down_proj.weight`, [2, 6, 4]],
      ],
      'stacked/bare',
    ],
    [
      'Step',
      [
        ['model.layers.0.moe.gate_proj.weight', [2, 4, 6]],
        ['model.layers.0.moe.up_proj.weight', [2, 4, 6]],
        ['model.layers.0.moe.down_proj.weight', [2, 6, 4]],
      ],
      'stacked/moe',
    ],
    [
      'MLX',
      [
        [`${P}.switch_mlp.gate_proj.weight`, [2, 4, 6]],
        [`${P}.switch_mlp.up_proj.weight`, [2, 4, 6]],
        [`${P}.switch_mlp.down_proj.weight`, [2, 6, 4]],
      ],
      'stacked/switch-mlp',
    ],
    [
      'mbridge',
      [
        [`${P}.experts.0.gate_up_proj.weight`, [8, 6]],
        [`${P}.experts.0.down_proj.weight`, [6, 4]],
      ],
      'per-expert/joint',
    ],
    [
      'unsloth',
      [
        [`${P}.experts.gate_up_projs.0.weight`, [8, 6]],
        [`${P}.experts.down_projs.0.weight`, [6, 4]],
      ],
      'per-expert/joint',
    ],
    [
      'gate_up.weight',
      [
        [`${P}.experts.gate_up_proj.weight`, [2, 8, 6]],
        [`${P}.experts.down_proj.weight`, [2, 6, 4]],
      ],
      'gate-up/weight',
    ],
    [
      'no layers at all',
      apart('', [0, 1]).map(([name, shape]): Entry => [name.slice(1), shape]),
      'per-expert/projections',
    ],
  ])('%s', (_, entries, id) => {
    const group = only(entries);
    expect(`${group.layout?.family}/${group.layout?.dialect}`).toBe(id);
    expect(group).toMatchObject({ intermediate: 4, hidden: 6, defects: [], orientation: 'out-in' });
  });
});

describe('layers', () => {
  test('dense, multi-token prediction, routers and shared experts', () => {
    const layout = detect(
      [
        ['model.layers.0.mlp.gate_proj.weight', [8, 6]],
        ...apart('model.layers.1.mlp', [0, 1]),
        ['model.layers.1.mlp.gate.weight', [2, 6]],
        ['model.layers.1.mlp.gate.e_score_correction_bias', [2]],
        ['model.layers.1.mlp.shared_experts.gate_proj.weight', [4, 6]],
        ...apart('model.layers.2.mlp', [0, 1]),
        ['model.layers.10.self_attn.q_proj.weight', [6, 6]],
        ...apart('mtp.layers.0.mlp', [0, 1]),
        ['visual.blocks.0.mlp.gate_proj.weight', [6, 6]],
        ['model.embed_tokens.weight', [9, 6]],
        ['model.norm.weight', [6]],
        ['lm_head.weight', [9, 6]],
      ],
      {
        model_type: 'deepseek_v3',
        num_hidden_layers: 2,
        n_routed_experts: 2,
        first_k_dense_replace: 1,
        num_nextn_predict_layers: 3,
      },
    );
    expect(layout.groups.map((group) => [group.prefix, group.kind])).toEqual([
      ['model.layers.0.mlp', 'dense'],
      ['model.layers.1.mlp', 'moe'],
      ['model.layers.2.mlp', 'mtp'],
      ['model.layers.10', 'mtp'],
      ['mtp.layers.0.mlp', 'mtp'],
    ]);
    expect(layout.groups[1]).toMatchObject({
      router: ['model.layers.1.mlp.gate.weight', 'model.layers.1.mlp.gate.e_score_correction_bias'],
      shared: ['model.layers.1.mlp.shared_experts.gate_proj.weight'],
    });
    expect(layout).toMatchObject({ layout: 'per-expert', defects: [] });
  });

  test('a checkpoint without experts is dense', () => {
    expect(
      detect([
        ['model.layers.0.mlp.gate_proj.weight', [8, 6]],
        ['lm_head.weight', [9, 6]],
      ]),
    ).toMatchObject({
      layout: 'dense',
      groups: [{ prefix: 'model.layers.0.mlp', kind: 'dense', layout: null }],
    });
    expect(detect([])).toMatchObject({ layout: 'dense', groups: [] });
  });

  test('the config’s word on dense layers is held against the tensors', () => {
    const { defects } = detect(apart('model.layers.0.mlp', [0, 1]), {
      model_type: 'deepseek_v3',
      first_k_dense_replace: 1,
    });
    // Experts alone are a cut piece of a model, and that is said too.
    expect(defects.map((defect) => defect.tag)).toEqual(['config-mismatch', 'tensor-missing']);
  });

  test('thinker and talker are described by configs of their own', () => {
    const layout = detect(
      [...apart('thinker.model.layers.0.mlp', [0, 1, 2]), ...apart('talker.model.layers.0.mlp', [0, 1])],
      {
        model_type: 'qwen3_omni_moe',
        thinker_config: { text_config: { num_experts: 3, hidden_size: 6 } },
        talker_config: { text_config: { num_experts: 2, hidden_size: 6 } },
      },
    );
    expect(layout.groups.map((group) => [group.prefix, group.experts, group.defects])).toEqual([
      ['talker.model.layers.0.mlp', 2, []],
      ['thinker.model.layers.0.mlp', 3, []],
    ]);
  });
});

describe('every row of the table, in its own spelling', () => {
  const cases = ARCHITECTURES.filter((row) => row.unsupported === null).flatMap((row) =>
    row.modelTypes.flatMap((type) =>
      row.disk.map((layout, at) => [type, `${layout.family}/${layout.dialect}`, row, at] as const),
    ),
  );
  test.each(cases)('%s: %s', (type, id, row, at) => {
    const group = only(syntheticHeaders(row, at, 4, 6), syntheticConfig(row, type));
    expect(`${group.layout?.family}/${group.layout?.dialect}`).toBe(id);
    const spec = dialectOf(group.layout);
    expect(group).toMatchObject({
      experts: 3,
      intermediate: 4,
      hidden: 6,
      defects: [],
      reason: null,
      orientation: spec?.orientation,
    });
  });
});

test('half a million tensors are sorted', () => {
  const tensors = new Map(checkpointOf({}, null).tensors);
  const shape = [4, 4];
  for (let at = 0; at < 500_000; at += 1) {
    const [layer, expert, word] = [Math.floor(at / 2304), Math.floor(at / 3) % 768, ['gate', 'up', 'down'][at % 3]];
    const name = `model.layers.${layer}.mlp.experts.${expert}.${word}_proj.weight`;
    tensors.set(name, { name, dtype: 'BF16', shape, file: 'a', start: 0 as FileOffset, end: 0 as FileOffset });
  }
  const { groups } = detectLayout({ tensors, config: null });
  expect(groups).toHaveLength(218);
  expect(groups.slice(0, 217).every((group) => group.experts === 768 && group.defects.length === 0)).toBe(true);
}, 30_000);

test('names that number more layers than any model has are refused by name', () => {
  const tensors = new Map(checkpointOf({}, null).tensors);
  const add = (name: string) =>
    tensors.set(name, { name, dtype: 'BF16', shape: [4], file: 'a', start: 0 as FileOffset, end: 0 as FileOffset });
  for (let at = 0; at < 10_000; at += 1) add(`model.layers.${at}.w`);
  expect(detectLayout({ tensors, config: null }).layout).toBe('dense');
  add('model.layers.10000.w');
  expect(() => detectLayout({ tensors, config: null })).toThrow(
    expect.objectContaining({ tag: 'layers-too-many', fields: { tensor: 'model.layers.10000.w' } }),
  );
});

test('of many leftovers the first thousand are told, and the rest counted', () => {
  const odd = Array.from({ length: 1500 }, (_, at): Entry => [`${P}.experts.0.odd.${at}`, [4, 6]]);
  const { defects } = only([...apart(P, [0, 1]), ...odd]);
  expect(defects).toHaveLength(1000);
  expect(defects.at(-1)?.message).toMatch(/belongs to no layout\. The same is true of 500 more tensors\.$/);
});

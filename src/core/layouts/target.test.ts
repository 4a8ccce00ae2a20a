import { describe, expect, test } from 'vitest';
import { checkpointOf, type Headers, readFixture } from './checkpoints.fixture.ts';
import { expertCount, expertIntermediate, hiddenSize, layerCount, topK } from './config-keys.ts';
import { detectLayout } from './detect.ts';
import { asTarget, configChangesFor, renameTensor } from './target.ts';
import type { LayerGroup, Projection, TargetLayout } from './types.ts';
import { matrixView } from './view.ts';

type Part = readonly [part: string, gateUp: readonly number[], down: readonly number[], dtype?: string];
const P = 'model.layers.0.mlp';

/** Two experts apart with the given parts; `gateUp` is the shape of gate's and of up's. */
function quantised(parts: readonly Part[], modelType = 'qwen3_moe', prefix = P): LayerGroup {
  const headers: Record<string, { dtype: string; shape: readonly number[] }> = {};
  for (const [part, gateUp, down, dtype = 'F8_E4M3'] of parts) {
    for (const i of [0, 1]) {
      headers[`${prefix}.experts.${i}.gate_proj.${part}`] = { dtype, shape: gateUp };
      headers[`${prefix}.experts.${i}.up_proj.${part}`] = { dtype, shape: gateUp };
      headers[`${prefix}.experts.${i}.down_proj.${part}`] = { dtype, shape: down };
    }
  }
  return first(headers, { model_type: modelType });
}

function first(headers: Headers, config: Record<string, unknown> | null): LayerGroup {
  const [group] = detectLayout(checkpointOf(headers, config)).groups;
  if (!group) throw new Error('no group');
  expect(group.reason).toBeNull();
  expect(group.defects).toEqual([]);
  return group;
}

function target(
  group: LayerGroup,
  to: TargetLayout,
  modelType = 'qwen3_moe',
): Record<string, readonly number[]> | string {
  const answer = asTarget(group, to, modelType);
  if ('refusal' in answer) return answer.refusal.tag;
  checkViews(group, answer.group);
  return Object.fromEntries(answer.group.members.map((member) => [member.template.slice(P.length + 1), member.shape]));
}

/** Every part has a view on both sides, of the same size. */
function checkViews(from: LayerGroup, to: LayerGroup): void {
  for (const { projection, part } of to.members) {
    for (const each of (projection === 'gate-up' ? ['gate', 'up'] : [projection]) as Projection[]) {
      const [before, after] = [matrixView(from, each, 1, part), matrixView(to, each, 1, part)];
      expect(before, `${each} ${part}`).not.toBeNull();
      expect(after).toMatchObject({ rows: before?.rows, columns: before?.columns });
    }
  }
}

const FP8: readonly Part[] = [
  ['weight', [256, 512], [512, 256]],
  ['weight_scale_inv', [2, 4], [4, 2], 'F32'],
];
const FP8_ODD: readonly Part[] = [
  ['weight', [192, 512], [512, 192]],
  ['weight_scale_inv', [2, 4], [4, 2], 'F32'],
];
const INT4: readonly Part[] = [
  ['weight_packed', [64, 16], [128, 8], 'I32'],
  ['weight_scale', [64, 4], [128, 2], 'BF16'],
];
const INT4_SHAPED: readonly Part[] = [...INT4, ['weight_shape', [2], [2], 'I64']];
const GPTQ: readonly Part[] = [
  ['qweight', [16, 64], [8, 128], 'I32'],
  ['qzeros', [1, 8], [1, 16], 'I32'],
  ['scales', [1, 64], [1, 128], 'F16'],
  ['g_idx', [128], [64], 'I32'],
];
const NVFP4: readonly Part[] = [
  ['weight', [64, 64], [128, 32], 'U8'],
  ['weight_scale', [64, 8], [128, 4], 'F8_E4M3'],
  ['weight_scale_2', [], [], 'F32'],
  ['input_scale', [], [], 'F32'],
];
const BNB: readonly Part[] = [
  ['weight', [16, 1], [16, 1], 'U8'],
  ['weight.absmax', [4], [4], 'F32'],
  ['weight.quant_state.bitsandbytes__nf4', [80], [80], 'U8'],
];

describe('companions', () => {
  test('FP8 blocks are stacked, and joined where they divide I', () => {
    expect(target(quantised(FP8), 'stacked')).toMatchObject({
      'experts.up_proj_scale_inv': [2, 2, 4],
      'experts.down_proj': [2, 512, 256],
    });
    expect(target(quantised(FP8), 'gate-up')).toEqual({
      'experts.gate_up_proj': [2, 512, 512],
      'experts.gate_up_proj_scale_inv': [2, 4, 4],
      'experts.down_proj': [2, 512, 256],
      'experts.down_proj_scale_inv': [2, 4, 2],
    });
    expect(target(quantised(FP8_ODD), 'stacked')).toMatchObject({ 'experts.gate_proj_scale_inv': [2, 2, 4] });
    expect(target(quantised(FP8_ODD), 'gate-up')).toBe('companion-unsupported');
  });

  test('joined FP8 blocks come apart again', () => {
    const answer = asTarget(quantised(FP8), 'gate-up', 'qwen3_moe');
    if ('refusal' in answer) throw new Error(answer.refusal.message);
    const fused = first(Object.fromEntries(answer.group.members.map((member) => [member.template, member])), {
      model_type: 'qwen3_moe',
    });
    expect(fused.members).toEqual(answer.group.members);
    expect(target(fused, 'per-expert')).toMatchObject({ 'experts.{i}.up_proj.weight_scale_inv': [2, 4] });
  });

  test.each<[string, readonly Part[], string, string]>([
    ['packed int4', INT4, 'carried', 'carried'],
    ['packed int4 with its shape as a value', INT4_SHAPED, 'carried', 'companion-unsupported'],
    ['GPTQ', GPTQ, 'carried', 'companion-unsupported'],
    ['NVFP4', NVFP4, 'carried', 'companion-unsupported'],
    ['bitsandbytes', BNB, 'companion-unsupported', 'companion-unsupported'],
  ])('%s: stacked %s', (_, parts, stacked, fused) => {
    const group = quantised(parts);
    const outcome = (to: TargetLayout) => {
      const answer = target(group, to);
      return typeof answer === 'string' ? answer : 'carried';
    };
    expect(outcome('stacked')).toBe(stacked);
    expect(outcome('gate-up')).toBe(fused);
    expect(outcome('switch-mlp')).toBe('companion-unsupported');
    expect(outcome('gate-up-transposed')).toBe('companion-unsupported');
    expect(outcome('per-expert')).toBe('carried');
  });

  test('sizes are read where values are packed', () => {
    expect(quantised(INT4)).toMatchObject({ intermediate: 64, hidden: 128 });
    expect(quantised(GPTQ)).toMatchObject({ intermediate: 64, hidden: 128 });
    expect(quantised(NVFP4)).toMatchObject({ intermediate: 64, hidden: 128 });
  });

  test('MXFP4 keeps its layout: viewed, never moved', () => {
    const member = (name: string, shape: readonly number[], dtype = 'U8') =>
      [`${P}.experts.${name}`, { dtype, shape }] as const;
    const group = first(
      Object.fromEntries([
        member('gate_up_proj_blocks', [2, 128, 3, 16]),
        member('gate_up_proj_scales', [2, 128, 3]),
        member('gate_up_proj_bias', [2, 128], 'BF16'),
        member('down_proj_blocks', [2, 96, 2, 16]),
        member('down_proj_scales', [2, 96, 2]),
        member('down_proj_bias', [2, 96], 'BF16'),
      ]),
      { model_type: 'gpt_oss', hidden_size: 96, intermediate_size: 64, num_local_experts: 2 },
    );
    expect(group).toMatchObject({ layout: { dialect: 'gpt-oss-mxfp4' }, intermediate: 64, hidden: 96 });
    expect(matrixView(group, 'up', 1, 'blocks')).toMatchObject({
      base: 128 * 48 + 48,
      rows: 64,
      columns: 48,
      rowStride: 96,
    });
    expect(matrixView(group, 'down', 1, 'scales')).toMatchObject({ base: 192, rows: 96, columns: 2 });
    expect(matrixView(group, 'up', 0, 'bias')).toMatchObject({ base: 1, rows: 64, columns: 1, rowStride: 2 });
    expect(target(group, 'per-expert', 'gpt_oss')).toBe('companion-unsupported');
    expect(asTarget(group, 'gate-up-interleaved', 'gpt_oss')).toEqual({ group });
  });
});

describe('what an architecture’s consumers expect', () => {
  const group = quantised([['weight', [4, 6], [6, 4], 'BF16']]);

  test.each<[TargetLayout, string | null, string]>([
    ['gate-up-transposed', 'gpt_oss', 'target-unsupported'],
    ['gate-up-interleaved', 'qwen3_moe', 'target-unsupported'],
    ['gate-up-interleaved', null, 'target-unsupported'],
    ['qwen3-moe-fused', 'mixtral', 'target-unsupported'],
  ])('%s for %s is refused', (to, modelType, tag) => {
    expect(asTarget(group, to, modelType)).toMatchObject({ refusal: { tag } });
  });

  test('what nothing is known to load has a note', () => {
    expect(asTarget(group, 'gate-up-transposed', 'qwen3_moe')).toMatchObject({
      note: expect.stringContaining('No known program'),
    });
    expect(asTarget(group, 'gate-up', 'qwen3_moe')).not.toHaveProperty('note');
  });

  test('square transposed matrices need a model type', () => {
    const square = quantised([['weight', [4, 4], [4, 4], 'BF16']]);
    expect(asTarget(square, 'gate-up-transposed', null)).toMatchObject({ refusal: { tag: 'orientation-ambiguous' } });
  });

  test('groups of multi-token prediction are like others', () => {
    const made = (kind: 'moe' | 'mtp') => asTarget({ ...group, kind }, 'gate-up', 'qwen3_moe');
    expect(made('mtp')).toMatchObject({ group: { kind: 'mtp', layout: { family: 'gate-up' } } });
    const [a, b] = [made('moe'), made('mtp')];
    if (!('group' in a && 'group' in b)) throw new Error('refused');
    expect({ ...b.group, kind: 'moe' }).toEqual(a.group);
  });

  test('groups that are dense, unknown or ambiguous are never made up', () => {
    expect(asTarget({ ...group, layout: { family: 'unknown', dialect: null } }, 'gate-up', null)).toMatchObject({
      refusal: { tag: 'layout-unknown' },
    });
    expect(asTarget({ ...group, orientation: 'ambiguous' }, 'gate-up', null)).toMatchObject({
      refusal: { tag: 'orientation-ambiguous' },
    });
    const dense = { ...group, kind: 'dense', layout: null } as const;
    expect(asTarget(dense, 'gate-up', 'qwen3_moe')).toEqual({ group: dense });
  });

  test('experts without a gate are stacked, not joined', () => {
    const names = Object.fromEntries(
      [0, 1].flatMap((i) => [
        [`backbone.layers.0.mixer.experts.${i}.up_proj.weight`, { dtype: 'BF16', shape: [4, 6] }],
        [`backbone.layers.0.mixer.experts.${i}.down_proj.weight`, { dtype: 'BF16', shape: [6, 4] }],
      ]),
    );
    const found = first(names, { model_type: 'nemotron_h' });
    const made = (to: TargetLayout) => {
      const answer = asTarget(found, to, 'nemotron_h');
      return 'refusal' in answer
        ? answer.refusal
        : answer.group.members.map((member) => [member.template, member.shape]);
    };
    expect(made('gate-up')).toEqual([
      ['model.layers.0.mixer.experts.up_proj', [2, 4, 6]],
      ['model.layers.0.mixer.experts.down_proj', [2, 6, 4]],
    ]);
    expect(made('switch-mlp')).toEqual([
      ['backbone.layers.0.mixer.switch_mlp.fc1.weight', [2, 4, 6]],
      ['backbone.layers.0.mixer.switch_mlp.fc2.weight', [2, 6, 4]],
    ]);
  });
});

describe('every other tensor', () => {
  test('is renamed where transformers 5 renames it, and back', () => {
    const { hub, state } = readFixture('mixtral');
    const layout = detectLayout(hub);
    const memory = detectLayout(state);
    const name = 'model.layers.0.block_sparse_moe.gate.weight';
    expect(renameTensor(name, 'mixtral', 'gate-up', layout)).toBe('model.layers.0.mlp.gate.weight');
    expect(renameTensor(name, 'mixtral', 'stacked', layout)).toBe(name);
    expect(renameTensor('model.layers.0.mlp.gate.weight', 'mixtral', 'per-expert', memory)).toBe(name);
    expect(renameTensor('lm_head.weight', 'mixtral', 'gate-up', layout)).toBe('lm_head.weight');
    expect(renameTensor(name, null, 'gate-up', layout)).toBe(name);
  });
});

describe('config.json', () => {
  test('gets both spellings of the number of experts where transformers 4 and 5 differ', () => {
    const { config } = readFixture('qwen3_moe').hub;
    expect(configChangesFor(config, 'qwen3_moe', 'per-expert')).toMatchObject([
      { key: 'num_experts', before: undefined, after: 12 },
    ]);
    expect(configChangesFor({ num_experts: 3, num_local_experts: 3 }, 'qwen3_moe', 'gate-up')).toEqual([]);
    expect(configChangesFor({ text_config: { num_experts: 3 } }, 'qwen3_vl_moe', 'gate-up')).toMatchObject([
      { key: 'text_config.num_local_experts', after: 3 },
    ]);
    expect(configChangesFor({ num_local_experts: 8 }, 'mixtral', 'gate-up')).toEqual([]);
    expect(configChangesFor(null, 'qwen3_moe', 'gate-up')).toEqual([]);
  });

  test('names the class of transformers-qwen3-moe-fused, and the plain one again', () => {
    const config = { num_experts: 2, num_local_experts: 2, architectures: ['Qwen3MoeForCausalLM'] };
    const [change] = configChangesFor(config, 'qwen3_moe', 'qwen3-moe-fused');
    expect(change).toMatchObject({ key: 'architectures', after: ['Qwen3MoeFusedForCausalLM'] });
    expect(
      configChangesFor({ ...config, architectures: ['Qwen3MoeFusedForCausalLM'] }, 'qwen3_moe', 'gate-up'),
    ).toMatchObject([{ after: ['Qwen3MoeForCausalLM'] }]);
  });

  test('is read under every spelling and in every place', () => {
    expect(expertCount({ n_routed_experts: 256 })).toBe(256);
    expect(expertCount({ ffn_config: { moe_num_experts: 16 } })).toBe(16);
    expect(expertCount({ text_config: { num_local_experts: 16 } })).toBe(16);
    expect(expertCount({ num_experts: [4, 8] }, 1)).toBe(8);
    expect(expertCount({ num_experts: [4, 8] })).toBeNull();
    expect(expertCount({ num_experts: '4' })).toBeNull();
    expect(topK({ moe_topk: 2, num_experts: 4 })).toBe(2);
    expect(hiddenSize({ d_model: 64 })).toBe(64);
    expect(layerCount({ num_layers: 7 })).toBe(7);
    expect(expertIntermediate({ moe_intermediate_size: 5, intermediate_size: 9 })).toBe(5);
  });
});

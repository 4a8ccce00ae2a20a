import { describe, expect, test } from 'vitest';
import type { Checkpoint } from '../checkpoint/types.ts';
import { checkpointOf, ENDS } from './checkpoints.fixture.ts';
import { detectLayout } from './detect.ts';

const [E, H, I] = [2, 12, 8];

function experts(layer: string, fused = false): Record<string, readonly number[]> {
  const stacked = {
    [`${layer}.mlp.experts.gate_up_proj`]: [E, 2 * I, H],
    [`${layer}.mlp.experts.down_proj`]: [E, H, I],
  };
  const apart = Array.from({ length: E }, (_, i) => [
    [`${layer}.mlp.experts.${i}.gate_proj.weight`, [I, H]],
    [`${layer}.mlp.experts.${i}.up_proj.weight`, [I, H]],
    [`${layer}.mlp.experts.${i}.down_proj.weight`, [H, I]],
  ]).flat();
  return { [`${layer}.mlp.gate.weight`]: [E, H], ...(fused ? stacked : Object.fromEntries(apart)) };
}

const MAIN = { ...experts('model.layers.0'), ...experts('model.layers.1') };
const EXTRA = { ...experts('model.layers.2'), 'model.layers.2.eh_proj.weight': [H, 2 * H] };
const CONFIG = { model_type: 'glm4_moe', num_hidden_layers: 2, n_routed_experts: E, hidden_size: H };

function told(
  shapes: Record<string, readonly number[]>,
  config: Record<string, unknown>,
  more: Partial<Pick<Checkpoint, 'findings' | 'absent'>> = {},
) {
  const headers = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, { dtype: 'BF16', shape }]));
  const layout = detectLayout({ ...checkpointOf({ ...ENDS, ...headers }, config), ...more });
  expect(layout.groups.flatMap(({ defects }) => defects)).toEqual([]);
  return layout.defects.map(({ tag, message }) => `${tag}: ${message}`);
}

describe('multi-token prediction', () => {
  test('is fine where the config promises what is there, or nothing and nothing is', () => {
    expect(told(MAIN, CONFIG)).toEqual([]);
    expect(told(MAIN, { ...CONFIG, num_nextn_predict_layers: 0 })).toEqual([]);
    expect(told({ ...MAIN, ...EXTRA }, { ...CONFIG, num_nextn_predict_layers: 1 })).toEqual([]);
    const stack = { ...MAIN, ...experts('mtp.layers.0'), 'mtp.fc.weight': [H, H] };
    expect(told(stack, { ...CONFIG, model_type: 'qwen3_next', num_experts: E })).toEqual([]);
    expect(told(stack, { ...CONFIG, mtp_num_hidden_layers: 1 })).toEqual([]);
  });

  test('is promised and not there', () => {
    expect(told(MAIN, { ...CONFIG, num_nextn_predict_layers: 1 })).toEqual([
      'mtp-absent: The config promises 1 layer of multi-token prediction (num_nextn_predict_layers), and no tensor of one was found. The model itself is complete; write 0 there, or add the missing tensors.',
    ]);
    const nested = { model_type: 'glm4v_moe', text_config: { ...CONFIG, num_nextn_predict_layers: 3 } };
    expect(told({ ...MAIN, ...EXTRA }, nested)).toEqual([expect.stringMatching(/^mtp-absent: .*only 1 is here/)]);
  });

  test('is not called absent while some files were not read', () => {
    const findings = [{ tag: 'shard-unread', message: 'x', severity: 'error' }] as const;
    expect(told(MAIN, { ...CONFIG, num_nextn_predict_layers: 1 }, { findings })).toEqual([]);
  });

  test('is there and not promised', () => {
    const says =
      'mtp-unpromised: Layer 2 is here for multi-token prediction, of which the config does not promise any.';
    expect(told({ ...MAIN, ...EXTRA }, CONFIG)).toEqual([says]);
    expect(told({ ...MAIN, ...EXTRA }, { ...CONFIG, num_nextn_predict_layers: 0 })).toEqual([
      'mtp-unpromised: Layer 2 is here for multi-token prediction, of which the config promises 0 (num_nextn_predict_layers).',
    ]);
    expect(told({ ...MAIN, ...experts('mtp.layers.0') }, CONFIG)).toEqual([
      'mtp-unpromised: Layer 0 of mtp.layers is here for multi-token prediction, of which the config does not promise any.',
    ]);
  });

  test('is not guessed from a layer too many', () => {
    expect(told({ ...MAIN, ...experts('model.layers.2') }, CONFIG)).toEqual([
      'config-mismatch: The config counts 2 layers; layer 2 is here too, and nothing in it mentions multi-token prediction.',
    ]);
  });

  test('is in a shard that is missing', () => {
    const absent = new Map(Object.keys(EXTRA).map((name) => [name, 'mtp.safetensors']));
    const findings = [{ tag: 'shard-missing', message: 'x', severity: 'error' }] as const;
    expect(told(MAIN, { ...CONFIG, num_nextn_predict_layers: 1 }, { absent, findings })).toEqual([
      'mtp-shard-missing: Layer 2, multi-token prediction, lacks 8 tensors that mtp.safetensors should hold. The other layers do not need them.',
    ]);
    const main = new Map([0, 1].map((at) => [`model.layers.${at}.input_layernorm.weight`, 'b.safetensors']));
    expect(told({ ...MAIN, ...EXTRA }, { ...CONFIG, num_nextn_predict_layers: 1 }, { absent: main })).toEqual([]);
  });

  test('is stored in another layout than the other layers', () => {
    const mixed = { ...MAIN, ...experts('mtp.layers.0', true) };
    expect(told(mixed, { ...CONFIG, num_nextn_predict_layers: 1 })).toEqual([
      'mtp-layout-differs: Layer 0 of mtp.layers, multi-token prediction, holds its experts as gate-up (plain), the others as per-expert (projections).',
    ]);
  });

  test('has its own number of experts where the config gives it one', () => {
    const draft = {
      'norm.weight': [H],
      'layers.0.ffn.gate.weight': [4, H],
      'mtp.0.ffn.gate.weight': [E, H],
      ...Object.fromEntries(
        [
          ['layers.0', 4],
          ['mtp.0', E],
        ].flatMap(([layer, count]) =>
          Array.from({ length: Number(count) }, (_, i) =>
            ['w1', 'w2', 'w3'].map((word) => [
              `${layer}.ffn.experts.${i}.${word}.weight`,
              word === 'w2' ? [H, I] : [I, H],
            ]),
          ).flat(),
        ),
      ),
    };
    const config = {
      model_type: 'deepseek_v41',
      num_hidden_layers: 1,
      n_routed_experts: 4,
      hidden_size: H,
      moe_intermediate_size: I,
      num_nextn_predict_layers: 1,
    };
    expect(told(draft, { ...config, dspark_n_routed_experts: E })).toEqual([]);
  });
});

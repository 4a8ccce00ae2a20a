import { describe, expect, test } from 'vitest';
import { checkpointOf } from './checkpoints.fixture.ts';
import { detectLayout } from './detect.ts';

const [H, W, I] = [32, 16, 8];
type Shapes = Record<string, readonly number[]>;

/** Layers of two experts whose inputs are as wide as given. */
function layers(widths: readonly number[], more: (layer: string) => Shapes = () => ({})): Shapes {
  return Object.assign(
    {},
    ...widths.map((width, at) => {
      const layer = `model.layers.${at}.mlp`;
      const experts = [0, 1].map((i) => ({
        [`${layer}.experts.${i}.gate_proj.weight`]: [I, width],
        [`${layer}.experts.${i}.up_proj.weight`]: [I, width],
        [`${layer}.experts.${i}.down_proj.weight`]: [width, I],
      }));
      return Object.assign({ [`${layer}.gate.weight`]: [2, H] }, ...experts, more(layer));
    }),
  );
}

function defects(shapes: Shapes, config: Record<string, unknown>): string[] {
  const headers = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, { dtype: 'BF16', shape }]));
  const layout = detectLayout(checkpointOf(headers, { hidden_size: H, num_experts: 2, ...config }));
  return layout.groups.flatMap((group) => group.defects.map(({ message }) => message));
}

const NARROW = `The experts' hidden size is ${W}, the config says ${H}.`;

describe('experts narrower than the model', () => {
  test.each(['routed_expert_hidden_size', 'moe_latent_size'])('are as the config says under %s', (key) => {
    expect(defects(layers([W, W]), { model_type: 'qwen3_moe', [key]: W })).toEqual([]);
    expect(defects(layers([W, W]), { [key]: W })).toEqual([]);
    expect(defects(layers([W, W]), { [key]: W + 1 })).toHaveLength(2);
  });

  test('of a model type that is not known, are no damage where all layers agree', () => {
    expect(defects(layers([W, W]), { model_type: 'something_new' })).toEqual([]);
    expect(defects(layers([W, H]), { model_type: 'something_new' })).toEqual([NARROW]);
  });

  test('of a known one, are damage unless tensors beside them lead there and back', () => {
    const beside = (layer: string): Shapes => ({
      [`${layer}.routed_expert_down_proj.weight`]: [W, H],
      [`${layer}.routed_expert_up_proj.weight`]: [H, W],
    });
    expect(defects(layers([W, W]), { model_type: 'qwen3_moe' })).toEqual([NARROW, NARROW]);
    expect(defects(layers([W, W], beside), { model_type: 'qwen3_moe' })).toEqual([]);
  });

  test('the config is wrong where the routers disagree with it too', () => {
    const says = defects(layers([H, H]), { model_type: 'something_new', hidden_size: W });
    expect(says).toEqual([`The experts' hidden size is ${H}, the config says ${W}.`, expect.any(String)]);
  });
});

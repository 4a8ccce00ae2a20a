import { describe, expect, it } from 'vitest';
import { openFixture } from '../testing.fixture.ts';
import { checkpointOf, type Headers } from './checkpoints.fixture.ts';
import { detectLayout } from './detect.ts';
import { countParameters } from './parameters.ts';

function count(headers: Headers, config: Record<string, unknown> | null = null) {
  const checkpoint = checkpointOf(headers, config);
  return countParameters(checkpoint, detectLayout(checkpoint));
}

const P = 'model.layers.0.mlp.experts';
const [H, I] = [256, 128];

/** Two experts whose three matrices each have I × H numbers. */
const NUMBERS = 2 * 3 * I * H;

/** The tensors of two experts; `make` gives one projection's tensors for a matrix [out, in]. */
function experts(make: (stem: string, out: number, input: number) => Headers): Headers {
  const all: Record<string, { dtype: string; shape: readonly number[] }> = {};
  for (const i of [0, 1]) {
    Object.assign(
      all,
      make(`${P}.${i}.gate_proj`, I, H),
      make(`${P}.${i}.up_proj`, I, H),
      make(`${P}.${i}.down_proj`, H, I),
    );
  }
  return all;
}

describe('parameters', () => {
  it('of a plain checkpoint are its elements, active ones by top-k', async () => {
    const { checkpoint } = await openFixture('qwen3_moe');
    const counted = countParameters(checkpoint, detectLayout(checkpoint));
    const routed = 2 * 12 * 3 * 48 * 64;
    expect(counted).toEqual({
      total: 311_328,
      routed,
      shared: 0,
      active: 311_328 - routed + (routed * 3) / 12,
      perDtype: { BF16: 311_328 },
    });
  });

  it.each<[string, Headers, Record<string, unknown>?]>([
    [
      'FP8 with block scales',
      experts((stem, out, input) => ({
        [`${stem}.weight`]: { dtype: 'F8_E4M3', shape: [out, input] },
        [`${stem}.weight_scale_inv`]: { dtype: 'F32', shape: [out / 128, input / 128] },
      })),
    ],
    [
      'compressed-tensors int4',
      experts((stem, out, input) => ({
        [`${stem}.weight_packed`]: { dtype: 'I32', shape: [out, input / 8] },
        [`${stem}.weight_scale`]: { dtype: 'BF16', shape: [out, input / 32] },
        [`${stem}.weight_shape`]: { dtype: 'I64', shape: [2] },
      })),
      {
        quantization_config: {
          quant_method: 'compressed-tensors',
          config_groups: { group_0: { weights: { num_bits: 4 } } },
        },
      },
    ],
    [
      'GPTQ in 8 bits',
      experts((stem, out, input) => ({
        [`${stem}.qweight`]: { dtype: 'I32', shape: [input / 4, out] },
        [`${stem}.qzeros`]: { dtype: 'I32', shape: [input / 128, out / 4] },
        [`${stem}.scales`]: { dtype: 'F16', shape: [input / 128, out] },
        [`${stem}.g_idx`]: { dtype: 'I32', shape: [input] },
      })),
      { quantization_config: { quant_method: 'gptq', bits: 8 } },
    ],
    [
      'AWQ in 4 bits',
      experts((stem, out, input) => ({
        [`${stem}.qweight`]: { dtype: 'I32', shape: [input, out / 8] },
        [`${stem}.qzeros`]: { dtype: 'I32', shape: [input / 128, out / 8] },
        [`${stem}.scales`]: { dtype: 'F16', shape: [input / 128, out] },
      })),
      { quantization_config: { quant_method: 'awq', bits: 4 } },
    ],
    [
      'NVFP4',
      experts((stem, out, input) => ({
        [`${stem}.weight`]: { dtype: 'U8', shape: [out, input / 2] },
        [`${stem}.weight_scale`]: { dtype: 'F8_E4M3', shape: [out, input / 16] },
        [`${stem}.weight_scale_2`]: { dtype: 'F32', shape: [] },
        [`${stem}.input_scale`]: { dtype: 'F32', shape: [] },
      })),
    ],
    [
      'bitsandbytes nf4',
      experts((stem, out, input) => ({
        [`${stem}.weight`]: { dtype: 'U8', shape: [(out * input) / 2, 1] },
        [`${stem}.weight.absmax`]: { dtype: 'U8', shape: [(out * input) / 64] },
        [`${stem}.weight.quant_map`]: { dtype: 'F32', shape: [16] },
        [`${stem}.weight.nested_absmax`]: { dtype: 'F32', shape: [2] },
        [`${stem}.weight.nested_quant_map`]: { dtype: 'F32', shape: [256] },
        [`${stem}.weight.quant_state.bitsandbytes__nf4`]: { dtype: 'U8', shape: [80] },
      })),
    ],
    [
      'MLX in 4 bits',
      Object.fromEntries(
        [['gate_proj', I, H] as const, ['up_proj', I, H] as const, ['down_proj', H, I] as const].flatMap(
          ([projection, out, input]) => {
            const stem = `model.layers.0.mlp.switch_mlp.${projection}`;
            return [
              [`${stem}.weight`, { dtype: 'U32', shape: [2, out, input / 8] }],
              [`${stem}.scales`, { dtype: 'BF16', shape: [2, out, input / 64] }],
              [`${stem}.biases`, { dtype: 'BF16', shape: [2, out, input / 64] }],
            ];
          },
        ),
      ),
      { quantization: { bits: 4, group_size: 64 } },
    ],
  ])('of %s are those of the matrices it stands for', (_name, headers, config) => {
    expect(count(headers, { num_experts: 2, num_experts_per_tok: 1, ...config })).toMatchObject({
      total: NUMBERS,
      routed: NUMBERS,
      active: NUMBERS / 2,
    });
  });

  it('of gpt-oss-20b in MXFP4 are the published 20.9 billion', () => {
    const [layers, E, h, i, vocabulary, heads, kv, dim] = [24, 32, 2880, 2880, 201_088, 64, 8, 64];
    const headers: Record<string, { dtype: string; shape: readonly number[] }> = {
      'model.embed_tokens.weight': { dtype: 'BF16', shape: [vocabulary, h] },
      'lm_head.weight': { dtype: 'BF16', shape: [vocabulary, h] },
      'model.norm.weight': { dtype: 'BF16', shape: [h] },
    };
    for (let layer = 0; layer < layers; layer++) {
      const base = `model.layers.${layer}.`;
      const add = (name: string, dtype: string, shape: number[]) => {
        headers[base + name] = { dtype, shape };
      };
      add('input_layernorm.weight', 'BF16', [h]);
      add('post_attention_layernorm.weight', 'BF16', [h]);
      add('self_attn.sinks', 'BF16', [heads]);
      for (const [name, width] of [
        ['q', heads * dim],
        ['k', kv * dim],
        ['v', kv * dim],
      ] as const) {
        add(`self_attn.${name}_proj.weight`, 'BF16', [width, h]);
        add(`self_attn.${name}_proj.bias`, 'BF16', [width]);
      }
      add('self_attn.o_proj.weight', 'BF16', [h, heads * dim]);
      add('self_attn.o_proj.bias', 'BF16', [h]);
      add('mlp.router.weight', 'BF16', [E, h]);
      add('mlp.router.bias', 'BF16', [E]);
      add('mlp.experts.gate_up_proj_blocks', 'U8', [E, 2 * i, h / 32, 16]);
      add('mlp.experts.gate_up_proj_scales', 'U8', [E, 2 * i, h / 32]);
      add('mlp.experts.gate_up_proj_bias', 'BF16', [E, 2 * i]);
      add('mlp.experts.down_proj_blocks', 'U8', [E, h, i / 32, 16]);
      add('mlp.experts.down_proj_scales', 'U8', [E, h, i / 32]);
      add('mlp.experts.down_proj_bias', 'BF16', [E, h]);
    }
    const config = {
      model_type: 'gpt_oss',
      num_local_experts: E,
      num_experts_per_tok: 4,
      hidden_size: h,
      intermediate_size: i,
      num_hidden_layers: layers,
    };
    expect(count(headers, config).total).toBe(20_914_757_184);
  });
});

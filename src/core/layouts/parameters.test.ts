import { describe, expect, it } from 'vitest';
import { expected, openQuantised, SOUND } from '../quantised/quantised.fixture.ts';
import { elementsOf } from '../safetensors/dtype.ts';
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
    const embedding = elementsOf(checkpoint.tensors.get('lm_head.weight')?.shape ?? []);
    expect(counted).toEqual({
      total: 311_328,
      routed,
      shared: 0,
      active: 311_328 - routed + (routed * 3) / 12,
      activeWithoutInput: 311_328 - routed + (routed * 3) / 12 - embedding,
      activeWithoutEmbeddings: 311_328 - routed + (routed * 3) / 12 - 2 * embedding,
      embeddings: { input: embedding, output: embedding },
      mtp: 0,
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
  ])('of %s are those of the matrices it represents', (_name, headers, config) => {
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

  it('of one token in Qwen3-235B-A22B, DeepSeek-V3 and GLM-4.5-Air are the published ones, MTP layers left out', () => {
    const cases = [
      { build: qwen235b, active: 22_190_763_520, withoutInput: 21_568_433_664, total: 235_093_634_560, mtp: 0 },
      {
        build: glmAir,
        active: 13_424_129_664,
        withoutInput: 12_803_372_672,
        total: 110_468_824_832,
        mtp: 3_616_573_568,
      },
    ];
    for (const { build, ...expected } of cases) {
      const { headers, config } = build();
      const counted = count(headers, config);
      expect({
        active: counted.active,
        withoutInput: counted.activeWithoutInput,
        total: counted.total,
        mtp: counted.mtp,
      }).toEqual(expected);
    }
    const { headers, config } = glmAir();
    expect(count(headers, config).activeWithoutEmbeddings).toBe(12_182_615_680);
  });

  it('of one token are not known without top-k, and all of a dense model', () => {
    const headers = experts((stem, out, input) => ({ [`${stem}.weight`]: { dtype: 'BF16', shape: [out, input] } }));
    expect(count(headers)).toMatchObject({ total: NUMBERS, active: null, activeWithoutInput: null });
    const dense = { 'model.layers.0.mlp.up_proj.weight': { dtype: 'BF16', shape: [4, 4] } };
    expect(count(dense)).toMatchObject({ total: 16, active: 16, routed: 0 });
  });
});

interface Model {
  readonly headers: Headers;
  readonly config: Record<string, unknown>;
}

type Add = (name: string, ...shape: number[]) => void;

function model(config: Record<string, unknown>, build: (add: Add) => void): Model {
  const headers: Record<string, { dtype: string; shape: readonly number[] }> = {};
  build((name, ...shape) => {
    headers[name] = { dtype: 'BF16', shape };
  });
  return { headers, config };
}

function mlp(add: Add, stem: string, h: number, i: number): void {
  add(`${stem}.gate_proj.weight`, i, h);
  add(`${stem}.up_proj.weight`, i, h);
  add(`${stem}.down_proj.weight`, h, i);
}

function qwen235b(): Model {
  const [h, i, heads, kv, dim, E] = [4096, 1536, 64, 4, 128, 128];
  const config = { model_type: 'qwen3_moe', num_experts: E, num_experts_per_tok: 8, num_hidden_layers: 94 };
  return model(config, (add) => {
    for (const name of ['model.embed_tokens.weight', 'lm_head.weight']) add(name, 151_936, h);
    add('model.norm.weight', h);
    for (let layer = 0; layer < 94; layer++) {
      const base = `model.layers.${layer}`;
      add(`${base}.self_attn.q_proj.weight`, heads * dim, h);
      for (const name of ['k', 'v']) add(`${base}.self_attn.${name}_proj.weight`, kv * dim, h);
      add(`${base}.self_attn.o_proj.weight`, h, heads * dim);
      for (const name of ['q', 'k']) add(`${base}.self_attn.${name}_norm.weight`, dim);
      for (const name of ['input_layernorm', 'post_attention_layernorm']) add(`${base}.${name}.weight`, h);
      add(`${base}.mlp.gate.weight`, E, h);
      for (let expert = 0; expert < E; expert++) mlp(add, `${base}.mlp.experts.${expert}`, h, i);
    }
  });
}

/** As on the Hub: layer 46 predicts further tokens and has copies of the embeddings. */
function glmAir(): Model {
  const [h, i, heads, kv, dim, E, vocabulary] = [4096, 1408, 96, 8, 128, 128, 151_552];
  const config = {
    model_type: 'glm4_moe',
    n_routed_experts: E,
    num_experts_per_tok: 8,
    num_hidden_layers: 46,
    first_k_dense_replace: 1,
  };
  return model(config, (add) => {
    for (const name of ['model.embed_tokens.weight', 'lm_head.weight']) add(name, vocabulary, h);
    add('model.norm.weight', h);
    for (let layer = 0; layer <= 46; layer++) {
      const base = `model.layers.${layer}`;
      for (const [name, width] of [
        ['q', heads * dim],
        ['k', kv * dim],
        ['v', kv * dim],
      ] as const) {
        add(`${base}.self_attn.${name}_proj.weight`, width, h);
        add(`${base}.self_attn.${name}_proj.bias`, width);
      }
      add(`${base}.self_attn.o_proj.weight`, h, heads * dim);
      for (const name of ['input_layernorm', 'post_attention_layernorm']) add(`${base}.${name}.weight`, h);
      if (layer === 0) mlp(add, `${base}.mlp`, h, 10_944);
      else {
        add(`${base}.mlp.gate.weight`, E, h);
        add(`${base}.mlp.gate.e_score_correction_bias`, E);
        mlp(add, `${base}.mlp.shared_experts`, h, i);
        for (let expert = 0; expert < E; expert++) mlp(add, `${base}.mlp.experts.${expert}`, h, i);
      }
    }
    const mtp = 'model.layers.46';
    for (const name of ['embed_tokens.weight', 'shared_head.head.weight']) add(`${mtp}.${name}`, vocabulary, h);
    add(`${mtp}.eh_proj.weight`, h, 2 * h);
    for (const name of ['enorm', 'hnorm', 'shared_head.norm']) add(`${mtp}.${name}.weight`, h);
  });
}

describe('parameters of quantised checkpoints', () => {
  it.each(SOUND)('%s: as many routed ones as its experts have numbers', async (name) => {
    const { checkpoint } = await openQuantised(name);
    const { layers, experts: E, hidden, intermediate } = expected(name);
    const { routed, notCounted } = countParameters(checkpoint, detectLayout(checkpoint));
    const biases = name === 'mxfp4-gpt-oss' ? layers * E * (2 * intermediate + hidden) : 0;
    expect([routed, notCounted]).toEqual([layers * E * 3 * hidden * intermediate + biases, undefined]);
  });

  it('never are packed bytes of which nothing says what they represent', () => {
    const plain = { 'model.norm.weight': { dtype: 'BF16', shape: [H] } };
    const alone = experts((stem, out, input) => ({ [`${stem}.weight`]: { dtype: 'U8', shape: [out, input / 2] } }));
    expect(count({ ...plain, ...alone }, { num_experts: 2 })).toMatchObject({
      total: H,
      notCounted: { tensors: 6, formats: ['packed numbers'] },
    });
    const gemv = experts((stem, out, input) => ({
      [`${stem}.qweight`]: { dtype: 'I32', shape: [out, input / 8] },
      [`${stem}.qzeros`]: { dtype: 'I32', shape: [out, 1] },
      [`${stem}.scales`]: { dtype: 'F16', shape: [out, 8] },
    }));
    const awq = { quantization_config: { quant_method: 'awq', bits: 4, group_size: 128, version: 'gemv' } };
    expect(count({ ...plain, ...gemv }, { num_experts: 2, ...awq }).notCounted).toEqual({
      tensors: 6,
      formats: ['AWQ in another order'],
    });
  });
});

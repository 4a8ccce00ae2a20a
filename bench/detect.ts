/** Layout detection against `JSON.parse` of the same names, for 36,945 and 500,000 tensors: one JSON line, medians in milliseconds. */
import type { CheckpointTensor } from '../src/core/checkpoint/types.ts';
import { detectLayout } from '../src/core/layouts/detect.ts';
import type { FileOffset } from '../src/core/safetensors/types.ts';

const RUNS = 9;
const TENSORS_PER_SHARD = 313;

interface Model {
  readonly layers: number;
  readonly experts: number;
}

/** Qwen3-235B-A22B's names and shapes, or those of a model with more layers and experts. */
function namesOf({ layers, experts }: Model): [string, number[]][] {
  const names: [string, number[]][] = [
    ['model.embed_tokens.weight', [151_936, 4096]],
    ['model.norm.weight', [4096]],
    ['lm_head.weight', [151_936, 4096]],
  ];
  for (let layer = 0; layer < layers; layer++) {
    const base = `model.layers.${layer}.`;
    for (const [name, shape] of [
      ['self_attn.q_proj.weight', [8192, 4096]],
      ['self_attn.k_proj.weight', [512, 4096]],
      ['self_attn.v_proj.weight', [512, 4096]],
      ['self_attn.o_proj.weight', [4096, 8192]],
      ['self_attn.q_norm.weight', [128]],
      ['self_attn.k_norm.weight', [128]],
      ['mlp.gate.weight', [experts, 4096]],
      ['input_layernorm.weight', [4096]],
      ['post_attention_layernorm.weight', [4096]],
    ] as [string, number[]][]) {
      names.push([base + name, shape]);
    }
    for (let expert = 0; expert < experts; expert++) {
      const path = `${base}mlp.experts.${expert}.`;
      names.push(
        [`${path}gate_proj.weight`, [1536, 4096]],
        [`${path}up_proj.weight`, [1536, 4096]],
        [`${path}down_proj.weight`, [4096, 1536]],
      );
    }
  }
  return names;
}

function measure(model: Model) {
  const names = namesOf(model);
  const text = JSON.stringify(Object.fromEntries(names));
  const config = {
    model_type: 'qwen3_moe',
    num_experts: model.experts,
    num_hidden_layers: model.layers,
    moe_intermediate_size: 1536,
    hidden_size: 4096,
  };
  const tensors = new Map(
    names.map(([name, shape], index): [string, CheckpointTensor] => {
      const file = `model-${Math.floor(index / TENSORS_PER_SHARD)}.safetensors`;
      return [name, { name, dtype: 'BF16', shape, file, start: 0 as FileOffset, end: 0 as FileOffset }];
    }),
  );
  const detect: number[] = [];
  const parse: number[] = [];
  for (let run = 0; run <= RUNS; run++) {
    const start = performance.now();
    JSON.parse(text);
    const middle = performance.now();
    const layout = detectLayout({ tensors, config });
    const end = performance.now();
    if (layout.layout !== 'per-expert' || layout.groups.length !== model.layers)
      throw new Error('detected something else');
    if (run === 0) continue;
    parse.push(middle - start);
    detect.push(end - middle);
  }
  const median = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
  const [detectMs, parseMs] = [median(detect), median(parse)];
  return {
    tensors: names.length,
    detect_ms: Number(detectMs.toFixed(1)),
    json_parse_ms: Number(parseMs.toFixed(1)),
    ratio: Number((detectMs / parseMs).toFixed(2)),
  };
}

const small = measure({ layers: 94, experts: 128 });
const large = measure({ layers: 217, experts: 768 });
const growth = (large.detect_ms / small.detect_ms / (large.tensors / small.tensors)).toFixed(2);
process.stdout.write(
  `${JSON.stringify({ bench: 'detect', runs: RUNS, small, large, time_per_tensor_large_over_small: Number(growth) })}\n`,
);

import { lazyBody, textBody } from './body.ts';
import { type FillKey, fillKey } from './fill.ts';
import { LICENSE_TEXT, readmeText } from './model-texts.ts';
import { jsonFile, type Repo, type RepoFile, repoFile, storageOf } from './repo.ts';
import { packShards, type TensorSpec, tensorBytes, type VirtualShard, virtualShard } from './shard.ts';

export type VirtualLayout = 'per-expert' | 'stacked' | 'gate-up';
type ExpertProjection = 'gate' | 'up' | 'down';

export interface Qwen3MoeDims {
  readonly layers: number;
  readonly hidden: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly experts: number;
  readonly expertsPerToken: number;
  readonly moeIntermediate: number;
  readonly intermediate: number;
  readonly vocab: number;
  /** Layers with an ordinary MLP instead of experts. */
  readonly denseLayers?: readonly number[] | undefined;
  readonly tied?: boolean | undefined;
}

export interface Qwen3MoeOptions {
  readonly dims: Qwen3MoeDims;
  readonly layout: VirtualLayout;
  /** Decides every weight: two repos of one seed hold the same weights, whatever their layout. */
  readonly seed: string;
  readonly maxShardBytes: number;
  /** `lfs` for a repo without Xet. */
  readonly storage?: 'lfs' | 'xet' | undefined;
  /** Folder inside the repo for shards and index, with its slash. */
  readonly folder?: string | undefined;
}

export const QWEN3_235B: Qwen3MoeDims = {
  layers: 94,
  hidden: 4096,
  heads: 64,
  kvHeads: 4,
  headDim: 128,
  experts: 128,
  expertsPerToken: 8,
  moeIntermediate: 1536,
  intermediate: 12288,
  vocab: 151936,
};

/** Small enough to read whole: 3 layers (the second dense), 8 experts. */
export const QWEN3_TINY: Qwen3MoeDims = {
  layers: 3,
  hidden: 64,
  heads: 4,
  kvHeads: 2,
  headDim: 16,
  experts: 8,
  expertsPerToken: 2,
  moeIntermediate: 48,
  intermediate: 96,
  vocab: 256,
  denseLayers: [1],
};

function tensorKey(seed: string, name: string): FillKey {
  return fillKey(`${seed}|tensor|${name}`);
}

/** The stream of one expert's projection matrix, `[out, in]` row-major. */
export function expertKey(seed: string, layer: number, expert: number, projection: ExpertProjection): FillKey {
  return fillKey(`${seed}|expert|${layer}|${expert}|${projection}`);
}

function plainTensor(seed: string, name: string, shape: readonly number[]): TensorSpec {
  const spec = { name, dtype: 'BF16', shape };
  return { ...spec, blockBytes: tensorBytes(spec), block: () => tensorKey(seed, name) };
}

function* perExpert(options: Qwen3MoeOptions, layer: number): Generator<TensorSpec> {
  const { dims, seed } = options;
  for (let expert = 0; expert < dims.experts; expert += 1) {
    for (const projection of ['gate', 'up', 'down'] as const) {
      const shape = projection === 'down' ? [dims.hidden, dims.moeIntermediate] : [dims.moeIntermediate, dims.hidden];
      const name = `model.layers.${layer}.mlp.experts.${expert}.${projection}_proj.weight`;
      const blockBytes = dims.hidden * dims.moeIntermediate * 2;
      yield { name, dtype: 'BF16', shape, blockBytes, block: () => expertKey(seed, layer, expert, projection) };
    }
  }
}

function fusedTensor(options: Qwen3MoeOptions, layer: number, projections: readonly ExpertProjection[]): TensorSpec {
  const { dims, seed } = options;
  const { experts, hidden, moeIntermediate } = dims;
  const count = projections.length;
  const down = projections[0] === 'down';
  return {
    name: `model.layers.${layer}.mlp.experts.${projections.join('_')}_proj`,
    dtype: 'BF16',
    shape: down ? [experts, hidden, moeIntermediate] : [experts, moeIntermediate * count, hidden],
    blockBytes: hidden * moeIntermediate * 2,
    block: (index) => expertKey(seed, layer, Math.floor(index / count), projections[index % count] ?? 'down'),
  };
}

function* expertTensors(options: Qwen3MoeOptions, layer: number): Generator<TensorSpec> {
  if (options.layout === 'per-expert') {
    yield* perExpert(options, layer);
    return;
  }
  if (options.layout === 'gate-up') {
    yield fusedTensor(options, layer, ['gate', 'up']);
  } else {
    yield fusedTensor(options, layer, ['gate']);
    yield fusedTensor(options, layer, ['up']);
  }
  yield fusedTensor(options, layer, ['down']);
}

function* attentionTensors({ dims, seed }: Qwen3MoeOptions, prefix: string): Generator<TensorSpec> {
  const q = dims.heads * dims.headDim;
  const kv = dims.kvHeads * dims.headDim;
  yield plainTensor(seed, `${prefix}.q_proj.weight`, [q, dims.hidden]);
  yield plainTensor(seed, `${prefix}.k_proj.weight`, [kv, dims.hidden]);
  yield plainTensor(seed, `${prefix}.v_proj.weight`, [kv, dims.hidden]);
  yield plainTensor(seed, `${prefix}.o_proj.weight`, [dims.hidden, q]);
  yield plainTensor(seed, `${prefix}.q_norm.weight`, [dims.headDim]);
  yield plainTensor(seed, `${prefix}.k_norm.weight`, [dims.headDim]);
}

function* mlpTensors(options: Qwen3MoeOptions, layer: number): Generator<TensorSpec> {
  const { dims, seed } = options;
  const prefix = `model.layers.${layer}.mlp`;
  if (dims.denseLayers?.includes(layer)) {
    yield plainTensor(seed, `${prefix}.gate_proj.weight`, [dims.intermediate, dims.hidden]);
    yield plainTensor(seed, `${prefix}.up_proj.weight`, [dims.intermediate, dims.hidden]);
    yield plainTensor(seed, `${prefix}.down_proj.weight`, [dims.hidden, dims.intermediate]);
    return;
  }
  yield plainTensor(seed, `${prefix}.gate.weight`, [dims.experts, dims.hidden]);
  yield* expertTensors(options, layer);
}

/** Every tensor in state-dict order. */
export function* qwen3MoeTensors(options: Qwen3MoeOptions): Generator<TensorSpec> {
  const { dims, seed } = options;
  yield plainTensor(seed, 'model.embed_tokens.weight', [dims.vocab, dims.hidden]);
  for (let layer = 0; layer < dims.layers; layer += 1) {
    const prefix = `model.layers.${layer}`;
    yield* attentionTensors(options, `${prefix}.self_attn`);
    yield* mlpTensors(options, layer);
    yield plainTensor(seed, `${prefix}.input_layernorm.weight`, [dims.hidden]);
    yield plainTensor(seed, `${prefix}.post_attention_layernorm.weight`, [dims.hidden]);
  }
  yield plainTensor(seed, 'model.norm.weight', [dims.hidden]);
  if (!dims.tied) yield plainTensor(seed, 'lm_head.weight', [dims.vocab, dims.hidden]);
}

export function shardName(index: number, count: number): string {
  return `model-${String(index + 1).padStart(5, '0')}-of-${String(count).padStart(5, '0')}.safetensors`;
}

export function indexJson(shards: readonly { readonly tensors: readonly TensorSpec[] }[]): string {
  const map: [string, string][] = [];
  let total = 0;
  for (const [i, shard] of shards.entries()) {
    for (const tensor of shard.tensors) {
      map.push([tensor.name, shardName(i, shards.length)]);
      total += tensorBytes(tensor);
    }
  }
  map.sort(([a], [b]) => (a < b ? -1 : 1));
  const index = { metadata: { total_size: total }, weight_map: Object.fromEntries(map) };
  return `${JSON.stringify(index, null, 2)}\n`;
}

export function qwen3MoeConfig(dims: Qwen3MoeDims): Record<string, unknown> {
  return {
    architectures: ['Qwen3MoeForCausalLM'],
    attention_bias: false,
    attention_dropout: 0.0,
    bos_token_id: 151643,
    decoder_sparse_step: 1,
    eos_token_id: 151645,
    head_dim: dims.headDim,
    hidden_act: 'silu',
    hidden_size: dims.hidden,
    initializer_range: 0.02,
    intermediate_size: dims.intermediate,
    max_position_embeddings: 40960,
    max_window_layers: dims.layers,
    mlp_only_layers: [...(dims.denseLayers ?? [])],
    model_type: 'qwen3_moe',
    moe_intermediate_size: dims.moeIntermediate,
    norm_topk_prob: true,
    num_attention_heads: dims.heads,
    num_experts: dims.experts,
    num_experts_per_tok: dims.expertsPerToken,
    num_hidden_layers: dims.layers,
    num_key_value_heads: dims.kvHeads,
    output_router_logits: false,
    rms_norm_eps: 1e-6,
    rope_scaling: null,
    rope_theta: 1000000.0,
    router_aux_loss_coef: 0.001,
    sliding_window: null,
    tie_word_embeddings: dims.tied ?? false,
    torch_dtype: 'bfloat16',
    transformers_version: '4.51.0',
    use_cache: true,
    use_sliding_window: false,
    vocab_size: dims.vocab,
  };
}

const GENERATION_CONFIG = {
  bos_token_id: 151643,
  do_sample: true,
  eos_token_id: [151645, 151643],
  pad_token_id: 151643,
  temperature: 0.6,
  top_k: 20,
  top_p: 0.95,
  transformers_version: '4.51.0',
};

const TOKENIZER_CONFIG = {
  add_bos_token: false,
  add_prefix_space: false,
  bos_token: null,
  clean_up_tokenization_spaces: false,
  eos_token: '<|im_end|>',
  errors: 'replace',
  model_max_length: 131072,
  pad_token: '<|endoftext|>',
  split_special_tokens: false,
  tokenizer_class: 'Qwen2Tokenizer',
  unk_token: null,
};

export function virtualShards(options: Qwen3MoeOptions): VirtualShard[] {
  return packShards(qwen3MoeTensors(options), options.maxShardBytes).map((tensors) =>
    virtualShard(tensors, options.seed),
  );
}

/** The weight files and, if there are several, their index. */
export function weightFiles(shards: readonly VirtualShard[], kind: 'lfs' | 'xet', folder = ''): RepoFile[] {
  const only = shards.length === 1;
  const files = shards.map((shard, i): RepoFile => {
    const name = only ? 'model.safetensors' : shardName(i, shards.length);
    return { path: folder + name, kind, body: shard.body, sha256: shard.sha256 };
  });
  if (only) return files;
  const body = lazyBody(() => textBody(indexJson(shards)));
  return [...files, { path: `${folder}model.safetensors.index.json`, kind: storageOf('index.json', 0), body }];
}

export function modelFiles(id: string, options: Qwen3MoeOptions): RepoFile[] {
  const weights = weightFiles(virtualShards(options), options.storage ?? 'xet', options.folder);
  return [
    repoFile('.gitattributes', '*.safetensors filter=lfs diff=lfs merge=lfs -text\n'),
    repoFile('LICENSE', LICENSE_TEXT),
    repoFile('README.md', readmeText(id)),
    jsonFile('config.json', qwen3MoeConfig(options.dims)),
    jsonFile('generation_config.json', GENERATION_CONFIG),
    jsonFile('tokenizer_config.json', TOKENIZER_CONFIG),
    ...weights,
  ];
}

/** A Qwen3-MoE style repo of any size, its weights generated as they are read. */
export function qwen3Moe(id: string, options: Qwen3MoeOptions, extra: Partial<Omit<Repo, 'id' | 'files'>> = {}): Repo {
  return {
    pipelineTag: 'text-generation',
    libraryName: 'transformers',
    license: 'apache-2.0',
    tags: ['transformers', 'safetensors', 'qwen3_moe', 'text-generation', 'conversational', 'license:apache-2.0'],
    ...extra,
    id,
    files: modelFiles(id, options),
  };
}

const IDS_235B: Record<VirtualLayout, string> = {
  'per-expert': 'Qwen/Qwen3-235B-A22B',
  stacked: 'moe-loom/Qwen3-235B-A22B-stacked',
  'gate-up': 'moe-loom/Qwen3-235B-A22B-gate-up',
};

/** Qwen3-235B-A22B with its real names and shapes: 470 GB, the same weights in each layout. */
export function qwen3Moe235b({ layout, id }: { layout: VirtualLayout; id?: string }): Repo {
  const maxShardBytes = layout === 'per-expert' ? 4_000_000_000 : 5_000_000_000;
  const options: Qwen3MoeOptions = { dims: QWEN3_235B, layout, seed: 'Qwen3-235B-A22B', maxShardBytes };
  return qwen3Moe(id ?? IDS_235B[layout], options, {
    downloads: 210_345,
    likes: 1068,
    shows: `470 GB, ${layout}`,
  });
}

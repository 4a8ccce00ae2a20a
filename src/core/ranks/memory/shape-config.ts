import { LoomError } from '../../errors.ts';
import {
  type Config,
  configNumber,
  expertConfig,
  expertCount,
  expertIntermediate,
  hiddenSize,
  isConfig,
  layerCount,
  MAX_LAYERS,
  modelTypes,
  readKey,
  topK,
} from '../../layouts/config-keys.ts';
import { type Block, countBlocks, type Traits, traitsOf } from './blocks.ts';
import { type DecoderSizes, decoderBlocks, predictionBlocks } from './decoder.ts';
import { matricesFromConfig } from './matrices.ts';
import { type CacheShape, type ModelShape, PARTS, type Parameters } from './shape.ts';

/** Sizes above these are a mistake or an attack: no decoder comes near. */
const LIMIT_SIZE = 1e7;

const VOCABULARY = ['vocab_size'] as const;
const HEADS = ['num_attention_heads', 'n_heads', 'num_heads'] as const;
const KV_HEADS = ['num_key_value_heads', 'n_head_kv', 'attn_config.kv_n_heads', ...HEADS] as const;
const HEAD_DIM = ['head_dim', 'attention_head_dim'] as const;
const GROUPS = ['n_group', 'moe_num_expert_group', 'num_expert_group'] as const;

/** The sizes and traits that a config describes, and the assumptions that were needed. */
interface Described {
  readonly sizes: DecoderSizes;
  readonly traits: Traits;
  readonly assumed: readonly string[];
}

/**
 * A model's shape from its config.json alone: every matrix is counted as transformers would make it.
 *
 * @throws LoomError `config-invalid` where a size that everything hangs on is missing or makes no sense.
 */
export function shapeFromConfig(config: Config): ModelShape {
  const { sizes, traits, assumed } = describe(config);
  const blocks = decoderBlocks(sizes, traits);
  const parameters = { ...parametersOf(blocks), prediction: predictionParameters(sizes, traits).total };
  const stored = storedBytes(config, blocks);
  const matrices = matricesFromConfig(sizes, traits);
  return { ...shapeOf(config, sizes), parameters, matrices, stored, assumed };
}

/** Everything of a shape but its counts; also the ground for shapes from headers. */
export function shapeOf(
  config: Config,
  sizes: DecoderSizes,
): Omit<ModelShape, 'parameters' | 'matrices' | 'stored' | 'assumed'> {
  const { heads, kvHeads, headDim, latent, ...rest } = sizes;
  const names = config.architectures;
  const [first] = Array.isArray(names) ? names : [];
  const attentionWidth = latent
    ? heads * (latent.nope + latent.rope) * 2 + heads * latent.value * 2
    : (2 * heads + 2 * kvHeads) * headDim;
  const compressed = latent ? (latent.queryRank ?? 0) + latent.rank + latent.rope : 0;
  return {
    ...rest,
    modelType: modelTypes(config).at(-1) ?? null,
    className: typeof first === 'string' ? first : null,
    topK: topK(config) ?? 0,
    finalNorm: sizes.hidden,
    heads,
    kvHeads,
    headDim,
    attentionWidth,
    latent: { width: compressed, parameters: compressed * sizes.hidden * sizes.layers },
    attentionScore: latent ? heads * (latent.nope + latent.rope + latent.value) : 2 * heads * headDim,
    expertGroups: configNumber(config, GROUPS),
    cache: cacheOf(config, sizes),
    config,
  };
}

/** The sizes that a config names. @throws LoomError `config-invalid`. */
export function describe(config: Config): Described {
  const part = expertConfig(config);
  const { traits: usual, known } = traitsOf(modelTypes(config).at(-1) ?? null);
  const assumed = known
    ? []
    : [
        `The model type ${String(config.model_type ?? '(none)')} is not known. Its parameters are counted like Llama’s.`,
      ];
  const [hidden, layers] = [need(hiddenSize(config), 'hidden_size'), need(layerCount(config), 'num_hidden_layers')];
  if (layers > MAX_LAYERS) throw invalid('num_hidden_layers', layers);
  const heads = need(configNumber(config, HEADS), 'num_attention_heads');
  const experts = expertCount(config) ?? 0;
  const sparseLayers = experts === 0 ? [] : sparseLayersOf(part, layers);
  const moeLayers = sparseLayers.length;
  const dense = configNumber(config, ['intermediate_size', 'ffn_hidden_size']) ?? 0;
  const each = experts === 0 ? 0 : need(expertIntermediate(config), 'moe_intermediate_size');
  const sizes: DecoderSizes = {
    layers,
    sparseLayers,
    moeLayers,
    experts,
    hidden,
    intermediate: each,
    sharedIntermediate: sharedOf(part, each),
    denseIntermediate: layers > moeLayers ? need(dense, 'intermediate_size') : 0,
    vocabulary: need(configNumber(config, VOCABULARY), 'vocab_size'),
    tied: (readKey(part, 'tie_word_embeddings') ?? config.tie_word_embeddings) === true,
    heads,
    kvHeads: configNumber(config, KV_HEADS) ?? heads,
    headDim: configNumber(config, HEAD_DIM) ?? Math.floor(hidden / heads),
    latent: latentOf(part),
    predictionLayers: configNumber(config, ['num_nextn_predict_layers']) ?? 0,
  };
  for (const [name, value] of Object.entries(sizes))
    if (typeof value === 'number' && value > LIMIT_SIZE) throw invalid(name, value);
  return { sizes, traits: withConfig(usual, part, known), assumed };
}

/** Flags of a config that say what traits only guess. */
function withConfig(usual: Traits, part: Config, known: boolean): Traits {
  const bias = part.attention_bias;
  const norm = part.use_qk_norm;
  return {
    ...usual,
    ...(typeof bias === 'boolean' ? { qkvBias: bias, outputBias: usual.outputBias || (bias && !known) } : {}),
    ...(typeof norm === 'boolean' && usual.headNorm !== 'all' ? { headNorm: norm ? 'head' : 'none' } : {}),
  };
}

function need(value: number | null, name: string): number {
  if (value === null || !(value > 0)) throw invalid(name, value);
  return value;
}

function invalid(name: string, value: unknown): LoomError {
  const said = value === null ? 'does not say' : `says ${String(value)} for`;
  return new LoomError('config-invalid', `config.json ${said} ${name}. The memory cannot be calculated without it.`, {
    file: 'config.json',
  });
}

/** Layers with routed experts. Spellings: DeepSeek, Qwen, Llama 4, ERNIE. */
function sparseLayersOf(part: Config, layers: number): number[] {
  const types = part.mlp_layer_types;
  const all = Array.from({ length: layers }, (_, layer) => layer);
  if (Array.isArray(types)) return all.filter((layer) => types[layer] === 'sparse');
  const count = (name: string) => configNumber(part, [name]);
  const dense = count('first_k_dense_replace') ?? count('moe_layer_start_index');
  const every = count('decoder_sparse_step') ?? count('interleave_moe_layer_step') ?? count('moe_layer_freq') ?? 1;
  const listed = Array.isArray(part.mlp_only_layers) ? new Set(part.mlp_only_layers) : new Set();
  const step = Math.max(every, 1);
  return all.filter((layer) => {
    if (layer < (dense ?? 0) || listed.has(layer)) return false;
    return dense === null ? (layer + 1) % step === 0 : layer % step === 0;
  });
}

function sharedOf(part: Config, each: number): number {
  const own = configNumber(part, ['shared_expert_intermediate_size', 'shared_intermediate_size']);
  if (own !== null) return own;
  return (configNumber(part, ['n_shared_experts', 'num_shared_experts', 'moe_num_shared_experts']) ?? 0) * each;
}

function latentOf(part: Config): DecoderSizes['latent'] {
  const rank = configNumber(part, ['kv_lora_rank']);
  if (rank === null) return null;
  const of = (name: string) => need(configNumber(part, [name]), name);
  return {
    queryRank: configNumber(part, ['q_lora_rank']),
    rank,
    rope: of('qk_rope_head_dim'),
    nope: of('qk_nope_head_dim'),
    value: of('v_head_dim'),
  };
}

/** Half of gpt-oss's layers see a window alone; a window that `layer_types` do not place is every layer's. */
function cacheOf(config: Config, { layers, kvHeads, headDim, latent }: DecoderSizes): CacheShape {
  const part = expertConfig(config);
  const window = configNumber(config, ['sliding_window']) ?? 0;
  const types = Array.isArray(part.layer_types) ? part.layer_types : null;
  const inWindow = types
    ? types.filter((type) => type === 'sliding_attention').length
    : window === 0 || part.use_sliding_window === false
      ? 0
      : config.model_type === 'gpt_oss'
        ? Math.ceil(layers / 2)
        : layers;
  return {
    elements: latent ? latent.rank + latent.rope : 2 * kvHeads * headDim,
    layers: layers - inWindow,
    windowLayers: inWindow,
    window,
    cuts: latent ? 1 : kvHeads,
  };
}

export function parametersOf(blocks: readonly Block[]): Parameters {
  const counts = PARTS.map((part) => [part, countBlocks(blocks, part)] as const);
  return Object.fromEntries(counts) as Record<(typeof PARTS)[number], number>;
}

/** Multi-token prediction on the Hub: its layers, and the copies of embedding and head that stand beside them. */
export function predictionParameters(sizes: DecoderSizes, traits: Traits) {
  const { layers, copies } = predictionBlocks(sizes, traits);
  const [own, copied] = [countBlocks(layers), countBlocks(copies)];
  return { own, copied, total: own + copied, blocks: [...layers, ...copies] };
}

const FP8_BLOCK = 128;
/** Bits of an MXFP4 weight: 4, and 8 of a scale for each 32. */
const MXFP4_BYTES = 17 / 32;
const BF16 = 2;

/** Bytes of the weights on disk, by the config's quantisation; bf16 without one. */
function storedBytes(config: Config, blocks: readonly Block[]): ModelShape['stored'] {
  const quantisation = isConfig(config.quantization_config) ? config.quantization_config : {};
  const method = quantisation.quant_method;
  let [routed, rest] = [0, 0];
  for (const block of blocks) {
    const bytes = blockBytes(block, typeof method === 'string' ? method : null);
    if (block.part === 'routed') routed += bytes;
    else rest += bytes;
  }
  return { routed, rest };
}

function blockBytes(block: Block, method: string | null): number {
  const count = countBlocks([block]);
  const linear = block.columns > 1 && ['routed', 'shared', 'mlp', 'attention'].includes(block.part);
  if (method === 'fp8' && linear) return count + 4 * fp8Scales([block]);
  if (method === 'mxfp4' && linear && block.part === 'routed') return count * MXFP4_BYTES;
  return count * BF16;
}

/** Scales of FP8 in blocks of 128 × 128: one for each that a matrix reaches into. */
export function fp8Scales(blocks: readonly Block[]): number {
  const linear = blocks.filter(
    ({ columns, part }) => columns > 1 && ['routed', 'shared', 'mlp', 'attention'].includes(part),
  );
  return linear.reduce(
    (sum, { rows, columns, copies }) => sum + Math.ceil(rows / FP8_BLOCK) * Math.ceil(columns / FP8_BLOCK) * copies,
    0,
  );
}

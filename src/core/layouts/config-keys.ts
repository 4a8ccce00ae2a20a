/** A parsed config.json, or a part of one. */
export type Config = Readonly<Record<string, unknown>>;

/** Where a composite config keeps the text model that has the experts, in the order of search. */
const NESTED = [
  'text_config',
  'language_config',
  'llm_config',
  'thinker_config.text_config',
  'talker_config.text_config',
  'thinker_config',
  'talker_config',
] as const;

/** Spellings, most telling first. `moe.…` is Mistral's own params.json. Sources: transformers 5.17's configs; vLLM and llama.cpp for models of remote code. */
export const EXPERT_KEYS = [
  'num_experts',
  'num_local_experts',
  'n_routed_experts',
  'moe_num_experts',
  'moe_num_primary_experts',
  'num_routed_experts',
  'moe.num_experts',
  'ffn_config.moe_num_experts',
] as const;
export const TOP_K_KEYS = [
  'num_experts_per_tok',
  'num_experts_per_token',
  'moe_topk',
  'moe_k',
  'moe_top_k',
  'top_k_experts',
  'moe_num_active_primary_experts',
  'num_selects',
  'moe.num_experts_per_tok',
  'ffn_config.moe_top_k',
] as const;
export const INTERMEDIATE_KEYS = [
  'moe_intermediate_size',
  'expert_ffn_hidden_size',
  'moe_ffn_hidden_size',
  'moe.expert_hidden_dim',
  'ffn_config.ffn_hidden_size',
  'intermediate_size',
  'hidden_dim',
] as const;
const HIDDEN_KEYS = ['hidden_size', 'd_model', 'n_embd', 'dim'] as const;
/** How wide an expert's input is where it is not the hidden size: a projection beside the experts narrows it. */
const LATENT_KEYS = ['routed_expert_hidden_size', 'moe_latent_size'] as const;
const LAYER_KEYS = ['num_hidden_layers', 'num_layers', 'n_layers', 'n_layer'] as const;
/** Layers of the two halves of an encoder–decoder, by the first word of their names. */
const HALVES = {
  encoder: ['encoder_layers', ...LAYER_KEYS],
  decoder: ['decoder_layers', 'num_decoder_layers', ...LAYER_KEYS],
} as const;
/**
 * Most layers of a model: models have some hundreds, and each takes about two kilobytes here. A config that says more is
 * not counted up, and names that number more are no layout.
 */
export const MAX_LAYERS = 10_000;

/** A list with one config a layer, whose entries come before what the config says for all layers. */
export const BLOCK_LIST = 'block_configs';

export function isConfig(value: unknown): value is Config {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value at a path with dots, undefined when some step is missing. */
export function readKey(config: Config, path: string): unknown {
  let value: unknown = config;
  for (const key of path.split('.')) {
    if (!isConfig(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return value;
}

function firstPath(config: Config, keys: readonly string[]): string | null {
  return keys.find((key) => readKey(config, key) != null) ?? null;
}

/** A whole number, or a per-layer list's entry (the first for no layer, where all are equal), else null. */
function asCount(value: unknown, layer: number | null): number | null {
  if (Array.isArray(value)) {
    const same = value.every((entry) => entry === value[0]);
    return layer === null ? (same ? asCount(value[0], null) : null) : asCount(value[layer], null);
  }
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;
}

/** Path of the part that describes the experts under a tensor prefix: `''` for the config itself. */
export function expertConfigPath(config: Config, prefix = ''): string {
  const tower = ['talker', 'thinker'].find((name) => prefix === name || prefix.startsWith(`${name}.`));
  const paths = tower ? [`${tower}_config.text_config`, `${tower}_config`] : ['', ...NESTED];
  const found = paths.find((path) => {
    const part = path === '' ? config : readKey(config, path);
    return isConfig(part) && (firstPath(part, EXPERT_KEYS) ?? blockEntry(part, EXPERT_KEYS)) !== null;
  });
  return found ?? '';
}

/** The part of the config that describes the experts under a tensor prefix. */
export function expertConfig(config: Config, prefix = ''): Config {
  const path = expertConfigPath(config, prefix);
  const part = path === '' ? config : readKey(config, path);
  return isConfig(part) ? part : config;
}

/** The blocks of a config that say something under one of the keys. */
function blocksWith(part: Config, keys: readonly string[]): readonly Config[] {
  const blocks = part[BLOCK_LIST];
  return Array.isArray(blocks) ? blocks.filter((block) => isConfig(block) && firstPath(block, keys) !== null) : [];
}

function blockEntry(part: Config, keys: readonly string[]): string | null {
  const [block] = blocksWith(part, keys);
  return block ? firstPath(block, keys) : null;
}

/** What the block of a layer says; for no layer, what all blocks say alike. */
function blockNumber(part: Config, keys: readonly string[], layer: number | null): number | null {
  const blocks = part[BLOCK_LIST];
  if (!Array.isArray(blocks)) return null;
  const own: readonly unknown[] = layer === null ? blocksWith(part, keys) : [blocks[layer]];
  const numbers = own.flatMap((block) => {
    const path = isConfig(block) ? firstPath(block, keys) : null;
    return isConfig(block) && path !== null ? [asCount(readKey(block, path), null)] : [];
  });
  const [first = null] = numbers;
  return numbers.every((number) => number === first) ? first : null;
}

/** One number of the experts' config under the first spelling present, a layer's own block first; null when none is. */
export function configNumber(
  config: Config | null,
  keys: readonly string[],
  layer: number | null = null,
  prefix = '',
): number | null {
  if (!config) return null;
  for (const part of [expertConfig(config, prefix), config]) {
    const own = blockNumber(part, keys, layer);
    if (own !== null) return own;
    const path = firstPath(part, keys);
    if (path) return asCount(readKey(part, path), layer);
  }
  return null;
}

/** The first of these keys that the config has, as a path from the part that describes the experts or from the top; null for none. */
export function configKey(config: Config | null, keys: readonly string[], prefix = ''): string | null {
  return config && (firstPath(expertConfig(config, prefix), keys) ?? firstPath(config, keys));
}

/** The key under which the config has a list with one number a layer, with how many; null where it has one number or none. */
export function listedNumbers(
  config: Config | null,
  keys: readonly string[],
  prefix = '',
): { readonly key: string; readonly length: number } | null {
  if (!config) return null;
  for (const part of [expertConfig(config, prefix), config]) {
    const key = firstPath(part, keys);
    const value = key === null ? null : readKey(part, key);
    if (key !== null) return Array.isArray(value) ? { key, length: value.length } : null;
  }
  return null;
}

/** Routed experts of a layer (or of any, when no layer is given). */
export function expertCount(config: Config | null, layer: number | null = null, prefix = ''): number | null {
  return configNumber(config, EXPERT_KEYS, layer, prefix);
}

/** Experts that a token is sent to. */
export function topK(config: Config | null, layer: number | null = null, prefix = ''): number | null {
  return configNumber(config, TOP_K_KEYS, layer, prefix);
}

export function hiddenSize(config: Config | null, prefix = ''): number | null {
  return configNumber(config, HIDDEN_KEYS, null, prefix);
}

/** How wide the input of one routed expert is where the config says that it is not the hidden size; else null. */
export function latentSize(config: Config | null, prefix = ''): number | null {
  return configNumber(config, LATENT_KEYS, null, prefix);
}

/** Layers of the stack that a prefix stands in; a config with one block a layer may leave their number out. */
export function layerCount(config: Config | null, prefix = ''): number | null {
  const half = prefix.split('.', 2).find((word) => Object.hasOwn(HALVES, word)) as keyof typeof HALVES | undefined;
  const counted = configNumber(config, half ? HALVES[half] : LAYER_KEYS, null, prefix);
  if (counted !== null || config === null) return counted;
  const blocks = expertConfig(config, prefix)[BLOCK_LIST];
  return Array.isArray(blocks) ? blocks.length : null;
}

/**
 * Numbers below a stack that the config counts, at most {@link MAX_LAYERS}; null where it counts none. Where each holds two
 * attentions (LongCat-Flash), one key counts these and `num_layers` the numbers.
 */
export function blockCount(config: Config | null, prefix = ''): number | null {
  const counted = layerCount(config, prefix);
  if (counted === null) return null;
  return Math.min(counted, configNumber(config, ['num_layers'], null, prefix) ?? counted, MAX_LAYERS);
}

/** The intermediate size of one routed expert. */
export function expertIntermediate(config: Config | null, layer: number | null = null, prefix = ''): number | null {
  return configNumber(config, INTERMEDIATE_KEYS, layer, prefix);
}

/** `model_type` of the config or, where that is one of a composite without experts, of its text part. */
export function modelTypes(config: Config | null, prefix = ''): readonly string[] {
  if (!config) return [];
  const found = [config, expertConfig(config, prefix)].map((part) => part.model_type);
  return [...new Set(found.filter((type) => typeof type === 'string'))];
}

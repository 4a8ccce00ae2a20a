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

/** Spellings, most telling first. Source: facts on layouts, section 5. */
export const EXPERT_KEYS = [
  'num_experts',
  'num_local_experts',
  'n_routed_experts',
  'moe_num_experts',
  'ffn_config.moe_num_experts',
] as const;
export const TOP_K_KEYS = [
  'num_experts_per_tok',
  'num_experts_per_token',
  'moe_topk',
  'moe_k',
  'moe_top_k',
  'top_k_experts',
  'ffn_config.moe_top_k',
] as const;
export const INTERMEDIATE_KEYS = [
  'moe_intermediate_size',
  'expert_ffn_hidden_size',
  'ffn_config.ffn_hidden_size',
  'intermediate_size',
] as const;
const HIDDEN_KEYS = ['hidden_size', 'd_model'] as const;
const LAYER_KEYS = ['num_hidden_layers', 'num_layers', 'n_layers'] as const;

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
    return isConfig(part) && firstPath(part, EXPERT_KEYS) !== null;
  });
  return found ?? '';
}

/** The part of the config that describes the experts under a tensor prefix. */
export function expertConfig(config: Config, prefix = ''): Config {
  const path = expertConfigPath(config, prefix);
  const part = path === '' ? config : readKey(config, path);
  return isConfig(part) ? part : config;
}

/** One number of the experts' config under the first spelling present; null when none is. */
export function configNumber(
  config: Config | null,
  keys: readonly string[],
  layer: number | null = null,
  prefix = '',
): number | null {
  if (!config) return null;
  for (const part of [expertConfig(config, prefix), config]) {
    const path = firstPath(part, keys);
    if (path) return asCount(readKey(part, path), layer);
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

export function layerCount(config: Config | null, prefix = ''): number | null {
  return configNumber(config, LAYER_KEYS, null, prefix);
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

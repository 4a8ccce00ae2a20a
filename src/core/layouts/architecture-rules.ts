import type { Architecture, LayerRule } from './architecture-row.ts';
import { ARCHITECTURES } from './architecture-table.ts';
import { BLOCK_LIST, type Config, isConfig, modelTypes, readKey } from './config-keys.ts';

const BY_TYPE: ReadonlyMap<string, Architecture> = new Map(
  ARCHITECTURES.flatMap((row) => row.modelTypes.map((type) => [type, row] as const)),
);

/** The row of a model type; undefined when it is not known to this program. */
export function architectureOf(modelType: string | null): Architecture | undefined {
  return modelType === null ? undefined : BY_TYPE.get(modelType);
}

/** The model type that a config is of: its own where known here, else that of its text part, else its own. */
export function modelTypeOf(config: Config | null): string | null {
  const types = modelTypes(config);
  return types.find((type) => BY_TYPE.has(type)) ?? types[0] ?? toldType(config);
}

/** The row of a config that names no model type, by the keys that it has. */
function toldType(config: Config | null): string | null {
  const row = ARCHITECTURES.find(
    ({ tells }) => tells.length > 0 && tells.every((key) => config !== null && readKey(config, key) !== undefined),
  );
  return row?.modelTypes[0] ?? null;
}

function asNumber(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}

function asNumbers(value: unknown): readonly number[] | null {
  const list = typeof value === 'string' ? value.split(',').map(Number) : value;
  return Array.isArray(list) && list.every((entry) => Number.isInteger(entry)) ? list : null;
}

function sparseStep(config: Config, layer: number): boolean | null {
  const only = config.mlp_only_layers;
  const step = asNumber(config.decoder_sparse_step);
  if (!Array.isArray(only) && step === null) return null;
  return !(Array.isArray(only) && only.includes(layer)) && (layer + 1) % (step ?? 1) === 0;
}

function interval(config: Config, layer: number): boolean | null {
  const start = asNumber(config.moe_layer_start_index);
  const step = asNumber(config.moe_layer_interval);
  if (start === null || step === null) return null;
  const end = asNumber(config.moe_layer_end_index);
  return layer >= start && (end === null || end < 0 || layer <= end) && (layer + 1) % step === 0;
}

function every(rule: Extract<LayerRule, { kind: 'every' }>, config: Config, layer: number): boolean | null {
  const step = readKey(config, rule.every);
  const first = rule.first === undefined ? null : asNumber(readKey(config, rule.first));
  if (first !== null && layer < first) return false;
  if (Array.isArray(step)) return typeof step[layer] === 'number' ? step[layer] !== 0 : null;
  const number = asNumber(step);
  if (number === null || number < 1) return first === null ? null : true;
  return (layer + (rule.fromOne ? 1 : 0)) % number === 0;
}

function halves(
  rule: Extract<LayerRule, { kind: 'halves' }>,
  config: Config,
  layer: number,
  prefix: string,
): boolean | null {
  const half = prefix.split('.', 2).find((word) => word === 'encoder' || word === 'decoder');
  const step = half === undefined ? null : asNumber(config[rule[half]]);
  if (step === null) return null;
  if (step < 1) return false;
  return step === 1 || layer % step === (rule.at === 'second' ? 1 : step - 1);
}

function applyRule(rule: LayerRule, config: Config, layer: number, prefix: string): boolean | null {
  switch (rule.kind) {
    case 'first': {
      const first = asNumber(config[rule.key]);
      return first === null ? null : layer >= first;
    }
    case 'sparse-step':
      return sparseStep(config, layer);
    case 'period': {
      const period = asNumber(config[rule.period]);
      const offset = asNumber(config[rule.offset]);
      return period === null || offset === null ? null : layer % period === offset;
    }
    case 'interval':
      return interval(config, layer);
    case 'types': {
      const words = config[rule.key];
      const word = Array.isArray(words) || typeof words === 'string' ? words[layer] : undefined;
      if (typeof word !== 'string' && typeof word !== 'number') return null;
      return rule.moe ? rule.moe.includes(String(word)) : word !== 'dense' && word !== 0;
    }
    case 'every':
      return every(rule, config, layer);
    case 'halves':
      return halves(rule, config, layer, prefix);
    case 'blocks': {
      const blocks = config[BLOCK_LIST];
      const block: unknown = Array.isArray(blocks) ? blocks[layer] : undefined;
      const word = isConfig(block) ? block[rule.key] : undefined;
      return typeof word === 'string' ? rule.moe.includes(word) : null;
    }
    case 'list':
      return asNumbers(readKey(config, rule.key))?.includes(layer) ?? null;
  }
}

/** Whether the config gives a layer experts; null when it does not say. `config` is the part that describes them, `prefix` the layer's. */
export function isMoeLayer(row: Architecture, config: Config | null, layer: number, prefix = ''): boolean | null {
  if (!config || !isConfig(config)) return null;
  if (row.layers.length === 0) return true;
  for (const rule of row.layers) {
    const says = applyRule(rule, config, layer, prefix);
    if (says !== null) return says;
  }
  return null;
}

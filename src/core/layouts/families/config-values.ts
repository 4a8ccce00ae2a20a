import type { Config } from '../config-keys.ts';
import { readKey } from '../config-keys.ts';
import type { Activation, Inner } from './block.ts';

/** Says why a block cannot be computed; caught where rules are asked for, never leaves the room. */
export class Unknown extends Error {}

/** A number of a config, the default of transformers 5.17 where it is missing or null. */
export function numberOf(config: Config, key: string, usual: number): number {
  const value = readKey(config, key);
  if (value === undefined || value === null) return usual;
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new Unknown(`The config's ${key} is no number.`);
  return value;
}

export function flagOf(config: Config, key: string, usual: boolean): boolean {
  const value = readKey(config, key);
  if (value === undefined || value === null) return usual;
  if (typeof value !== 'boolean') throw new Unknown(`The config's ${key} is neither true nor false.`);
  return value;
}

export function wordOf(config: Config, key: string, usual: string): string {
  const value = readKey(config, key);
  if (value === undefined || value === null) return usual;
  if (typeof value !== 'string') throw new Unknown(`The config's ${key} is no text.`);
  return value;
}

/** A number of a list with one entry a layer; null where there is no list, or no limit for the layer (null or 0). */
export function layerLimit(config: Config, key: string, layer: number): number | null {
  const list = readKey(config, key);
  const value = Array.isArray(list) ? list[layer] : null;
  return typeof value === 'number' && value > 0 ? value : null;
}

const ACTIVATIONS: Readonly<Record<string, Activation>> = {
  silu: 'silu',
  swish: 'silu',
  gelu: 'gelu',
  gelu_python: 'gelu',
  gelu_pytorch_tanh: 'gelu-tanh',
  gelu_python_tanh: 'gelu-tanh',
  gelu_new: 'gelu-tanh',
  gelu_fast: 'gelu-tanh',
  gelu_accurate: 'gelu-tanh',
  quick_gelu: 'quick-gelu',
  relu: 'relu',
  relu2: 'relu2',
};

/** The activation that a config names under `key`. */
export function activationOf(config: Config, key = 'hidden_act', usual = 'silu'): Activation {
  const word = wordOf(config, key, usual);
  const activation = Object.hasOwn(ACTIVATIONS, word) ? ACTIVATIONS[word] : undefined;
  if (!activation) throw new Unknown(`The activation ${word} is not known to this program.`);
  return activation;
}

export function gated(config: Config, key?: string): Inner {
  return { kind: 'gated', activation: activationOf(config, key) };
}

export function clamped(activation: Activation, limit: number | null, when: 'before' | 'after' = 'before'): Inner {
  return limit === null ? { kind: 'gated', activation } : { kind: 'clamped', activation, limit, when };
}

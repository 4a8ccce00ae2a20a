import { isJsonObject } from '../safetensors/strict-json.ts';

type Json = Readonly<Record<string, unknown>>;

/** What a config says of quantisation. Every field is null where it says nothing that can be used. */
export interface QuantConfig {
  /** `quant_method`, or `quant_algo` where that is not there, in lower case: `fp8`, `compressed-tensors`, `modelopt` … */
  readonly method: string | null;
  /** How the method stores: `pack-quantized`, `nvfp4`, `gptq_v2`, `auto_round:auto_gptq`, `affine` … in lower case. */
  readonly format: string | null;
  readonly bits: number | null;
  /** Inputs that share a scale; `whole` for −1: all of them. */
  readonly group: number | 'whole' | null;
  /** Rows and columns that share a scale. */
  readonly block: readonly [number, number] | null;
  /** Whether activations are quantised with scales that are stored: `static`; with none, or not at all: `none`. */
  readonly activations: 'static' | 'none' | null;
}

const NOTHING: QuantConfig = { method: null, format: null, bits: null, group: null, block: null, activations: null };

/** Keys under which a model's config may hold its text model's. */
const NESTED = ['text_config', 'language_config', 'llm_config', 'thinker_config'];

/** The object in which a config describes quantisation, of the model or of its text model; null without one. */
export function quantisationOf(config: Json | null): Json | null {
  const parts = [config, ...NESTED.map((key) => config?.[key])].filter(isJsonObject);
  for (const part of parts) {
    const found = part.quantization_config ?? part.compression_config ?? part.quantization;
    if (isJsonObject(found)) return found;
  }
  return null;
}

/** What a config says of quantisation. */
export function quantConfig(config: Json | null): QuantConfig {
  const said = quantisationOf(config);
  if (said === null) return NOTHING;
  const inner = isJsonObject(said.quant_config) ? said.quant_config.weight_quant_params : undefined;
  const weights = firstWeights(said);
  const places = [said, weights, isJsonObject(inner) ? inner : {}];
  return {
    method: lower(said.quant_method ?? said.quant_algo),
    format: lower(
      said.packing_format ?? said.checkpoint_format ?? said.format ?? said.mode ?? said.quant_algo ?? said.version,
    ),
    bits: first(places, ['bits', 'num_bits', 'w_bit', 'nbits'], bitsOf),
    group: first(places, ['group_size', 'q_group_size'], groupOf),
    block: first(places, ['weight_block_size', 'block_structure'], blockOf),
    activations: activationsOf(said),
  };
}

/** Algorithms that quantise weights alone, or that leave the scales of activations to the moment. */
const WEIGHTS_ALONE = /^(?:w\d+a16|.*(?:_pb_wo|per_channel_per_token|mxfp8|mxfp4|awq))/;

function activationsOf(said: Json): QuantConfig['activations'] {
  const groups = isJsonObject(said.config_groups) ? Object.values(said.config_groups).filter(isJsonObject) : [];
  const inputs = groups.flatMap(({ input_activations: input }) => (input === undefined ? [] : [input]));
  // compressed-tensors stores a scale for the whole where only those of blocks are left to the moment: `local`.
  if (inputs.length > 0)
    return inputs.some((input) => isJsonObject(input) && input.dynamic !== true) ? 'static' : 'none';
  const algorithm = lower(said.quant_algo);
  if (algorithm !== null) return WEIGHTS_ALONE.test(algorithm) ? 'none' : 'static';
  const scheme = lower(said.activation_scheme);
  return scheme === null ? null : scheme === 'static' ? 'static' : 'none';
}

/** The weights of the first group of compressed-tensors that describes any. */
function firstWeights({ config_groups: groups }: Json): Json {
  const all = isJsonObject(groups) ? Object.values(groups) : [];
  const weights = all.map((group) => (isJsonObject(group) ? group.weights : undefined));
  return weights.find(isJsonObject) ?? {};
}

function first<T>(places: readonly Json[], keys: readonly string[], read: (value: unknown) => T | null): T | null {
  for (const place of places) {
    for (const key of keys) {
      const value = read(place[key]);
      if (value !== null) return value;
    }
  }
  return null;
}

function lower(value: unknown): string | null {
  return typeof value === 'string' ? value.toLowerCase() : null;
}

function isWhole(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}

function bitsOf(value: unknown): number | null {
  return isWhole(value) && value <= 16 ? value : null;
}

function groupOf(value: unknown): number | 'whole' | null {
  return value === -1 ? 'whole' : isWhole(value) ? value : null;
}

function blockOf(value: unknown): readonly [number, number] | null {
  if (!Array.isArray(value) || value.length !== 2) return null;
  const [rows, columns]: readonly unknown[] = value;
  return isWhole(rows) && isWhole(columns) ? [rows, columns] : null;
}

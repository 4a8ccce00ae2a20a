import type { Checkpoint, CheckpointTensor } from '../checkpoint/types.ts';
import { type DType, elementsOf } from '../safetensors/dtype.ts';
import { architectureOf } from './architecture-rules.ts';
import { configNumber, expertCount, hiddenSize, isConfig } from './config-keys.ts';
import { expertsPerToken, perTokenPlaces } from './per-token.ts';
import { layerPrefix } from './tensor-place.ts';
import type { CheckpointLayout } from './types.ts';

/**
 * How many numbers a checkpoint holds, packed formats unpacked; scales, zero points and other companions are not
 * parameters.
 */
export interface ParameterCount {
  /** All that the files hold, MTP layers included. */
  readonly total: number;
  /**
   * What one token passes through, by the first of three conventions, which `Qwen3-235B-A22B` counts by: all of the model
   * but MTP layers and the routed experts beyond top-k. Null where `activeUnknown` says why.
   */
  readonly active: number | null;
  /** Why what one token passes through is not known, in a sentence without its stop; absent where it is. */
  readonly activeUnknown?: string;
  /** The second: without the input embedding, a lookup. DeepSeek's and gpt-oss's cards count so. */
  readonly activeWithoutInput: number | null;
  /** The third: without the output head too. */
  readonly activeWithoutEmbeddings: number | null;
  /** Routed experts, those of MTP layers left out. */
  readonly routed: number;
  readonly shared: number;
  /** Input embedding and output head; a tied one counts as input alone. */
  readonly embeddings: { readonly input: number; readonly output: number };
  /** Layers that predict further tokens, everything in them. */
  readonly mtp: number;
  /** By the dtype that is stored. */
  readonly perDtype: Readonly<Partial<Record<DType, number>>>;
}

/** Ends of names that describe other tensors. Sources: facts of each quantiser's format; see docs/formats.md. */
const COMPANION =
  /(?:\.|_)(?:weight_scale_inv|scale_inv|weight_scale|weight_scale_2|scale_2|input_scale|weight_global_scale|input_global_scale|activation_scale|weight_zero_point|weight_shape|weight_g_idx|qzeros|g_idx|absmax|quant_map|nested_absmax|nested_quant_map|SCB|weight_format)$|\.quant_state\.[\w]+$|_scales$/;

/** Counts the parameters of a checkpoint. */
export function countParameters(
  checkpoint: Pick<Checkpoint, 'tensors' | 'config'>,
  layout: CheckpointLayout,
): ParameterCount {
  const { tensors, config } = checkpoint;
  const parametersIn = parameterCounter(checkpoint);
  const { shares, unknown } = activeShares(layout, config);
  const sharedNames = new Set(layout.groups.flatMap((group) => group.shared));
  const isMtp = mtpTest(layout);
  const perDtype: Partial<Record<DType, number>> = {};
  const sums = { total: 0, routed: 0, shared: 0, mtp: 0, input: 0, output: 0, used: 0 };
  for (const tensor of tensors.values()) {
    const count = parametersIn(tensor);
    if (count === 0) continue;
    const { name, dtype } = tensor;
    sums.total += count;
    perDtype[dtype] = (perDtype[dtype] ?? 0) + count;
    const share = shares.get(name);
    if (isMtp(name)) sums.mtp += count;
    else if (share !== undefined) {
      sums.routed += count;
      sums.used += share * count;
    } else if (sharedNames.has(name)) sums.shared += count;
    else if (INPUT.test(name)) sums.input += count;
    else if (OUTPUT.test(name)) sums.output += count;
  }
  const { total, routed, shared, mtp, input, output } = sums;
  const active = Number.isNaN(sums.used) ? null : total - mtp - routed + Math.round(sums.used);
  const without = (left: number) => (active === null ? null : active - left);
  return {
    total,
    active,
    ...(active === null && unknown !== null ? { activeUnknown: unknown } : {}),
    activeWithoutInput: without(input),
    activeWithoutEmbeddings: without(input + output),
    routed,
    shared,
    embeddings: { input, output },
    mtp,
    perDtype,
  };
}

/** Counts the parameters of one tensor after another, as {@link countParameters} does. */
export function parameterCounter({
  tensors,
  config,
}: Pick<Checkpoint, 'tensors' | 'config'>): (tensor: CheckpointTensor) => number {
  const bits = quantisedBits(config);
  return (tensor) => parametersOf(tensor, tensors, bits);
}

const INPUT = /(?:^|\.)(?:embed_tokens|tok_embeddings|word_embeddings|wte|embed)\.weight$/;
const OUTPUT = /(?:^|\.)(?:lm_head|embed_out)\.weight$|^(?:output|head)\.weight$/;

/** True where an input embedding is here with all the rows and columns that the config says: no rank's slice. */
export function isWholeEmbedding(
  tensors: ReadonlyMap<string, Pick<CheckpointTensor, 'name' | 'shape'>>,
  config: Checkpoint['config'],
): boolean {
  const size = (configNumber(config, ['vocab_size']) ?? Number.NaN) * (hiddenSize(config) ?? Number.NaN);
  for (const { name, shape } of tensors.values()) if (INPUT.test(name)) return elementsOf(shape) >= size;
  return false;
}

/** Each routed tensor's part that one token passes through; NaN where that cannot be told, with the first reason. */
function activeShares(
  layout: CheckpointLayout,
  config: Checkpoint['config'],
): { readonly shares: ReadonlyMap<string, number>; readonly unknown: string | null } {
  const shares = new Map<string, number>();
  const row = architectureOf(layout.modelType);
  let unknown: string | null = null;
  for (const { kind, index, prefix, experts, expertTensors } of layout.groups) {
    if (kind === 'mtp' || expertTensors.length === 0) continue;
    const k = expertsPerToken(config, row, index, prefix);
    const count = experts ?? expertCount(config, index, prefix);
    const known = k !== null && count !== null && count > 0;
    if (!known) unknown ??= whyUnknown(config, k, prefix);
    const share = known ? Math.min(1, k / count) : Number.NaN;
    for (const name of expertTensors) shares.set(name, share);
  }
  return { shares, unknown };
}

function whyUnknown(config: Checkpoint['config'], k: number | null, prefix: string): string {
  if (k !== null) return `nothing says how many experts ${prefix} has`;
  const sought = config === null ? '' : `; looked for ${perTokenPlaces()}`;
  return `no config says how many experts a token takes${sought}`;
}

/** True for tensors of layers that predict further tokens. */
export function mtpTest({ groups }: Pick<CheckpointLayout, 'groups'>): (name: string) => boolean {
  const predicting = groups.filter((group) => group.kind === 'mtp');
  const layers = new Set(predicting.map((group) => layerPrefix(group.prefix)).filter((prefix) => prefix !== ''));
  if (layers.size === 0) return () => false;
  return (name) => name.startsWith('mtp.') || layers.has(layerPrefix(name));
}

/** True for a tensor that describes another one's quantised values: a scale, a zero point and the like are no parameters. */
export function isCompanion(name: string, tensors: ReadonlyMap<string, Pick<CheckpointTensor, 'dtype'>>): boolean {
  if (COMPANION.test(name)) return true;
  if (name.endsWith('.scales') || name.endsWith('.biases')) return isAside(name, tensors);
  return name.endsWith('.scale') && tensors.has(`${name.slice(0, -'scale'.length)}weight`);
}

/** Parameters that one tensor holds: 0 for companions, more than its elements for packed ones. */
function parametersOf(tensor: CheckpointTensor, tensors: ReadonlyMap<string, CheckpointTensor>, bits: number): number {
  const { name, dtype, shape } = tensor;
  const elements = (tensor.slices ?? [shape]).reduce((sum, slice) => sum + elementsOf(slice), 0);
  if (isCompanion(name, tensors)) return 0;
  const beside = (suffix: string, of = 'weight') => tensors.has(name.slice(0, name.length - of.length) + suffix);
  if (name.endsWith('.qweight')) return elements * (32 / bits);
  if (name.endsWith('weight_packed')) return elements * (dtype === 'U8' ? 2 : 32 / bits);
  if (name.endsWith('_blocks')) return elements * 2;
  if (!name.endsWith('weight')) return packedStack(tensor, tensors, elements);
  if (dtype === 'U32' && beside('scales')) return elements * (32 / bits);
  if (dtype === 'U8' && (beside('weight_scale') || beside('weight_scale_2'))) return elements * 2;
  if (dtype === 'U8' && (beside('weight.absmax') || isBitsAndBytes(name, tensors))) return elements * 2;
  if (dtype === 'I8' && beside('scale')) return elements * 2;
  return elements;
}

/** Fused NVFP4: `gate_up_proj` in bytes of two beside `gate_up_proj_weight_scale`. */
function packedStack(
  { name, dtype }: CheckpointTensor,
  tensors: ReadonlyMap<string, CheckpointTensor>,
  elements: number,
): number {
  return dtype === 'U8' && tensors.has(`${name}_weight_scale`) ? elements * 2 : elements;
}

/** `.scales` and `.biases` of MLX, GPTQ and AWQ stand beside a packed weight. */
function isAside(name: string, tensors: ReadonlyMap<string, Pick<CheckpointTensor, 'dtype'>>): boolean {
  const stem = name.replace(/(scales|biases)$/, '');
  return tensors.has(`${stem}qweight`) || tensors.get(`${stem}weight`)?.dtype === 'U32';
}

function isBitsAndBytes(name: string, tensors: ReadonlyMap<string, CheckpointTensor>): boolean {
  return ['bitsandbytes__nf4', 'bitsandbytes__fp4'].some((kind) => tensors.has(`${name}.quant_state.${kind}`));
}

/** Bits of one packed value as the config says; 4, which nearly all use, when it does not. */
function quantisedBits(config: Checkpoint['config']): number {
  const quantisation = config?.quantization_config ?? config?.quantization;
  if (!isConfig(quantisation)) return 4;
  const groups = isConfig(quantisation.config_groups) ? Object.values(quantisation.config_groups) : [];
  const weights = groups.map((group) => (isConfig(group) ? group.weights : null)).find(isConfig);
  const bits = quantisation.bits ?? weights?.num_bits;
  return typeof bits === 'number' && [2, 3, 4, 8].includes(bits) ? bits : 4;
}

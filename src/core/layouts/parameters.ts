import type { Checkpoint, CheckpointTensor } from '../checkpoint/types.ts';
import { type DType, elementsOf } from '../safetensors/dtype.ts';
import { expertCount, isConfig, topK } from './config-keys.ts';
import type { CheckpointLayout } from './types.ts';

/**
 * How many numbers the model has, packed formats unpacked; scales, zero points and other companions are not parameters.
 *
 * `active`: what one token passes through, every routed expert beyond top-k left out and embeddings counted; null where
 * top-k is not known. `perDtype` counts by the dtype that is stored.
 */
export interface ParameterCount {
  readonly total: number;
  readonly active: number | null;
  readonly routed: number;
  readonly shared: number;
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
  const bits = quantisedBits(config);
  const routedNames = new Set(layout.groups.flatMap((group) => group.expertTensors));
  const sharedNames = new Set(layout.groups.flatMap((group) => group.shared));
  const perDtype: Partial<Record<DType, number>> = {};
  let [total, routed, shared] = [0, 0, 0];
  for (const tensor of tensors.values()) {
    const count = parametersOf(tensor, tensors, bits);
    if (count === 0) continue;
    total += count;
    perDtype[tensor.dtype] = (perDtype[tensor.dtype] ?? 0) + count;
    if (routedNames.has(tensor.name)) routed += count;
    else if (sharedNames.has(tensor.name)) shared += count;
  }
  return { total, active: activeOf(total, routed, config, layout), routed, shared, perDtype };
}

/** Counts the parameters of one tensor after another, as {@link countParameters} does. */
export function parameterCounter({
  tensors,
  config,
}: Pick<Checkpoint, 'tensors' | 'config'>): (tensor: CheckpointTensor) => number {
  const bits = quantisedBits(config);
  return (tensor) => parametersOf(tensor, tensors, bits);
}

function activeOf(
  total: number,
  routed: number,
  config: Checkpoint['config'],
  layout: CheckpointLayout,
): number | null {
  if (routed === 0) return total;
  const experts =
    layout.groups.find((group) => group.kind === 'moe' && group.experts !== null)?.experts ?? expertCount(config);
  const k = topK(config);
  if (typeof experts !== 'number' || typeof k !== 'number' || experts === 0) return null;
  return total - routed + Math.round((routed * k) / experts);
}

/** Parameters that one tensor holds: 0 for companions, more than its elements for packed ones. */
function parametersOf(tensor: CheckpointTensor, tensors: ReadonlyMap<string, CheckpointTensor>, bits: number): number {
  const { name, dtype, shape } = tensor;
  const elements = elementsOf(shape);
  if (COMPANION.test(name)) return 0;
  const beside = (suffix: string, of = 'weight') => tensors.has(name.slice(0, name.length - of.length) + suffix);
  if (name.endsWith('.qweight')) return elements * (32 / bits);
  if (name.endsWith('weight_packed')) return elements * (dtype === 'U8' ? 2 : 32 / bits);
  if (name.endsWith('_blocks')) return elements * 2;
  if (/\.(scales|biases)$/.test(name)) return isAside(name, tensors) ? 0 : elements;
  if (name.endsWith('.scale') && tensors.has(`${name.slice(0, -'scale'.length)}weight`)) return 0;
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
function isAside(name: string, tensors: ReadonlyMap<string, CheckpointTensor>): boolean {
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

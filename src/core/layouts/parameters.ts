import type { Checkpoint, CheckpointTensor } from '../checkpoint/types.ts';
import { isCompanion } from '../quantised/companions.ts';
import { numbersIn, quantisedModules, tensorOf } from '../quantised/modules.ts';
import { splitName } from '../quantised/names.ts';
import { type DType, elementsOf } from '../safetensors/dtype.ts';
import { architectureOf } from './architecture-rules.ts';
import { configNumber, expertCount, hiddenSize } from './config-keys.ts';
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
  /** Packed tensors of which nothing says how many numbers they represent: they are in no count. Absent without any. */
  readonly notCounted?: { readonly tensors: number; readonly formats: readonly string[] };
}

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
  const unclear: string[] = [];
  for (const tensor of tensors.values()) {
    const count = parametersIn(tensor);
    if (typeof count === 'string') unclear.push(count);
    if (typeof count === 'string' || count === 0) continue;
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
    ...(unclear.length > 0 ? { notCounted: { tensors: unclear.length, formats: [...new Set(unclear)] } } : {}),
  };
}

/**
 * Counts the parameters of one tensor after another, as {@link countParameters} does: 0 for what describes another tensor,
 * the format's name where nothing says how many numbers its codes represent.
 */
export function parameterCounter(
  checkpoint: Pick<Checkpoint, 'tensors' | 'config'>,
): (tensor: CheckpointTensor) => number | string {
  const { modules, unread } = quantisedModules(checkpoint);
  const byCodes = new Map([...modules.values()].map((module) => [tensorOf(module, 'codes')?.name, module]));
  return (tensor) => {
    if (isCompanion(tensor.name, checkpoint.tensors)) return 0;
    const whole = elementsOf(tensor.shape);
    const elements = tensor.slices ? tensor.slices.reduce((sum, slice) => sum + elementsOf(slice), 0) : whole;
    const module = byCodes.get(tensor.name);
    if (!module) return unread.has(splitName(tensor.name).module) ? PACKED : elements;
    const numbers = numbersIn(module);
    return numbers === null ? module.format.name : (numbers * elements) / whole;
  };
}

/** What codes in no known format are called. */
const PACKED = 'packed numbers';

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

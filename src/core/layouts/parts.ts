import { OWN_FORMS } from '../quantised/names.ts';
import type { PartStyle } from './dialect-rows.ts';

/**
 * What a part of a projection is, which says how it is viewed, stacked and joined.
 *
 * `matrix`: rows follow the weight's outputs. `in-major`: columns follow the outputs (GPTQ, AWQ). `outputs`, `inputs`:
 * one value for each. `scalar`: one value a matrix. `values`: a short vector that describes the matrix. `opaque`: bytes
 * that only their writer can take apart.
 */
export type PartKind = 'matrix' | 'in-major' | 'outputs' | 'inputs' | 'scalar' | 'values' | 'opaque';

/**
 * Every part that can follow a projection, by its name in checkpoints that store experts apart.
 *
 * Sources: the state dicts of compressed-tensors, AutoGPTQ, AutoAWQ, ModelOpt, mlx-lm and bitsandbytes, and DeepSeek-V3's
 * `weight_scale_inv`. `scales` is `in-major` beside `qweight` (GPTQ, AWQ), else a matrix (MLX, MXFP4).
 */
const KINDS: Readonly<Record<string, PartKind>> = {
  weight: 'matrix',
  bias: 'outputs',
  weight_scale_inv: 'matrix',
  weight_scale: 'matrix',
  scale: 'matrix',
  weight_packed: 'matrix',
  weight_zero_point: 'matrix',
  weight_shape: 'values',
  pre_quant_scale: 'inputs',
  weight_g_idx: 'inputs',
  weight_scale_2: 'scalar',
  weight_global_scale: 'scalar',
  input_scale: 'scalar',
  input_global_scale: 'scalar',
  activation_scale: 'scalar',
  blocks: 'matrix',
  scales: 'matrix',
  biases: 'matrix',
  qweight: 'in-major',
  qzeros: 'in-major',
  g_idx: 'inputs',
};

/**
 * How gate's and up's part stand in one tensor for both.
 *
 * `rows`: gate's rows and up's. `shared`: one value that counts for both. `rewritten`: one that says something of both
 * together, and is worked out again (`weight_shape`).
 */
export type Joint = 'rows' | 'shared' | 'rewritten';

/** How a part of a kind and of a shape (of one expert) is joined; null where nothing is known to join it. */
export function jointOf(kind: PartKind, inner: readonly number[]): Joint | null {
  const size = inner.reduce((product, dim) => product * dim, 1);
  switch (kind) {
    case 'inputs':
      return 'shared';
    case 'scalar':
      return size === 1 ? 'shared' : null;
    case 'values':
      return inner.length === 1 && size === 2 ? 'rewritten' : null;
    case 'matrix':
      return inner.length < 2 && size === 1 ? 'shared' : 'rows';
    case 'opaque':
      return null;
    case 'outputs':
    case 'in-major':
      return 'rows';
  }
}

/** What stands beside these cannot be taken apart either. */
const OWN: ReadonlySet<string> = new Set(OWN_FORMS);

/** Companions of bitsandbytes hang under the weight's own name: `weight.absmax`. */
const BITSANDBYTES = /^weight\.(absmax|quant_map|nested_absmax|nested_quant_map|quant_state\.[\w]+|SCB|weight_format)$/;
const SCB = new Set(['SCB', 'weight_format']);

export function isPart(part: string): boolean {
  return Object.hasOwn(KINDS, part) || isOwnForm(part);
}

/** True for parts of formats that only their own programs take apart. */
function isOwnForm(part: string): boolean {
  return SCB.has(part) || OWN.has(part) || BITSANDBYTES.test(part);
}

/** The kind of a part beside the group's other parts. */
export function partKind(part: string, parts: ReadonlySet<string>): PartKind {
  if (isOwnForm(part) || [...parts].some(isOwnForm)) return 'opaque';
  if (part === 'scales' && parts.has('qweight')) return 'in-major';
  return KINDS[part] ?? 'opaque';
}

/** Suffixes of stacked tensors that name a part otherwise than the checkpoints that store experts apart do. */
const SHORT: Readonly<Record<string, string>> = { scale_inv: 'weight_scale_inv', scale_2: 'weight_scale_2' };

/** The part that a name's end after its stem says, with how it is written; null when it is no known part. */
export function parsePart(end: string): { readonly part: string; readonly style: PartStyle } | null {
  if (end === '') return { part: 'weight', style: 'underscore' };
  const text = end.slice(1);
  if (end.startsWith('.')) return isPart(text) ? { part: text, style: 'dot' } : null;
  if (!end.startsWith('_')) return null;
  if (text === 'weight') return { part: 'weight', style: 'suffix' };
  const part = SHORT[text] ?? text;
  return isPart(part) ? { part, style: 'underscore' } : null;
}

/** A name's end after its stem: the reverse of `parsePart`. */
export function writePart(part: string, style: PartStyle): string {
  if (style === 'dot') return `.${part}`;
  if (part === 'weight') return style === 'suffix' ? '_weight' : '';
  if (part === 'weight_scale_inv') return '_scale_inv';
  return `_${part}`;
}

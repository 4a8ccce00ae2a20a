import type { Checkpoint, CheckpointTensor } from '../checkpoint/types.ts';
import type { DType } from '../safetensors/dtype.ts';
import type { FileOffset, Shape } from '../safetensors/types.ts';
import type { Architecture } from './architecture-row.ts';
import { architectureOf, modelTypeOf } from './architecture-rules.ts';
import { detectLayout } from './detect.ts';
import { type DialectSpec, dialectOf, layoutId, orientationOf } from './dialects.ts';
import { dialectGlyph, type ShownSizes } from './drawing/dialect-glyph.ts';
import type { GlyphTensor } from './drawing/glyph.ts';
import { writePart } from './parts.ts';
import type { Assumption } from './types.ts';
import { matrixView } from './view.ts';

/** A checkpoint of names and shapes, without a file behind them. */
export type MadeUp = Pick<Checkpoint, 'tensors' | 'config'>;

/** Sizes of a made-up layer: no two are equal, and MXFP4 blocks divide them. */
export const MADE_SIZES: ShownSizes = { experts: 4, intermediate: 64, hidden: 96 };

/** How a row's experts are read where only an assumption tells them. */
export function assumptionFor({ toldBy, family, dialect }: DialectSpec): { readonly assume?: Assumption } {
  return toldBy === 'assumption' ? { assume: { layout: { family, dialect } } } : {};
}

/** True where every layer with experts is read as the dialect. */
export function isReadAs(checkpoint: MadeUp, spec: DialectSpec): boolean {
  const groups = detectLayout(checkpoint, assumptionFor(spec)).groups.filter(({ kind }) => kind === 'moe');
  return groups.length > 0 && groups.every(({ layout }) => layout !== null && layoutId(layout) === layoutId(spec));
}

/** The same checkpoint with its experts in a dialect, of the same sizes; null where it does not come out as that. */
export function inDialect(checkpoint: MadeUp, spec: DialectSpec): MadeUp | null {
  if (isReadAs(checkpoint, spec)) return checkpoint;
  const row = architectureOf(modelTypeOf(checkpoint.config));
  const tensors = new Map(checkpoint.tensors);
  for (const group of detectLayout(checkpoint).groups) {
    if (group.kind !== 'moe') continue;
    const view = matrixView(group, 'gate', 0) ?? matrixView(group, 'up', 0);
    if (!view || group.experts === null) return null;
    const sizes = { experts: group.experts, intermediate: view.rows, hidden: view.columns };
    const made = expertTensors(spec, group.prefix, sizes, row);
    if (!made) return null;
    for (const name of group.expertTensors) tensors.delete(name);
    for (const tensor of made) tensors.set(tensor.name, tensor);
  }
  const rewritten = { tensors, config: checkpoint.config };
  return isReadAs(rewritten, spec) ? rewritten : null;
}

/**
 * One layer of a model type as the Hub usually stores it, from its row alone: experts, a router, embeddings and a config
 * with the sizes. Null for a type that is not known, or whose row does not come out as its own layout.
 */
export function madeUpOf(modelType: string): MadeUp | null {
  const row = architectureOf(modelType);
  const spec = dialectOf(row?.disk[0] ?? null);
  if (!row || !spec) return null;
  const start = (row.prefixes[0]?.[0] ?? `${row.loads?.stacks?.[0] ?? 'model.layers'}.`).replace('layers.', '');
  const prefix = `${start}layers.0${row.container === '' ? '' : `.${row.container}`}`;
  const { experts, hidden } = MADE_SIZES;
  const made = expertTensors(spec, prefix, MADE_SIZES, row);
  if (!made) return null;
  const others = [
    tensorOf(`${prefix}.${row.ep?.router ?? 'gate'}.weight`, [experts, hidden]),
    tensorOf(`${start}embed_tokens.weight`, [8, hidden]),
    tensorOf(`${start}norm.weight`, [hidden]),
    tensorOf('lm_head.weight', [8, hidden]),
  ];
  const tensors = new Map([...made, ...others].map((tensor) => [tensor.name, tensor]));
  const checkpoint = { tensors, config: configOf(row, modelType) };
  return isReadAs(checkpoint, spec) ? checkpoint : null;
}

function expertTensors(
  spec: DialectSpec,
  prefix: string,
  sizes: ShownSizes,
  row: Architecture | undefined,
): readonly CheckpointTensor[] | null {
  const glyph = dialectGlyph(spec, sizes);
  if (!glyph) return null;
  const { gate } = spec.stems;
  const kinds = [
    ...glyph.weights,
    ...glyph.companions,
    ...(row?.loads?.biased ? glyph.weights.map((weight) => biasOf(weight, spec)) : []),
  ].filter(({ template }) => row?.gated !== false || gate === undefined || !template.startsWith(gate));
  if (kinds.some(({ shape }) => !shape.every(Number.isInteger))) return null;
  return kinds.flatMap(({ template, shape, dtype }) => {
    const count = template.includes('{i}') ? sizes.experts : 1;
    return Array.from({ length: count }, (_, expert) =>
      tensorOf(`${prefix}.${template.replaceAll('{i}', String(expert))}`, shape, dtype),
    );
  });
}

/** The bias of a weight: one number for each of its outputs. */
function biasOf({ template, shape, projection }: GlyphTensor, spec: DialectSpec): Kind {
  const end = writePart(spec.blocks ? 'blocks' : 'weight', spec.style);
  const stem = end === '' ? template : template.slice(0, -end.length);
  const stacked = spec.family === 'per-expert' ? 0 : 1;
  const turned = !spec.blocks && orientationOf(spec, projection) === 'in-out';
  const outputs = shape[turned ? stacked + 1 : stacked] ?? 0;
  return {
    template: `${stem}${writePart('bias', spec.style)}`,
    shape: [...shape.slice(0, stacked), outputs],
    dtype: 'BF16',
  };
}

type Kind = Pick<GlyphTensor, 'template' | 'shape' | 'dtype'>;

function tensorOf(name: string, shape: Shape, dtype: DType = 'BF16'): CheckpointTensor {
  const at = 0 as FileOffset;
  return { name, dtype, shape, file: 'model.safetensors', start: at, end: at };
}

/** The number of experts stands under the keys of transformers 4 and 5 alike: which one a repo has is no matter of its layout. */
function configOf({ countKeys, intermediate, experts }: Architecture, modelType: string): Record<string, unknown> {
  const config: Record<string, unknown> = {
    model_type: modelType,
    // Named for no class: every verdict is for the usual one, which the page says once.
    architectures: [],
    hidden_size: MADE_SIZES.hidden,
    num_hidden_layers: 1,
    vocab_size: 8,
  };
  const [width] = intermediate;
  if (width !== undefined) put(config, width, MADE_SIZES.intermediate);
  for (const key of new Set([countKeys.v4, countKeys.v5, experts[0]]))
    if (key !== undefined) put(config, key, MADE_SIZES.experts);
  return config;
}

/** Writes a value at a path with dots. */
function put(config: Record<string, unknown>, path: string, value: number): void {
  const [first = '', ...rest] = path.split('.');
  if (rest.length === 0) config[first] = value;
  else {
    const inner: Record<string, unknown> = { ...(config[first] as Record<string, unknown> | undefined) };
    put(inner, rest.join('.'), value);
    config[first] = inner;
  }
}

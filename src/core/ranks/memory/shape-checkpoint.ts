import type { Checkpoint } from '../../checkpoint/types.ts';
import { LoomError } from '../../errors.ts';
import { absenceOfExperts } from '../../layouts/absence.ts';
import { architectureOf } from '../../layouts/architecture-rules.ts';
import { countContradictions } from '../../layouts/contradictions.ts';
import { missingExperts } from '../../layouts/missing-experts.ts';
import { parameterCounter } from '../../layouts/parameters.ts';
import { layerEnd, layerPrefix } from '../../layouts/tensor-place.ts';
import type { CheckpointLayout } from '../../layouts/types.ts';
import { incompleteBy, unusableFinding } from '../../layouts/usable.ts';
import { elementsOf } from '../../safetensors/dtype.ts';
import { createMatrixCounter, matricesFromConfig } from './matrices.ts';
import { type ModelShape, PARTS, type Part } from './shape.ts';
import { describe, shapeOf } from './shape-config.ts';

/** Names below a layer, most telling first. */
const NAMES: readonly (readonly [Part, RegExp])[] = [
  ['norm', /(^|[._])(norm|layernorm|ln_\w+|[a-z_]*_norm|[a-z_]*layernorm)(\.weight|\.bias)?$/i],
  ['router', /(^|\.)(router|gate|e_score_correction_bias)(\.|$)/],
  ['attention', /(^|\.)(self_attn|attn|attention|linear_attn|mixer|mamba|conv)(\.|$)/],
  ['mlp', /(^|\.)(mlp|feed_forward|ffn)(\.|$)/],
];
const EMBEDDING = /(^|\.)(embed_tokens|wte|word_embeddings|embed_in|tok_embeddings|embeddings?)\.weight$/;
const HEAD = /(^|\.)(lm_head|embed_out|output|language_model_head)\.(weight|bias)$/;

/**
 * A model's shape from its headers: every parameter is one that the files hold, sizes are the config's.
 *
 * @throws LoomError `config-invalid` without a config that names the sizes.
 */
export function shapeFromCheckpoint(
  checkpoint: Pick<Checkpoint, 'tensors' | 'config'> & Partial<Pick<Checkpoint, 'findings'>>,
  layout: CheckpointLayout,
): ModelShape {
  const { config, findings = [] } = checkpoint;
  if (!config)
    throw new LoomError(
      'config-invalid',
      'config.json is missing. The memory cannot be calculated, because the headers do not give the numbers of heads and layers. Add config.json beside the weights.',
    );
  const fault = unusableFinding({ findings }) ?? incompleteBy(findings);
  const missing = fault?.message ?? missingExperts(layout) ?? unknownExperts(checkpoint, layout);
  const contradictions = countContradictions(layout.groups, config, architectureOf(layout.modelType));
  const { sizes, traits, assumed } = describe(config);
  const { parameters, seenMatrices, stored, finalNorm } = countParts(checkpoint, layout);
  const moe = layout.groups.filter((group) => group.kind === 'moe' && group.experts !== null);
  const seen = {
    ...sizes,
    ...(moe.length > 0 ? { ...sparse(moe), experts: moe[0]?.experts ?? sizes.experts } : {}),
    intermediate: moe[0]?.intermediate ?? sizes.intermediate,
  };
  const matrices = seenMatrices ?? matricesFromConfig(seen, traits);
  return {
    ...shapeOf(config, seen),
    ...expertsByLayer(moe),
    ...(missing === null ? {} : { missing }),
    ...(contradictions.length === 0 ? {} : { contradictions }),
    parameters,
    matrices,
    stored,
    finalNorm,
    assumed: assumed.slice(1),
  };
}

/** Why it is not known which of the parameters are experts'; null where it is. */
function unknownExperts(checkpoint: Pick<Checkpoint, 'tensors' | 'config'>, layout: CheckpointLayout): string | null {
  const sparse = layout.groups.filter(({ kind }) => kind === 'moe');
  const odd = sparse.filter(({ experts }) => experts === null);
  if (odd.length === 0 && sparse.length > 0) return null;
  const { known, message } = absenceOfExperts({ ...checkpoint, findings: [] }, { ...layout, groups: odd });
  return known ? null : message;
}

function expertsByLayer(groups: CheckpointLayout['groups']): { readonly expertsByLayer?: readonly number[] } {
  const counts = groups.map(({ experts }) => experts ?? 0);
  return new Set(counts).size > 1 ? { expertsByLayer: counts } : {};
}

function sparse(groups: CheckpointLayout['groups']) {
  const sparseLayers = groups.map(({ index }, at) => index ?? at);
  return { sparseLayers, moeLayers: sparseLayers.length };
}

function countParts(checkpoint: Pick<Checkpoint, 'tensors' | 'config'>, layout: CheckpointLayout) {
  const count = parameterCounter(checkpoint);
  const routed = new Set(layout.groups.filter(({ kind }) => kind !== 'mtp').flatMap((group) => group.expertTensors));
  const shared = new Set(layout.groups.filter(({ kind }) => kind !== 'mtp').flatMap((group) => group.shared));
  const prediction = predictionRoots(layout);
  const parameters = Object.fromEntries(PARTS.map((part) => [part, 0])) as Record<Part, number>;
  const stored = { routed: 0, rest: 0 };
  const matrices = createMatrixCounter();
  let finalNorm = 0;
  for (const tensor of checkpoint.tensors.values()) {
    const { name } = tensor;
    const part = prediction(name)
      ? 'prediction'
      : routed.has(name)
        ? 'routed'
        : shared.has(name)
          ? 'shared'
          : partOf(name);
    const counted = count(tensor);
    // Codes in an unknown format: at least as many numbers as elements, which the stored bytes hold in any case.
    const numbers = typeof counted === 'number' ? counted : elementsOf(tensor.shape);
    parameters[part] += numbers;
    matrices.add(tensor, part);
    if (part === 'norm' && layerEnd(name) <= 0) finalNorm += numbers;
    if (part === 'prediction') continue;
    stored[part === 'routed' ? 'routed' : 'rest'] += tensor.end - tensor.start;
  }
  return { parameters, seenMatrices: matrices.matrices(layout), stored, finalNorm };
}

function partOf(name: string): Part {
  const end = layerEnd(name);
  if (end <= 0) {
    if (HEAD.test(name)) return 'head';
    if (EMBEDDING.test(name)) return 'embedding';
  }
  const tail = end > 0 ? name.slice(end + 1) : name;
  return NAMES.find(([, pattern]) => pattern.test(tail))?.[0] ?? 'other';
}

/** Tells names of multi-token prediction: whole layers of the stack, or a stack of their own. */
function predictionRoots(layout: CheckpointLayout): (name: string) => boolean {
  const prefixes = layout.groups.filter((group) => group.kind === 'mtp').map((group) => group.prefix);
  const roots = new Set(prefixes.map(layerPrefix));
  return (name) => {
    const end = layerEnd(name);
    return (end > 0 && roots.has(name.slice(0, end))) || (prefixes.length > 0 && /^(model\.)?mtp[._]/.test(name));
  };
}

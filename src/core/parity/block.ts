import type { Checkpoint } from '../checkpoint/types.ts';
import { LoomError } from '../errors.ts';
import { defectSeverity } from '../layouts/causes.ts';
import { withoutConsequences } from '../layouts/consequences.ts';
import { detectLayout } from '../layouts/detect.ts';
import type { BlockRules } from '../layouts/families/block.ts';
import type { Assumption, CheckpointLayout, LayerGroup } from '../layouts/types.ts';
import { incompleteBy, incompleteError, refuseUnusable } from '../layouts/usable.ts';
import type { Weight } from './graph.ts';
import { numbersOf } from './numbers.ts';
import type { Reader } from './reading.ts';
import type { RouterWeights } from './router-graph.ts';
import { blockRules } from './rules.ts';
import type { LinearWeights, SharedWeights } from './shared-graph.ts';
import { type BlockTensors, blockTensors, type Linear } from './tensors.ts';

/** One layer's block: what it computes and where its tensors are. */
export interface Block {
  readonly modelType: string | null;
  readonly group: LayerGroup;
  readonly rules: BlockRules;
  readonly tensors: BlockTensors;
  /** Width of what goes in and comes out. */
  readonly hidden: number;
  /** Routed experts that have weights. */
  readonly experts: number;
}

/**
 * The block of a layer. Nothing is read.
 *
 * @throws LoomError `checkpoint-defective` where something is the matter with the layer, `checkpoint-unusable` with every name; `usage` for a
 * layer without experts; `block-unknown` where what it computes is not known.
 */
export function findBlock(checkpoint: Checkpoint, layer: number, assume?: Assumption): Block {
  refuseUnusable(checkpoint);
  const layout = detectLayout(checkpoint, assume ? { assume } : {});
  const groups = layout.groups.filter((group) => group.kind === 'moe' && group.index === layer);
  const [found] = groups;
  const gap = incompleteBy(checkpoint.findings);
  if (!found && gap) throw incompleteError(gap, `Layer ${layer} cannot be computed.`);
  if (!found) throw new LoomError('usage', noSuchLayer(layout.groups, layer));
  const answer = blockRules(layout.modelType, checkpoint.config, found);
  const defect = found.defects.find((each) => defectSeverity(each) === 'error');
  if (defect && gap && isExplained(checkpoint, layout, found))
    throw incompleteError(gap, `Layer ${layer} cannot be computed.`);
  if (defect) throw new LoomError('checkpoint-defective', defect.message);
  if (found.layout?.family === 'unknown')
    throw new LoomError('block-unknown', `Layer ${layer} cannot be computed. ${found.reason ?? ''}`);
  if ('reason' in answer) throw new LoomError('block-unknown', answer.reason);
  const { rules } = answer;
  const tensors = blockTensors(checkpoint, found, rules);
  if ('reason' in tensors)
    throw gap ? incompleteError(gap, tensors.reason) : new LoomError('block-unknown', tensors.reason);
  const weight = checkpoint.tensors.get(tensors.tensors.router.weight);
  const [rows = 0, columns = 0] = weight?.shape ?? [];
  const beside = rules.zeroExperts + (rules.router.kind === 'sharing' ? rules.router.shared : 0);
  const experts = rows - beside;
  const stored = found.experts ?? 0;
  if (experts !== stored)
    throw new LoomError('block-unknown', `The router has rows for ${experts} experts, the layer stores ${stored}.`);
  checkGroups(rules, experts);
  return {
    modelType: layout.modelType,
    group: { ...found, experts },
    rules,
    tensors: tensors.tensors,
    hidden: columns,
    experts,
  };
}

/** True where a finding about the files says what the group's defects say. */
function isExplained(checkpoint: Checkpoint, layout: CheckpointLayout, group: LayerGroup): boolean {
  return withoutConsequences(checkpoint, layout).perGroup[layout.groups.indexOf(group)]?.length === 0;
}

function noSuchLayer(groups: readonly LayerGroup[], layer: number): string {
  const layers = groups.filter((group) => group.kind === 'moe' && group.index !== null).map((group) => group.index);
  if (layers.length === 0) return 'No layer of this checkpoint has routed experts.';
  return `Layer ${layer} has no routed experts; layers ${layers[0]} to ${layers.at(-1)} are where to look.`;
}

function checkGroups({ router }: BlockRules, experts: number): void {
  const count = router.kind === 'scoring' ? (router.groups?.count ?? 1) : 1;
  if (router.topK > experts || experts % count !== 0)
    throw new LoomError(
      'block-unknown',
      `A token cannot be sent to ${router.topK} of ${experts} experts in ${count} groups.`,
    );
}

/** The tensors of a block that are not routed experts, read. */
export interface BlockWeights {
  readonly router: RouterWeights;
  readonly shared: SharedWeights | null;
  readonly outputBias: Float32Array | null;
  readonly outputNorm: Float32Array | null;
  readonly expertsNorm: Float32Array | null;
  readonly latent: { readonly into: DenseNumbers; readonly outOf: DenseNumbers } | null;
}

/** A linear layer's numbers: [rows, columns]. */
export interface DenseNumbers {
  readonly rows: number;
  readonly columns: number;
  readonly weight: Float32Array;
  readonly bias: Float32Array | null;
}

export async function readBlockWeights({ tensors }: Block, reader: Reader): Promise<BlockWeights> {
  const read = async (name: string | null): Promise<Weight | null> => (name === null ? null : reader.readTensor(name));
  const numbers = async (name: string | null) => {
    const weight = await read(name);
    return weight && numbersOf(weight);
  };
  const linear = async (names: Linear): Promise<LinearWeights> => ({
    weight: await reader.readTensor(names.weight),
    bias: await read(names.bias),
  });
  const dense = async (names: Linear): Promise<DenseNumbers> => {
    const weight = await reader.readTensor(names.weight);
    const [rows = 0, columns = 0] = weight.dims;
    return { rows, columns, weight: numbersOf(weight), bias: await numbers(names.bias) };
  };
  const { router, shared, latent } = tensors;
  return {
    router: {
      weight: await reader.readTensor(router.weight),
      bias: await read(router.bias),
      correction: await read(router.correction),
      globalScale: await read(router.globalScale),
      inputScale: await read(router.inputScale),
      expertScale: await read(router.expertScale),
    },
    shared: shared && {
      gate: shared.gate && (await linear(shared.gate)),
      up: shared.up && (await linear(shared.up)),
      joined: shared.joined && {
        weight: await reader.readTensor(shared.joined.weight),
        interleaved: shared.joined.interleaved,
      },
      down: await linear(shared.down),
      sigmoid: await read(shared.sigmoid),
    },
    outputBias: await numbers(tensors.outputBias),
    outputNorm: await numbers(tensors.outputNorm),
    expertsNorm: await numbers(tensors.expertsNorm),
    latent: latent && { into: await dense(latent.into), outOf: await dense(latent.outOf) },
  };
}

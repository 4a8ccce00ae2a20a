import type { Checkpoint } from '../checkpoint/types.ts';
import type { Architecture } from './architecture-row.ts';
import { type Config, hiddenSize, latentSize } from './config-keys.ts';
import { stackOf } from './layer-names.ts';
import { layerPrefix } from './tensor-place.ts';
import type { Defect, LayerGroup } from './types.ts';

/** What the widths of a checkpoint's experts are held against. */
interface Known {
  readonly tensors: Checkpoint['tensors'];
  readonly config: Config | null;
  readonly row: Architecture | undefined;
}

/**
 * The groups, with a defect on each whose experts take inputs of another width than the config says.
 *
 * Experts may work on something narrower than the hidden size: where the config says so under a key of its own, that width
 * counts. Where it does not, another width is no damage when all layers of the stack have it, and either the model type is
 * not known or tensors beside the experts lead from the hidden size to that width and back.
 */
export function heldAgainstWidths(groups: readonly LayerGroup[], known: Known): readonly LayerGroup[] {
  const { config } = known;
  const widths = widthsByStack(groups);
  return groups.map((group) => {
    const { hidden, prefix } = group;
    const says = latentSize(config, prefix) ?? hiddenSize(config, prefix);
    if (hidden === null || says === null || hidden === says) return group;
    const alike = widths.get(stackOf(group))?.size === 1;
    if (alike && isLatent(group, known)) return group;
    const message = `The experts' hidden size is ${hidden}, the config says ${says}.`;
    return { ...group, defects: [...group.defects, { tag: 'config-mismatch', message } satisfies Defect] };
  });
}

function widthsByStack(groups: readonly LayerGroup[]): ReadonlyMap<string, ReadonlySet<number>> {
  const widths = new Map<string, Set<number>>();
  for (const group of groups) {
    if (group.hidden === null) continue;
    const stack = stackOf(group);
    widths.set(stack, (widths.get(stack) ?? new Set()).add(group.hidden));
  }
  return widths;
}

function isLatent(group: LayerGroup, { tensors, config, row }: Known): boolean {
  const { hidden, prefix } = group;
  const model = hiddenSize(config, prefix);
  if (hidden === null || model === null || latentSize(config, prefix) !== null) return false;
  return (!row && takesModelWidth(group, tensors, model)) || isNarrowed(group, tensors, model, hidden);
}

/** True where the layer's router has the width that the config says: the config is right, and the experts are narrower. */
function takesModelWidth({ router }: LayerGroup, tensors: Checkpoint['tensors'], model: number): boolean {
  return router.some((name) => {
    const shape = tensors.get(name)?.shape;
    return shape?.length === 2 && shape[1] === model;
  });
}

/** Names in a layer that lead to and from the experts' width, beside the experts themselves. */
const BESIDE = ['routed_expert_down_proj', 'routed_expert_up_proj', 'fc1_latent_proj', 'fc2_latent_proj'];

function isNarrowed(group: LayerGroup, tensors: Checkpoint['tensors'], model: number, width: number): boolean {
  const layer = layerPrefix(group.prefix);
  const places = [...new Set([group.prefix, layer])];
  const shapes = places.flatMap((place) => BESIDE.map((name) => tensors.get(`${place}.${name}.weight`)?.shape.join()));
  return shapes.includes(`${width},${model}`) && shapes.includes(`${model},${width}`);
}

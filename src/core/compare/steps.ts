import { dialectOf, orientationOf } from '../layouts/dialects.ts';
import type { Fusion, LayerGroup, Projection } from '../layouts/types.ts';
import { memberFor } from '../layouts/view.ts';
import { isHalved } from '../plan/operations.ts';
import type { Operation } from '../plan/types.ts';
import type { Content } from '../verify/pairs.ts';

/** How one content (gate weight, down scale …) is stored in the tensors of a group. */
interface Storage {
  readonly apart: boolean;
  readonly flat: boolean;
  readonly fused: Fusion;
  readonly turned: boolean;
  readonly template: string;
}

/**
 * The operations between one content of two groups, in the order in which transformers applies them: those of the whole
 * group, less what does not concern this content (nothing is concatenated into a down projection).
 */
export function stepsBetween(left: LayerGroup, right: LayerGroup, content: Content): Operation[] {
  const [from, to] = [storageOf(left, content), storageOf(right, content)];
  if (!from || !to) return [];
  const steps: Operation[] = [];
  if (from.flat && !to.flat) steps.push('Unflatten');
  if (from.fused !== to.fused) {
    if (isHalved(from.fused)) steps.push('Chunk');
    if (from.fused === 'interleaved') steps.push('Deinterleave');
  }
  if (from.apart && !to.apart) steps.push('MergeModulelist');
  if (from.turned !== to.turned) steps.push('Transpose');
  if (from.fused !== to.fused) {
    if (isHalved(to.fused)) steps.push('Concatenate');
    if (to.fused === 'interleaved') steps.push('Interleave');
  }
  if (!from.apart && to.apart) steps.push('SplitModulelist');
  if (!from.flat && to.flat) steps.push('Flatten');
  return steps;
}

function storageOf(group: LayerGroup, { projection, part }: Content): Storage | null {
  const spec = dialectOf(group.layout);
  const member = memberFor(group, projection, part);
  if (!spec || !member) return null;
  const matrix = part === 'weight' && spec.family !== 'per-expert';
  return {
    apart: spec.family === 'per-expert',
    flat: spec.family === 'flat',
    fused: member.projection === 'gate-up' ? group.fusion : 'none',
    turned: matrix && orientationOf(spec, member.projection as Projection | 'gate-up') === 'in-out',
    template: member.template,
  };
}

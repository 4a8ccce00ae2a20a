import type { DensePlan, ModelFacts, PlanEntry } from '../../ranks/types.ts';
import { denseEntries } from './ep-plans.ts';

/** What a plan's entries do to tensors that are not routed experts. */
export function listedPlan(entries: readonly PlanEntry[]): DensePlan {
  return { kind: 'listed', ...denseEntries(entries), repeatsKv: false };
}

/** What PyTorch says of one token when the heads of a plan's sharded keys do not come out whole. */
export function headsLimit(plan: DensePlan, facts: ModelFacts, ep: number): string | null {
  const { kvHeads, headDim } = facts;
  if (kvHeads === null || headDim === null || !plan.column.some((name) => name.endsWith('self_attn.k_proj')))
    return null;
  const columns = (kvHeads * headDim) / ep;
  if (columns % headDim === 0) return null;
  return `shape '[1, 1, -1, ${headDim}]' is invalid for input of size ${Math.ceil(columns)}`;
}

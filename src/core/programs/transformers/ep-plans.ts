import { architectureOf } from '../../layouts/architecture-rules.ts';
import type { PlanStyle, StyledEntry } from '../../layouts/families/ep-plan.ts';
import type { PlanEntry } from '../../ranks/types.ts';

/** What an entry of a plan does to the parameter or module that it names. Source: transformers 5.18, tensor_parallel.py. */
const PLAN_STYLES = {
  ep_router: 'Replicated; after it ran, scores of other ranks’ experts become 0 and indices are made local.',
  grouped_gemm: 'Sliced along dim 0: the rank keeps its block of experts.',
  moe_tp_experts: 'The outputs of all ranks’ experts are summed (all-reduce).',
  gather: 'The outputs of all ranks’ experts are summed (all-reduce).',
  colwise: 'Sliced along rows: outputs are divided.',
  rowwise: 'Sliced along columns: inputs are divided, outputs summed.',
  local_colwise: 'Sliced along rows: outputs are divided.',
  local_rowwise: 'Sliced along columns: inputs are divided, outputs summed.',
  all_reduce: 'The outputs of all ranks are summed (all-reduce).',
} as const satisfies Readonly<Record<PlanStyle, string>>;

/** Entries with what their styles mean. */
export function withMeanings(entries: readonly StyledEntry[]): PlanEntry[] {
  return entries.map(({ name, style }) => ({ name, style, meaning: PLAN_STYLES[style] }));
}

/** `base_model_ep_plan` of a model type in transformers 5.18, null where it has none. */
export function planOf5(modelType: string | null): readonly PlanEntry[] | null {
  const row = architectureOf(modelType);
  if (!row?.ep) return null;
  const { memoryContainer, ep, loads } = row;
  const at = (name: string) => (memoryContainer === '' ? name : `${memoryContainer}.${name}`);
  const fused = ['gate_up_proj', 'down_proj'].flatMap((name) => (loads?.biased ? [name, `${name}_bias`] : [name]));
  return withMeanings([
    { name: at(ep.router), style: 'ep_router' },
    ...fused.map((name): StyledEntry => ({ name: at(`experts.${name}`), style: 'grouped_gemm' })),
    ...(ep.sums ? [{ name: at('experts'), style: 'moe_tp_experts' } as const] : []),
    ...ep.more,
  ]);
}

/** Names of a plan's entries that divide rows (`column`) and columns (`row`) of dense tensors. */
export function denseEntries(entries: readonly PlanEntry[]): { readonly column: string[]; readonly row: string[] } {
  const of = (styles: readonly string[]) =>
    entries.filter((entry) => styles.includes(entry.style)).map((entry) => entry.name);
  return {
    column: of(['colwise', 'local_colwise'] satisfies PlanStyle[]),
    row: of(['rowwise', 'local_rowwise'] satisfies PlanStyle[]),
  };
}

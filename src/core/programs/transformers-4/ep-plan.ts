import { attentionEntries, type StyledEntry } from '../../layouts/families/ep-plan.ts';
import type { PlanEntry } from '../../ranks/types.ts';
import { withMeanings } from '../transformers/ep-plans.ts';

/**
 * The expert-parallel plan of transformers 4.57: Llama 4's own, gpt-oss's (which stands in its tensor-parallel plan), and
 * for everything else the plan that the fork adds to Qwen3-MoE, whose experts are stacked apart.
 */
export function planOf457(modelType: string | null): { readonly entries: readonly PlanEntry[]; readonly own: boolean } {
  if (modelType === 'gpt_oss') {
    const names = ['gate_up_proj', 'gate_up_proj_bias', 'down_proj', 'down_proj_bias'];
    const entries = [...attentionEntries('colwise', 'rowwise'), ...fork('mlp.router', 'mlp.experts', names)];
    return { own: true, entries: withMeanings(entries) };
  }
  if (modelType?.startsWith('llama4')) {
    const experts = fork('feed_forward.router', 'feed_forward.experts', ['gate_up_proj', 'down_proj']);
    const dense = [
      { name: 'feed_forward.gate_proj', style: 'local_colwise' },
      { name: 'feed_forward.up_proj', style: 'local_colwise' },
      { name: 'feed_forward.down_proj', style: 'local_rowwise' },
    ] as const;
    return { own: true, entries: withMeanings([...attentionEntries('colwise', 'rowwise'), ...experts, ...dense]) };
  }
  return { own: false, entries: withMeanings(fork('mlp.gate', 'mlp.experts', ['gate_proj', 'up_proj', 'down_proj'])) };
}

function fork(router: string, experts: string, names: readonly string[]): StyledEntry[] {
  return [
    { name: router, style: 'ep_router' },
    ...names.map((name): StyledEntry => ({ name: `${experts}.${name}`, style: 'grouped_gemm' })),
    { name: experts, style: 'gather' },
  ];
}

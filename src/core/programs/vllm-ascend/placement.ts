import { countOf, flagOf } from '../../ranks/settings.ts';
import type { PlacementRules } from '../../ranks/types.ts';
import { placement as vllm } from '../vllm/placement.ts';

/**
 * vLLM on Ascend NPUs: vLLM's mesh and linear blocks; its own balancer, `dynamic_eplb` of `--additional-config`, instead of
 * EPLB.
 */
export const placement: PlacementRules = {
  ...vllm,
  version: '182b75ea',
  source: 'vllm-project/vllm-ascend, vllm_ascend/eplb/core/eplb_utils.py and vllm_ascend/patch',
  date: '2026-11-29',
  strategies: ['linear'],
  settings: {
    ...vllm.settings,
    dynamic_eplb: { kind: 'flag', title: 'Its own expert load balancing' },
  },
  resolve(options, facts) {
    if (flagOf(options, 'enable_eplb'))
      return { error: 'Expert parallelism load balancing is only supported on CUDA devices or ROCm devices now.' };
    const redundant = countOf(options, 'num_redundant_experts', options.redundant ?? 0);
    const { num_redundant_experts: _, ...own } = options.own ?? {};
    const resolved = vllm.resolve?.({ ...options, own, redundant: 0 }, facts) ?? { options, warnings: [] };
    if ('error' in resolved) return resolved;
    const balanced = flagOf(options, 'dynamic_eplb');
    const warnings =
      redundant > 0 && !balanced
        ? [`Without dynamic_eplb the ${redundant} redundant experts are left out.`]
        : resolved.warnings;
    return { options: { ...resolved.options, redundant: balanced ? redundant : 0 }, warnings };
  },
  limit(setUp) {
    const { options, facts, sizes } = setUp;
    const { redundant = 0 } = options;
    if (flagOf(options, 'dynamic_eplb')) {
      if (sizes.ep === 1) return 'EPLB must used in expert parallelism.';
      if (facts.moeLayers.some((layer) => (layer.experts + redundant) % sizes.ep !== 0))
        return '(n_expert + n_redundant) % ep_size must be 0';
    }
    // The rest is vLLM's, without its EPLB; Ascend takes prefill context beside data parallelism.
    const plain = { ...options, redundant: 0 };
    return vllm.limit({ ...setUp, options: plain, sizes: { ...sizes, cp: sizes.dp > 1 ? 1 : sizes.cp } });
  },
  warnings: ({ options }) =>
    flagOf(options, 'dynamic_eplb')
      ? ['The placement before the first rebalancing; dynamic_eplb moves experts while serving.']
      : [],
};

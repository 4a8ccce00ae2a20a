import type { Setting } from '../../ranks/types.ts';

/** Backends of `--all2all-backend` at 00193b82. */
export const BACKENDS = [
  'allgather_reducescatter',
  'deepep_high_throughput',
  'deepep_low_latency',
  'deepep_v2',
  'mori_high_throughput',
  'mori_low_latency',
  'nixl_ep',
  'flashinfer_nvlink_two_sided',
  'flashinfer_nvlink_one_sided',
  'flashinfer_all2allv',
] as const;

/** Accepted, warned about and replaced by the first. */
export const REMOVED_BACKENDS = ['pplx', 'naive'] as const;

const words = Object.fromEntries([...BACKENDS, ...REMOVED_BACKENDS].map((name) => [name, true as const]));

/** Options that decide where experts go, by vLLM's names. Source: vllm/config/parallel.py at 00193b82. */
export const settings: Readonly<Record<string, Setting>> = {
  tensor_parallel_size: { kind: 'count', of: 'tp', title: 'Tensor-parallel size' },
  pipeline_parallel_size: { kind: 'count', of: 'pp', title: 'Pipeline-parallel size' },
  data_parallel_size: { kind: 'count', of: 'dp', title: 'Data-parallel size' },
  prefill_context_parallel_size: { kind: 'count', of: 'cp', title: 'Prefill context-parallel size' },
  pcp: { kind: 'count', of: 'cp', title: 'Prefill context-parallel size' },
  decode_context_parallel_size: { kind: 'count', title: 'Decode context-parallel size, inside tensor parallelism' },
  dcp: {
    kind: 'count',
    as: 'decode_context_parallel_size',
    title: 'Decode context-parallel size, inside tensor parallelism',
  },
  enable_expert_parallel: { kind: 'flag', title: 'Experts whole on their rank, not cut over all' },
  enable_eplb: { kind: 'flag', title: 'Expert load balancing' },
  num_redundant_experts: { kind: 'count', title: 'Redundant experts of EPLB' },
  expert_placement_strategy: {
    kind: 'word',
    words: { linear: 'linear', round_robin: 'round-robin' },
    title: 'How experts are dealt',
  },
  all2all_backend: { kind: 'word', of: 'all2all', words, title: 'Kernels that move tokens' },
};

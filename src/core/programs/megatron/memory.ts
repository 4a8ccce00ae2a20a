import { usualRegime } from '../../ranks/memory/regimes.ts';
import type { MemoryRules } from '../../ranks/memory/rules.ts';
import { megatronTheoretical } from './theoretical.ts';

/** Megatron-Core with its distributed optimizer: states are cut where weights and gradients stay whole. */
export const memory: MemoryRules = {
  version: 'd98e8a6 (2026-08-22)',
  source: 'NVIDIA/Megatron-LM, megatron/training/theoretical_memory_usage.py and megatron/core/optimizer',
  date: '2026-11-22',
  title: 'Megatron-Core, distributed optimizer',
  holds: {
    dense: '÷ TP × PP; optimizer states over DP × CP, and to the high end as its own formula has them',
    experts: '÷ EP × ETP × PP; states over their own data parallelism',
  },
  serves: false,
  usual: usualRegime(18, 'bf16 weights, fp32 gradients, master and moments.'),
  dense: () => ({ dense: 'sharded', said: null }),
  assumptions: ({ tp = 1, etp }) => [
    ...(etp === undefined && tp > 1
      ? [`--expert-tensor-parallel-size ${tp}, the tensor-parallel size: Megatron’s own default.`]
      : []),
    'Sequence parallelism over tensor-parallel ranks, distributed optimizer.',
  ],
  cut: ({ dp, cp, edp }) => ({
    dense: (count) => ({ weights: count, gradients: count, optimizer: count / (dp * cp) }),
    experts: (count) => ({ weights: count, gradients: count, optimizer: count / edp }),
  }),
  fetches: 'none',
  step: 'none',
  offloads: ['optimizer'],
  offloadSaid:
    '--optimizer-cpu-offload with --optimizer-offload-fraction 1, which need --use-precision-aware-optimizer beside them.',
  sequenceParallel: true,
  lossInPlace: true,
  sharedBatch: false,
  lingering:
    'under full recompute they were seen to stay until the next micro batch (NVIDIA/Megatron-LM#3221; unfused unpermutation mended in 07a0de6)',
  theoretical: megatronTheoretical,
  changes: { data: 'dp', context: true, shardDense: false },
};

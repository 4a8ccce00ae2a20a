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
    dense: '÷ (TP × PP); optimizer states ÷ (DP × CP); the high end follows Megatron’s own formula',
    experts: '÷ (EP × ETP × PP); optimizer states also over the ranks that share the experts',
  },
  serves: false,
  usual: usualRegime(18, 'bf16 weights, fp32 gradients, master and moments.'),
  dense: () => ({ dense: 'sharded', said: null }),
  assumptions: ({ tp = 1, etp }) => [
    ...(etp === undefined && tp > 1
      ? [`--expert-tensor-parallel-size ${tp}: Megatron’s default is the tensor-parallel size.`]
      : []),
    'Sequence parallelism over the tensor-parallel ranks and the distributed optimizer are on.',
  ],
  cut: ({ dp, cp, edp }) => ({
    dense: (count) => ({ weights: count, gradients: count, optimizer: count / (dp * cp) }),
    experts: (count) => ({ weights: count, gradients: count, optimizer: count / edp }),
  }),
  fetches: 'none',
  step: 'none',
  offloads: ['optimizer'],
  offloadSaid:
    'The options are --optimizer-cpu-offload and --optimizer-offload-fraction 1; both need --use-precision-aware-optimizer.',
  sequenceParallel: true,
  lossInPlace: true,
  sharedBatch: false,
  lingering:
    'under full recompute they may stay until the next micro batch (NVIDIA/Megatron-LM#3221; fixed for unfused unpermutation in 07a0de6)',
  theoretical: megatronTheoretical,
  changes: { data: 'dp', context: true, shardDense: false },
};

import { usualRegime } from '../../ranks/memory/regimes.ts';
import { even, type MemoryRules } from '../../ranks/memory/rules.ts';
import { peftLora } from '../peft/lora.ts';

/** FSDP2 raises trained parameters to fp32 under mixed precision. */
export const FP32_REGIME = usualRegime(
  16,
  'weights, gradients and Adam’s moments in fp32. accelerate’s FSDP2 converts them under mixed precision.',
);

/** FSDP2 over data × context parallel ranks; experts, where a fork folds them, over the ranks that share them. */
export const memory: MemoryRules = {
  version: 'accelerate 16cb6eb (2026-07-24), PyTorch 2.11.0',
  source: 'huggingface/accelerate, src/accelerate/utils/fsdp_utils.py; PyTorch, torch/distributed/fsdp/_fully_shard',
  date: '2026-11-22',
  title: 'FSDP2 (accelerate, TRL), experts folded',
  holds: {
    dense: 'sharded over data × context parallel ranks; `--dense replicated` replicates it on each EP rank',
    experts: '÷ EP, then sharded over the ranks that share them',
  },
  serves: false,
  usual: FP32_REGIME,
  lora: peftLora,
  byDefault: 'Program: FSDP2 as accelerate and TRL use it, with expert parallelism over the same ranks.',
  dense: ({ ep = 1 }) => ({
    dense: 'sharded',
    said:
      ep > 1
        ? 'Weights other than experts are sharded over all ranks (FSDP2 over data × context parallelism), not replicated over EP.'
        : null,
  }),
  cut({ gpus, dp, cp, tp, pp, ep }, options) {
    const over = options.dense === 'replicated' ? Math.max(gpus / pp / tp / ep, 1) : dp * cp;
    return { dense: (count) => even(count / over), experts: even };
  },
  fetches: 'layers',
  step: 'foreach',
  offloads: ['optimizer', 'all'],
  offloadSaid:
    'FSDP2’s CPUOffloadPolicy moves weights and gradients too, which is offload all. The published offloaded runs (43 to 45 GB) fit only if the optimizer states alone were moved.',
  sequenceParallel: false,
  lossInPlace: false,
  sharedBatch: false,
  changes: { data: 'dp', context: true, shardDense: false },
};

import { ZERO_REGIME } from '../../ranks/memory/regimes.ts';
import type { Held, HoldingOptions, MemoryRules } from '../../ranks/memory/rules.ts';
import { peftLora } from '../peft/lora.ts';

/** ZeRO's stages: 1 cuts optimizer states, 2 gradients too, 3 weights too. */
function zeroed(count: number, ranks: number, stage: HoldingOptions['zero']): Held {
  const from = (least: number) => (stage >= least ? count / ranks : count);
  return { weights: from(3), gradients: from(2), optimizer: from(1) };
}

const COMMON = {
  version: '639460a',
  source: 'deepspeedai/DeepSpeed, deepspeed/runtime/zero',
  date: '2026-11-22',
  serves: false,
  usual: {
    regime: ZERO_REGIME,
    least: 16,
    said: '16 bytes per parameter: bf16 weights and gradients, fp32 master weights and moments (2 + 2 + 12).',
  },
  masters: true,
  dense: () => ({ dense: 'sharded', said: null }),
  sequenceParallel: false,
  lossInPlace: false,
  sharedBatch: false,
  changes: { data: 'dp', context: true, shardDense: false },
} as const satisfies Partial<MemoryRules>;

/** DeepSpeed turns the whole model into bf16, adapters too, and keeps fp32 masters of what is trained. */
const ZERO_ADAPTERS = {
  regime: ZERO_REGIME,
  least: 16,
  said: '16 bytes per parameter of LoRA adapters: bf16 weights and gradients, fp32 master weights and moments.',
};

/** ZeRO, stage 3 unless said: every parameter over all ranks. */
export const zeroMemory: MemoryRules = {
  ...COMMON,
  title: 'DeepSpeed ZeRO',
  lora: { ...peftLora, usual: ZERO_ADAPTERS },
  holds: {
    dense: 'stage 1 shards optimizer states, stage 2 also gradients, stage 3 also weights',
    experts: 'as the other weights',
  },
  assumptions: ({ zero }) => (zero === undefined ? ['ZeRO stage: 3.'] : []),
  cut: ({ gpus }, { zero }) => ({
    dense: (count) => zeroed(count, gpus, zero),
    experts: (_, whole) => zeroed(whole, gpus, zero),
  }),
  offloads: ['optimizer', 'all'],
  offloadSaid: 'The options are offload_optimizer of zero_optimization and, for offload all, also offload_param.',
  offloadLimit({ zero = 3 }, offload) {
    if (zero === 0) return 'ZeRO stage 0 has no offload. offload_optimizer needs stage 1 or more.';
    return offload === 'all' && zero < 3
      ? `offload_param needs ZeRO stage 3, not ${zero}. Use offload optimizer.`
      : null;
  },
  fetches: 'live',
  step: 'sub-group',
};

/** DeepSpeed's own MoE layer under ZeRO-2: experts' states over the ranks that share them. */
export const moeMemory: MemoryRules = {
  ...COMMON,
  title: 'DeepSpeed-MoE, ZeRO-2',
  holds: {
    dense: 'replicated; gradients and optimizer states sharded over all ranks',
    experts: '÷ EP; gradients and optimizer states sharded over the ranks that share them',
  },
  cut: ({ gpus, edp }) => ({
    dense: (count) => zeroed(count, gpus, 2),
    experts: (count) => zeroed(count, edp, 2),
  }),
  offloads: ['optimizer'],
  offloadSaid: 'The option is offload_optimizer of zero_optimization.',
  fetches: 'buckets',
  step: 'none',
};

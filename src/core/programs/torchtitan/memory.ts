import { usualRegime } from '../../ranks/memory/regimes.ts';
import { even, type MemoryRules } from '../../ranks/memory/rules.ts';

/** torchtitan: FSDP2 over dp_shard × cp, experts over what expert parallelism leaves, the loss in place. */
export const memory: MemoryRules = {
  version: 'b5bcd76 (2026-08-21)',
  source: 'pytorch/torchtitan, torchtitan/distributed/parallel_dims.py and torchtitan/components/loss.py',
  date: '2026-11-22',
  title: 'torchtitan',
  holds: { dense: '÷ TP, then sharded over dp_shard × cp', experts: '÷ (EP × efsdp)' },
  serves: false,
  usual: usualRegime(16, 'torchtitan keeps weights, gradients and moments in fp32.'),
  dense: () => ({ dense: 'sharded', said: null }),
  cut: ({ dp, cp }) => ({
    dense: (count) => even(count / (dp * cp)),
    experts: even,
  }),
  fetches: 'layers',
  step: 'none',
  offloads: ['all'],
  offloadSaid: 'training.enable_cpu_offload.',
  sequenceParallel: true,
  lossInPlace: false,
  sharedBatch: false,
  changes: { data: 'dp', context: true, shardDense: false },
};

import { usualRegime } from '../../ranks/memory/regimes.ts';
import { even, type MemoryRules } from '../../ranks/memory/rules.ts';
import { peftLoraBf16 } from '../peft/lora.ts';

/** transformers 5 under `DistributedConfig`: one batch for all expert-parallel ranks, FSDP beside them. */
export const memory: MemoryRules = {
  version: '5.18.0',
  source: 'huggingface/transformers, src/transformers/distributed; published runs of huggingface/trl#6869',
  date: '2026-11-22',
  title: 'transformers 5 (DistributedConfig)',
  holds: {
    dense: 'replicated on each EP rank, sharded over `fsdp_size`',
    experts: '÷ (EP × FSDP); all EP ranks work on one batch',
  },
  serves: false,
  usual: usualRegime(
    8,
    'AdamW on bf16 weights, or 8-bit Adam. Published expert-parallel runs (huggingface/trl#6869) lie between the two.',
    6,
  ),
  lora: peftLoraBf16,
  dense: ({ ep = 1 }) =>
    ep > 1
      ? {
          dense: 'replicated',
          said: 'Weights other than experts are replicated on each expert-parallel rank, as transformers 5 does it.',
        }
      : { dense: 'sharded', said: null },
  cut: ({ dp, ep }, { dense }) => ({
    dense: (count) => even(count / (dense === 'replicated' ? dp : dp * ep)),
    experts: even,
  }),
  fetches: 'layers',
  step: 'none',
  offloads: ['all'],
  offloadSaid: 'The option is fsdp_cpu_offload of DistributedConfig.',
  offloadLimit: ({ gpus, dp, ep = 1 }) =>
    (dp ?? (gpus ?? ep) / ep) > 1
      ? null
      : 'Offload is a feature of FSDP, and fsdp_size 1 does not use FSDP. Set dp to 2 or more.',
  sequenceParallel: false,
  lossInPlace: false,
  sharedBatch: true,
  changes: { data: 'fsdp', context: false, shardDense: true },
};

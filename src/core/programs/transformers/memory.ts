import { usualRegime } from '../../ranks/memory/regimes.ts';
import { even, type MemoryRules } from '../../ranks/memory/rules.ts';
import { peftLoraBf16 } from '../peft/lora.ts';

/** transformers 5 under `DistributedConfig`: one batch for all expert-parallel ranks, FSDP beside them. */
export const memory: MemoryRules = {
  version: '5.18.0',
  source: 'huggingface/transformers, src/transformers/distributed; published runs of huggingface/trl#6869',
  date: '2026-11-22',
  title: 'transformers 5 (DistributedConfig)',
  holds: { dense: 'whole on every EP rank, cut over `fsdp_size`', experts: '÷ EP × FSDP; EP ranks see one batch' },
  serves: false,
  usual: usualRegime(
    8,
    'AdamW over bf16 weights, or 8-bit Adam; published expert-parallel runs (huggingface/trl#6869) lie between.',
    6,
  ),
  lora: peftLoraBf16,
  dense: ({ ep = 1 }) =>
    ep > 1
      ? {
          dense: 'replicated',
          said: 'Everything but experts is whole on every expert-parallel rank, as transformers 5 places it.',
        }
      : { dense: 'sharded', said: null },
  cut: ({ dp, ep }, { dense }) => ({
    dense: (count) => even(count / (dense === 'replicated' ? dp : dp * ep)),
    experts: even,
  }),
  fetches: 'layers',
  step: 'none',
  offloads: ['all'],
  offloadSaid: 'fsdp_cpu_offload of DistributedConfig.',
  offloadLimit: ({ gpus, dp, ep = 1 }) =>
    (dp ?? (gpus ?? ep) / ep) > 1
      ? null
      : 'Offload is FSDP’s alone: with fsdp_size 1 there is none. Ask for dp 2 or more.',
  sequenceParallel: false,
  lossInPlace: false,
  sharedBatch: true,
  changes: { data: 'fsdp', context: false, shardDense: true },
};

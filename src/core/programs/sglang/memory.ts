import type { MemoryRules } from '../../ranks/memory/rules.ts';
import { SERVING } from '../serving.ts';

/** SGLang, serving. */
export const memory: MemoryRules = {
  ...SERVING,
  version: 'main, 2026',
  source: 'sgl-project/sglang, python/sglang/srt/model_executor/model_runner.py',
  date: '2026-11-22',
  title: 'SGLang (serving)',
  offloadSaid: '--cpu-offload-gb moves a given number of GiB of the weights, which is not modelled.',
  assumptions: ({ dp = 1 }) =>
    dp > 1
      ? [
          'Data parallelism means --enable-dp-attention: attention and the input embedding are divided over tp ÷ dp ranks, all other weights over tp, and the head too (no --enable-dp-lm-head).',
        ]
      : [],
  holds: {
    dense: '÷ TP; with DP attention, attention and input embedding ÷ (TP ÷ DP)',
    experts: '÷ EP, each expert over the remaining TP ranks',
  },
};

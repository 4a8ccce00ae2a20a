import type { MemoryRules } from '../../ranks/memory/rules.ts';
import { SERVING } from '../serving.ts';

/** vLLM, serving. */
export const memory: MemoryRules = {
  ...SERVING,
  version: 'main, 2026',
  source: 'vllm-project/vllm, vllm/v1/worker/gpu_worker.py and vllm/v1/kv_cache_interface.py',
  date: '2026-11-22',
  title: 'vLLM (serving)',
  holds: {
    dense: '÷ TP, replicated on each data-parallel rank',
    experts: '÷ EP; without expert parallelism over all ranks of a stage',
  },
  offloadSaid: '--cpu-offload-gb moves a given number of GiB of the weights, which is not modelled.',
  assumptions: ({ ep = 1, tp = 1, dp = 1, cp = 1 }) =>
    ep === 1 && tp * dp * cp > 1
      ? [
          'Expert parallelism is off (no --enable-expert-parallel): each expert is divided over the data × tensor parallel ranks.',
        ]
      : [],
};

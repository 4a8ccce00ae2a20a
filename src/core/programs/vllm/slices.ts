import type { SliceFormat } from '../../checkpoint/slices.ts';

/** `sharded_state` of vLLM, which SGLang has too: what each rank holds in memory, under the engine's names. */
export const shardedState: SliceFormat = {
  writer: 'vLLM’s or SGLang’s sharded_state',
  file: /^model-rank-(?<rank>\d+)-part-\d+\.safetensors$/,
  first: 0,
  cure: 'No tool joins them: they hold the engine’s own names, and load only with --load-format sharded_state at the same tensor parallel size. Open the checkpoint that they were saved from.',
  version: 'vLLM main, 2026; SGLang main, 2026',
  source:
    'vllm-project/vllm, vllm/model_executor/model_loader/sharded_state_loader.py, DEFAULT_PATTERN; sgl-project/sglang#3209',
  date: '2026-11-29',
};

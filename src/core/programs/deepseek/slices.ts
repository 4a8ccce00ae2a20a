import type { SliceFormat } from '../../checkpoint/slices.ts';

/** What DeepSeek's own inference/convert.py writes: one file a rank of model parallelism. */
export const deepseekSlices: SliceFormat = {
  writer: 'DeepSeek’s inference/convert.py',
  file: /^model(?<rank>\d+)-mp(?<ranks>\d+)\.safetensors$/,
  first: 0,
  cure: 'No tool joins them: open the checkpoint that they were made from.',
  version: 'DeepSeek-V3 9b4e978',
  source: 'deepseek-ai/DeepSeek-V3, inference/convert.py',
  date: '2026-11-22',
};

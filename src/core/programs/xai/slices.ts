import type { SliceFormat } from '../../checkpoint/slices.ts';

/** Grok 2 as published: eight slices of every expert under one name, the other tensors in files of all ranks. */
export const grokSlices: SliceFormat = {
  writer: 'xAI (Grok 2)',
  file: /^pytorch_model-\d+-TP-(?<rank>\d+|common)\.safetensors$/,
  first: 0,
  cure: 'SGLang loads them as they are with as many tensor parallel ranks; llama.cpp’s converter joins them to GGUF.',
  version: 'xai-org/grok-2 as published in 2025',
  source: 'sgl-project/sglang#36438, ggml-org/llama.cpp#15539',
  date: '2026-11-22',
};

import { expect, it } from 'vitest';
import { readIndexName } from './index-name.ts';

it.each([
  ['model.safetensors.index.json', null],
  ['diffusion_pytorch_model.safetensors.index.json', null],
  ['model.safetensors.index.fp16.json', 'fp16'],
  ['model.fp16.safetensors.index.json', 'fp16'],
  ['model.safetensors.fp16.index.json', 'fp16'],
  ['text_encoder/model.safetensors.index.bf16.json', 'bf16'],
])('%s is an index', (file, variant) => {
  expect(readIndexName(file)).toEqual({ file, variant });
});

it.each(['config.json', 'pytorch_model.bin.index.json', 'model.safetensors', 'index.json', 'model.index.json'])(
  '%s is none',
  (file) => {
    expect(readIndexName(file)).toBeNull();
  },
);

import { expect, it } from 'vitest';
import { quantConfig } from './config.ts';

const NOTHING = { method: null, format: null, bits: null, group: null, block: null, activations: null };

it.each([
  ['FP8 in blocks', { quant_method: 'fp8', weight_block_size: [128, 64] }, { method: 'fp8', block: [128, 64] }],
  [
    'GPTQ',
    { quant_method: 'gptq', bits: 3, group_size: -1, checkpoint_format: 'GPTQ_v2' },
    { method: 'gptq', format: 'gptq_v2', bits: 3, group: 'whole' },
  ],
  [
    'AWQ by its old keys',
    { quant_method: 'awq', w_bit: 4, q_group_size: 64, version: 'gemm' },
    { method: 'awq', format: 'gemm', bits: 4, group: 64 },
  ],
  [
    'compressed-tensors',
    {
      quant_method: 'compressed-tensors',
      format: 'pack-quantized',
      config_groups: { group_0: { weights: null }, group_1: { weights: { num_bits: 4, group_size: 32 } } },
    },
    { method: 'compressed-tensors', format: 'pack-quantized', bits: 4, group: 32 },
  ],
  [
    'HQQ',
    { quant_method: 'hqq', quant_config: { weight_quant_params: { nbits: 4, group_size: 16 } } },
    { method: 'hqq', bits: 4, group: 16 },
  ],
])('%s', (_what, said, read) => {
  expect(quantConfig({ quantization_config: said })).toEqual({ ...NOTHING, ...read });
  expect(quantConfig({ text_config: { quantization_config: said } })).toEqual({ ...NOTHING, ...read });
});

it.each([
  [{ quant_method: 'modelopt', quant_algo: 'NVFP4' }, 'static'],
  [{ quant_method: 'modelopt', quant_algo: 'W4A16_NVFP4' }, 'none'],
  [{ quant_method: 'modelopt', quant_algo: 'FP8_PB_WO' }, 'none'],
  [{ quant_method: 'fp8', activation_scheme: 'dynamic' }, 'none'],
  [{ quant_method: 'fp8', activation_scheme: 'static' }, 'static'],
  [{ config_groups: { a: { input_activations: null } } }, 'none'],
  [{ config_groups: { a: { input_activations: { dynamic: true } } } }, 'none'],
  [{ config_groups: { a: { input_activations: { dynamic: 'local' } } } }, 'static'],
  [{ quant_method: 'gptq' }, null],
])('reads whether activations have scales: %j', (said, activations) => {
  expect(quantConfig({ quantization_config: said }).activations).toBe(activations);
});

it('reads MLX’s own key', () => {
  expect(quantConfig({ quantization: { group_size: 64, bits: 6, mode: 'affine' } })).toEqual({
    ...NOTHING,
    ...{ format: 'affine', bits: 6, group: 64 },
  });
});

it.each([
  null,
  {},
  { quantization_config: null },
  { quantization_config: [] },
  { quantization_config: 'fp8' },
  { quantization_config: { quant_method: 7, bits: 4.5, group_size: 0, weight_block_size: [128] } },
  { quantization_config: { bits: 1e9, group_size: '32', weight_block_size: [-1, 128], config_groups: [1] } },
  { quantization_config: { config_groups: { a: { weights: 'all' } }, block_structure: [1, 2, 3] } },
])('takes nothing from what is of another form: %j', (config) => {
  expect(quantConfig(config)).toEqual(NOTHING);
});

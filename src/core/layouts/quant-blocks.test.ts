import { describe, expect, it } from 'vitest';
import { quantBlocks } from './quant-blocks.ts';

describe('quantBlocks', () => {
  it.each([
    ['no config', null, null],
    ['no quantisation', {}, null],
    [
      'FP8 in blocks',
      { quantization_config: { quant_method: 'fp8', weight_block_size: [128, 64] } },
      { rows: 128, columns: 64, method: 'fp8' },
    ],
    ['FP8 with a scale a tensor', { quantization_config: { quant_method: 'fp8' } }, null],
    ['a broken block size', { quantization_config: { quant_method: 'fp8', weight_block_size: [0, 'x'] } }, null],
    [
      'GPTQ',
      { quantization_config: { quant_method: 'gptq', group_size: 128 } },
      { rows: 1, columns: 128, method: 'gptq' },
    ],
    ['GPTQ of whole rows', { quantization_config: { quant_method: 'gptq', group_size: -1 } }, null],
    ['MXFP4', { quantization_config: { quant_method: 'mxfp4' } }, { rows: 1, columns: 32, method: 'mxfp4' }],
    [
      'compressed-tensors',
      {
        quantization_config: {
          quant_method: 'compressed-tensors',
          config_groups: { group_0: { weights: { num_bits: 4, group_size: 32 } } },
        },
      },
      { rows: 1, columns: 32, method: 'compressed-tensors' },
    ],
    [
      'the experts’ part of a composite config',
      { text_config: { num_experts: 8, quantization_config: { quant_method: 'awq', group_size: 64 } } },
      { rows: 1, columns: 64, method: 'awq' },
    ],
  ])('%s', (_, config, blocks) => {
    expect(quantBlocks(config)).toEqual(blocks);
  });
});

import { expect, describe as group, it } from 'vitest';
import { isLoomError } from '../../errors.ts';
import { checkpointOf, readRealNames } from '../../layouts/checkpoints.fixture.ts';
import { detectLayout } from '../../layouts/detect.ts';
import { qwen3Model } from '../qwen3-235b.fixture.ts';
import { countBlocks, traitsOf } from './blocks.ts';
import { readModelConfig } from './configs.fixture.ts';
import { decoderBlocks } from './decoder.ts';
import { activeParameters, denseParameters, type Matrix, totalParameters } from './shape.ts';
import { shapeFromCheckpoint } from './shape-checkpoint.ts';
import { describe, fp8Scales, predictionParameters, shapeFromConfig } from './shape-config.ts';

/** Model, routed, dense, total, active (all, without input embedding), parameters of one expert in a layer, bf16 bytes. */
const EXACT = [
  ['Qwen3-30B-A3B', 28_991_029_248, 1_541_093_376, 30_532_122_624, 3_353_032_704, 3_041_867_776, 4_718_592],
  ['Qwen3-235B-A22B', 227_096_395_776, 7_997_238_784, 235_093_634_560, 22_190_763_520, 21_568_433_664, 18_874_368],
  ['Mixtral-8x7B-v0.1', 45_097_156_608, 1_605_636_096, 46_702_792_704, 12_879_925_248, 12_748_853_248, 176_160_768],
  ['DeepSeek-V3', 653_908_770_816, 17_117_648_384, 671_026_419_200, 37_552_297_472, 36_625_618_432, 44_040_192],
  ['gpt-oss-120b', 114_701_598_720, 2_127_557_952, 116_829_156_672, 5_711_982_912, 5_132_849_472, 24_891_840],
  ['GLM-4.5-Air', 99_656_663_040, 7_195_588_224, 106_852_251_264, 13_424_129_664, 12_803_372_672, 17_301_504],
] as const;

/** Model types whose every parameter a config alone tells: the six above and their like, checked against real files. */
const FROM_CONFIG = [
  ...['qwen3_moe', 'qwen2_moe', 'mixtral', 'minimax', 'minimax_m2', 'deepseek_v2', 'deepseek_v3', 'glm4_moe'],
  ...['glm4_moe_lite', 'dots1', 'solar_open', 'exaone_moe', 'olmoe', 'flex_olmo', 'ernie4_5_moe', 'granitemoe'],
  ...['granitemoeshared', 'gpt_oss', 'aria_text', 'mistral4', 'qwen3_vl_moe_text', 'youtu'],
];

group('shapeFromConfig', () => {
  it.each(EXACT)('counts %s to the parameter', (name, routed, dense, total, all, withoutInput, expert) => {
    const shape = shapeFromConfig(readModelConfig(name));
    expect(shape.parameters.routed).toBe(routed);
    expect(denseParameters(shape)).toBe(dense);
    expect(totalParameters(shape)).toBe(total);
    expect(activeParameters(shape)).toMatchObject({ all, withoutInputEmbedding: withoutInput });
    expect(routed / (shape.experts * shape.moeLayers)).toBe(expert);
    expect(shape.assumed).toEqual([]);
  });

  it('splits Qwen3-235B as its matrices do', () => {
    const { parameters } = shapeFromConfig(readModelConfig('Qwen3-235B-A22B'));
    expect(parameters).toMatchObject({
      attention: 6_702_497_792,
      norm: 24_064 + 774_144,
      router: 49_283_072,
      embedding: 622_329_856,
      head: 622_329_856,
      shared: 0,
      mlp: 0,
      prediction: 0,
    });
  });

  it('splits DeepSeek-V3, latent attention’s norms among the norms', () => {
    const { parameters, layers, hidden } = shapeFromConfig(readModelConfig('DeepSeek-V3'));
    expect(parameters.shared).toBe(2_554_331_136);
    expect(parameters.mlp).toBe(1_189_085_184);
    expect(parameters.attention + parameters.norm - (2 * layers + 1) * hidden).toBe(11_413_547_008);
    expect(parameters.router - 58 * 256 * hidden).toBe(14_848);
  });

  it('counts what the Hub has beside the main model: prediction layers, copies, FP8 scales', () => {
    const { sizes, traits } = describe(readModelConfig('DeepSeek-V3'));
    const prediction = predictionParameters(sizes, traits);
    expect(prediction).toMatchObject({ own: 11_610_068_224, copied: 1_853_358_080 });
    const scales = fp8Scales([...decoderBlocks(sizes, traits), ...prediction.blocks]);
    expect(scales).toBe(41_540_496);
    const main = countBlocks(decoderBlocks(sizes, traits));
    expect(main + prediction.total).toBe(684_489_845_504);
    expect(main + prediction.total + scales).toBe(684_531_386_000);
    const air = describe(readModelConfig('GLM-4.5-Air'));
    expect(predictionParameters(air.sizes, air.traits)).toMatchObject({ own: 2_375_059_584, copied: 1_241_513_984 });
  });

  it('knows what quantised weights take on disk', () => {
    const { stored } = shapeFromConfig(readModelConfig('gpt-oss-120b'));
    expect(stored.routed + stored.rest).toBe(65_248_815_744);
    const plain = shapeFromConfig(readModelConfig('Qwen3-235B-A22B')).stored;
    expect(plain.routed + plain.rest).toBe(470_187_269_120);
  });

  it('knows the cache of a token', () => {
    const bytes = (name: string) => {
      const { cache } = shapeFromConfig(readModelConfig(name));
      return 2 * cache.elements * (cache.layers + cache.windowLayers);
    };
    expect(bytes('Qwen3-235B-A22B')).toBe(192_512);
    expect(bytes('Qwen3-30B-A3B')).toBe(98_304);
    expect(bytes('Mixtral-8x7B-v0.1')).toBe(131_072);
    expect(bytes('DeepSeek-V3')).toBe(70_272);
    expect(bytes('GLM-4.5-Air')).toBe(188_416);
    expect(bytes('gpt-oss-120b')).toBe(73_728);
    const { cache } = shapeFromConfig(readModelConfig('gpt-oss-120b'));
    expect(2 * cache.elements * cache.layers).toBe(36_864);
  });

  it('counts a dense model', () => {
    const llama = { model_type: 'llama', hidden_size: 4096, num_hidden_layers: 32, num_attention_heads: 32 };
    const shape = shapeFromConfig({
      ...llama,
      num_key_value_heads: 8,
      intermediate_size: 14_336,
      vocab_size: 128_256,
    });
    expect(totalParameters(shape)).toBe(8_030_261_248);
    expect(shape.experts).toBe(0);
  });

  it.each([
    [{}],
    [{ hidden_size: 64 }],
    [{ ...readModelConfig('Qwen3-30B-A3B'), num_hidden_layers: 1e9 }],
    [{ ...readModelConfig('Qwen3-30B-A3B'), vocab_size: '151936' }],
    [{ ...readModelConfig('Qwen3-30B-A3B'), hidden_size: 1e12 }],
    [{ ...readModelConfig('DeepSeek-V3'), v_head_dim: null }],
  ])('refuses what no size can be made of: %#', (config) => {
    expect(() => shapeFromConfig(config)).toThrow(expect.objectContaining({ tag: 'config-invalid' }));
  });

  it('says when a model type is not known', () => {
    const shape = shapeFromConfig({ ...readModelConfig('Qwen3-30B-A3B'), model_type: 'brand_new' });
    expect(shape.assumed).toEqual(['The model type brand_new is not known. Its parameters are counted like Llama’s.']);
    expect(traitsOf('constructor').known).toBe(false);
  });
});

group('shapeFromCheckpoint', () => {
  const real = Object.entries(readRealNames()).flatMap(([name, { config, disk }]) => {
    const checkpoint = checkpointOf(disk, config);
    try {
      return [{ name, config, shape: shapeFromCheckpoint(checkpoint, detectLayout(checkpoint)) }];
    } catch (error) {
      if (isLoomError(error) && error.tag === 'config-invalid') return [];
      throw error;
    }
  });

  it('reads nearly all architectures', () => {
    expect(real.length).toBeGreaterThanOrEqual(50);
  });

  it.each(FROM_CONFIG)('finds in %s what its config says, part by part', (name) => {
    const found = real.find((each) => each.name === name);
    const parameters = { ...found?.shape.parameters, prediction: 0 };
    expect(parameters).toEqual({ ...shapeFromConfig(found?.config ?? {}).parameters, prediction: 0 });
  });

  it.each(FROM_CONFIG)(
    'finds the matrices of %s in its headers: as many numbers in each part as by its config',
    (name) => {
      const found = real.find((each) => each.name === name);
      expect(matrixSums(found?.shape.matrices)).toEqual(matrixSums(shapeFromConfig(found?.config ?? {}).matrices));
    },
  );

  it('finds Qwen3-235B in the headers of its real names', () => {
    const { checkpoint, layout } = qwen3Model('per-expert', 4e9);
    const config = readModelConfig('Qwen3-235B-A22B');
    const shape = shapeFromCheckpoint({ ...checkpoint, config }, layout);
    const { parameters, stored } = shapeFromConfig(config);
    expect(shape.parameters).toEqual(parameters);
    expect(shape.stored).toEqual(stored);
    const sorted = (matrices: readonly Matrix[]) => [...matrices].sort((a, b) => (a.path < b.path ? -1 : 1));
    const bare = shapeFromConfig(config).matrices.map((matrix) =>
      matrix.part === 'embedding' ? { ...matrix, path: `model.${matrix.path}` } : matrix,
    );
    expect(sorted(shape.matrices)).toEqual(sorted(bare));
  });
});

function matrixSums(matrices: readonly Matrix[] = []): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {};
  for (const { part, out, in: columns, copies } of matrices) sums[part] = (sums[part] ?? 0) + out * columns * copies;
  return sums;
}

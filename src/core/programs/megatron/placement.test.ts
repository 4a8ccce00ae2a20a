import { describe, expect, it } from 'vitest';
import { factsOf, placed } from '../../ranks/facts.fixture.ts';
import { readModelConfig } from '../../ranks/memory/configs.fixture.ts';
import { shapeFromConfig } from '../../ranks/memory/shape-config.ts';
import { planPlacement } from '../../ranks/placement.ts';
import type { PlacementOptions } from '../../ranks/types.ts';
import { configFor } from '../configuring.ts';
import { readBack } from '../read-back.fixture.ts';
import { megatronCore } from './program.ts';

const plan = (options: PlacementOptions, layers = 94) => planPlacement(megatronCore, options, factsOf(8, { layers }));
const outer = (first: number, last: number) => ({
  own: {
    ...(first > 0 ? { decoder_first_pipeline_num_layers: first } : {}),
    ...(last > 0 ? { decoder_last_pipeline_num_layers: last } : {}),
  },
});

describe('Megatron’s stages', () => {
  it.each([
    [4, 0, 22, [24, 24, 24, 22]],
    [4, 22, 0, [22, 24, 24, 24]],
    [4, 20, 24, [20, 25, 25, 24]],
    [2, 40, 54, [40, 54]],
    [1, 94, 0, [94]],
  ] as const)('pp %i, %i at first and %i at last', (pp, first, last, stages) => {
    expect(placed(plan({ pp, ...outer(first, last) })).stages).toEqual(stages);
  });

  it.each([
    [4, 20, 23, 'number of layers at middle stage: 51 must be divisible bythe middle pipeline model parallel size 2'],
    [2, 40, 50, 'Mismatch: 4 middle layers remaining but 0 middle PP stages available.'],
    [3, 40, 54, 'Mismatch: 0 middle layers remaining but 1 middle PP stages available.'],
    [4, 0, 0, 'Number of layers should be divisible by the pipeline-model-parallel size'],
  ] as const)('refuses pp %i, %i at first and %i at last', (pp, first, last, error) => {
    expect(plan({ pp, ...outer(first, last) }, pp === 4 && first === 0 ? 93 : 94)).toEqual({ error });
  });

  it('are said in its configuration', () => {
    const shape = shapeFromConfig(readModelConfig('Qwen3-235B-A22B'));
    const options = { world: 64, tp: 4, pp: 4, cp: 2, ep: 16, etp: 1, ...outer(0, 22) };
    const file = configFor('megatron-core', { model: 'm', shape, options, run: { offload: 'optimizer' } });
    if ('error' in file) throw new Error(file.error);
    const read = readBack('megatron-core', file.text, { layers: 94, expertGroups: null });
    expect(read?.stages).toEqual([24, 24, 24, 22]);
    expect(file.text).toMatch(
      /--optimizer-cpu-offload \\\n {2}--optimizer-offload-fraction 1\.0 \\\n {2}--use-precision-aware-optimizer/,
    );
    expect(file.text).not.toContain('--account-for');
  });
});

describe('Megatron’s world', () => {
  it('divides by the model’s ranks, and by those of experts', () => {
    expect(plan({ world: 12, tp: 8 }, 1)).toEqual({
      error: 'world size (12) is not divisible by total_model_size (total_model_size=8)',
    });
    // Without an own size, tensor parallelism inside experts is that outside.
    expect(plan({ world: 8, tp: 2, ep: 8 }, 1)).toEqual({
      error: 'world_size (8) is not divisible by expert_tensor_model_pipeline_parallel size (16)',
    });
    expect(placed(plan({ world: 8, tp: 2, ep: 8, etp: 1 }, 1)).mesh.world).toBe(8);
  });
});

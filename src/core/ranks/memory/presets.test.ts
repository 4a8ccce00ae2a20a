import { expect, it } from 'vitest';
import { estimateMemory, meshOfSetup } from '../../programs/fitting.ts';
import { readModelConfig } from './configs.fixture.ts';
import { GPU_MODELS, gpuGigabytes } from './gpus.ts';
import { clusterPresets } from './presets.ts';
import type { MemorySetup } from './setup.ts';
import { shapeFromConfig } from './shape-config.ts';

const shape = shapeFromConfig(readModelConfig('Qwen3-235B-A22B'));
const EPS = [1, 2, 4, 8, 16, 32, 64, 128];

function presets(setup: MemorySetup) {
  return clusterPresets(setup, EPS, (tried) => meshOfSetup(tried, shape));
}

it('every preset is a set-up that the program accepts, with the GPUs and the memory that its name says', () => {
  for (const framework of ['fsdp2', 'megatron-core', 'vllm', 'transformers-5']) {
    const found = presets({ framework });
    expect(found.map(({ title }) => title)).toContain('8 × B200');
    for (const { title, setup } of found) {
      const report = estimateMemory(shape, setup);
      if ('error' in report) throw new Error(`${framework}, ${title}: ${report.error}`);
      const [gpus, name] = title.split(' × ');
      const gpu = GPU_MODELS.find((each) => each.title === name);
      expect(report.mesh.gpus).toBe(Number(gpus));
      expect(report.capacity).toBeCloseTo(gpu ? gpuGigabytes(gpu) : Number.NaN, 2);
    }
  }
});

it('keeps what was chosen where it works, and takes the largest expert-parallel size where it does not', () => {
  const chosen = { framework: 'fsdp2', ep: 64, cp: 8, context: 32_768, offload: 'optimizer' } as const;
  const byTitle = new Map(presets(chosen).map(({ title, setup }) => [title, setup]));
  expect(byTitle.get('64 × H100')).toMatchObject({ ...chosen, gpus: 64 });
  expect(byTitle.get('8 × H100')).toMatchObject({ gpus: 8, ep: 8, context: 32_768, offload: 'optimizer' });
  expect(byTitle.get('8 × H100')?.cp).toBeUndefined();
});

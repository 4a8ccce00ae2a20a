import { describe, expect, it } from 'vitest';
import { readModelConfig } from '../../ranks/memory/configs.fixture.ts';
import type { MemorySetup } from '../../ranks/memory/setup.ts';
import { shapeFromConfig } from '../../ranks/memory/shape-config.ts';
import { meshOfSetup } from '../fitting.ts';
import { megatronTheoretical } from './theoretical.ts';

const shape = shapeFromConfig(readModelConfig('Qwen3-235B-A22B'));

/** Set-ups of Qwen3-235B-A22B with the bytes that the formula gives by itself. */
const VECTORS: readonly (readonly [MemorySetup, number])[] = [
  [{ tp: 4, pp: 16, ep: 8, cp: 2, gpus: 128 }, 36_677_306_880],
  [{ tp: 4, pp: 16, ep: 4, gpus: 64 }, 68_612_737_536],
  [{ tp: 4, pp: 16, ep: 8, cp: 2, gpus: 256 }, 24_451_537_920],
  [{ tp: 2, pp: 8, ep: 32, gpus: 256 }, 20_937_930_624],
  [{ ep: 64, gpus: 64 }, 113_353_627_392],
];

describe('megatronTheoretical', () => {
  it.each(VECTORS)('%o', (setup, bytes) => {
    const mesh = meshOfSetup({ framework: 'megatron-core', etp: 1, ...setup }, shape);
    if ('error' in mesh) throw new Error(mesh.error);
    expect(Math.round(megatronTheoretical(shape, mesh))).toBe(bytes);
  });
});

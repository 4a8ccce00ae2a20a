import { describe, expect, it } from 'vitest';
import { factsOf, placed } from '../../ranks/facts.fixture.ts';
import { readModelConfig } from '../../ranks/memory/configs.fixture.ts';
import { shapeFromConfig } from '../../ranks/memory/shape-config.ts';
import { planPlacement } from '../../ranks/placement.ts';
import type { PlacementOptions } from '../../ranks/types.ts';
import { parseCommand } from '../config.fixture.ts';
import { configFor } from '../configuring.ts';
import { torchtitan } from './program.ts';

const plan = (options: PlacementOptions, experts = 8) => planPlacement(torchtitan, options, factsOf(experts));
const HSDP = { own: { data_parallel_replicate_degree: 2 } };

describe('torchtitan', () => {
  it('keeps expert parallelism inside a replica', () => {
    const { ranks, sizes } = placed(plan({ world: 8, ep: 2, ...HSDP }));
    expect(sizes.dp).toBe(4);
    expect(ranks.map(({ coords: { dp_replicate, efsdp, ep } }) => [dp_replicate, efsdp, ep])).toEqual([
      [0, 0, 0],
      [0, 0, 1],
      [0, 1, 0],
      [0, 1, 1],
      [1, 0, 0],
      [1, 0, 1],
      [1, 1, 0],
      [1, 1, 1],
    ]);
  });

  it.each([
    [
      { world: 8, dp: 2, tp: 2, ...HSDP, ep: 2, pp: 2 },
      'Invalid parallel dims: dp_replicate(2) * dp_shard(2) * cp(1) * tp(2) * pp(2) != WORLD_SIZE(8)',
    ],
    [{ world: 8, ep: 8, ...HSDP }, 'expert_parallel_degree (8) must divide dp_shard * cp * tp (4)'],
    [{ world: 6, ep: 3 }, 'layers.0.moe.num_experts (8) must be divisible by expert_parallel_degree (3).'],
  ] as const)('refuses %o', (options, error) => {
    expect(plan(options)).toEqual({ error });
  });

  it('says a batch in tokens of a data-parallel rank, and its replicas', () => {
    const shape = shapeFromConfig(readModelConfig('Qwen3-235B-A22B'));
    const options = { world: 64, ep: 8, ...HSDP };
    const file = configFor('torchtitan', { model: 'm', shape, options, run: { context: 8192, batch: 2 } });
    if ('error' in file) throw new Error(file.error);
    const { flags } = parseCommand(file.text.replace(/^#.*\n/gm, ''));
    expect(flags).toMatchObject({
      '--parallelism.data_parallel_replicate_degree': 2,
      '--parallelism.data_parallel_shard_degree': 32,
      '--training.max_context_length': 8192,
      '--training.num_tokens_per_microbatch_per_dp_rank': 16_384,
    });
    expect(file.text).not.toMatch(/--training\.(seq_len|local_batch_size)/);
  });
});

import { describe, expect, it } from 'vitest';
import { factsOf, placed } from '../../ranks/facts.fixture.ts';
import { planPlacement } from '../../ranks/placement.ts';
import { readSettings } from '../../ranks/settings.ts';
import { tensorrtLlm } from './program.ts';
import { placementFile } from './slots.ts';

const plan = (experts: number, ...entries: string[]) => {
  const read = readSettings(tensorrtLlm, entries);
  if ('error' in read) return read;
  return planPlacement(tensorrtLlm, read.options, factsOf(experts, { moe: 2, layers: 5 }));
};

describe('TensorRT-LLM', () => {
  it('takes a list of experts by slot for each layer, and writes it back', () => {
    const lists = { 0: [0, 1, 2, 3, 3, 2], 1: [3, 2, 1, 0, 0, 1] };
    const placement = placed(
      plan(4, 'tp_size=2', 'moe_ep_size=2', 'num_slots=6', `initial_global_assignments=${JSON.stringify(lists)}`),
    );
    expect(placement.layers.map(({ slots }) => slots)).toEqual([
      [
        [0, 1, 2],
        [3, 3, 2],
      ],
      [
        [3, 2, 1],
        [0, 0, 1],
      ],
    ]);
    expect(placementFile.make(placement, factsOf(4))).toEqual({
      num_slots: 6,
      initial_global_assignments: lists,
      layer_updates_per_iter: 0,
    });
  });

  it.each([
    [['tp_size=4', 'moe_cluster_size=2', 'moe_ep_size=2', 'moe_tp_size=1'], 'assert moe_ep_size == 1'],
    [['tp_size=8', 'moe_ep_size=8'], 'TensorRT-LLM takes no more expert-parallel ranks (8) than experts (4).'],
    [['tp_size=2', 'num_slots=3'], 'num_slots (3) is less than the 4 experts of a layer: some would be on no rank.'],
    [
      ['tp_size=2', 'initial_global_assignments={"0":[0,1,2],"1":[0,1,2,3]}', 'num_slots=4'],
      'initial_global_assignments has 3 slots for a layer, num_slots is 4.',
    ],
    [
      ['tp_size=2', 'initial_global_assignments={"0":"all"}'],
      'initial_global_assignments of layer 0 is not a list of experts.',
    ],
    [
      ['tp_size=2', 'moe_ep_size=2', 'initial_global_assignments={"0":[0,1,2,2],"1":[0,1,2,3]}'],
      'Row 1 of the map file does not place expert 3 of model.layers.0.mlp on any rank.',
    ],
  ])('refuses %j', (entries, error) => {
    expect(plan(4, ...entries)).toEqual({ error });
  });

  it('cuts experts by what expert parallelism leaves of Helix’s ranks', () => {
    const placement = placed(plan(8, 'tp_size=2', 'cp_size=2', 'cp_type=HELIX', 'moe_ep_size=2'));
    expect([placement.sizes.etp, placement.mesh.world]).toEqual([2, 4]);
  });

  it('gives the first stages one layer more', () => {
    expect(placed(plan(4, 'pp_size=3')).stages).toEqual([2, 2, 1]);
  });
});

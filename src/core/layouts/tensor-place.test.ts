import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CheckpointTensor } from '../checkpoint/types.ts';
import { placeOf } from '../compare/correspond.ts';
import { indexTensors } from '../ranks/tensor-index.ts';
import { NONE, tensorColumns } from '../tensors/columns.ts';
import { checkpointOf } from './checkpoints.fixture.ts';
import { detectLayout } from './detect.ts';
import { scanLayers } from './scan.ts';
import { expertTemplate, layerEnd, layerPrefix, layerTest, stackRoot, tensorPlace } from './tensor-place.ts';

describe('tensorPlace', () => {
  it.each([
    ['model.layers.5.mlp.experts.7.up_proj.weight', 'model.layers', 5, 7],
    ['model.layers.5.mlp.experts.gate_up_projs.7.weight', 'model.layers', 5, 7],
    ['model.layers.5.mlp.experts.gate_up_proj', 'model.layers', 5, null],
    ['decoder.layers.3.mlp.experts.local_experts.9.linear_fc1.weight', 'decoder.layers', 3, 9],
    ['local_experts.9.linear_fc1.weight', '', null, 9],
    ['mtp.layers.0.mlp.experts.1.w1.weight', 'mtp.layers', 0, 1],
    ['transformer.h.11.ffn.experts.mlp.w1', 'transformer.h', 11, null],
    ['experts.4.w1', '', null, 4],
    ['experts.gate_up_projs.4.weight', '', null, 4],
    ['model.layers.2.mlp.experts.w1.4', 'model.layers', 2, 4],
    ['model.layers.2.mlp.calculator.experts.weight_gate.4', 'model.layers', 2, 4],
    ['model.layers.2.mlp.experts._checkpoint_wrapped_module.4.w1.weight', 'model.layers', 2, 4],
    ['decoder.block.1.layer.2.mlp.experts.expert_4.wi.weight', 'decoder.block', 1, 4],
    ['transformer.h.2.moe.mlp.4.fc1.weight', 'transformer.h', 2, 4],
    ['transformer.decoder_layer.2.moe.4.linear_v.weight', 'transformer.decoder_layer', 2, 4],
    ['model.layers.5.mlp.shared_experts.up_proj.weight', 'model.layers', 5, null],
    ['mlp.shared_experts.0.up_proj.weight', '', null, null],
    ['model.vision_experts.layers.3.norm.weight', 'model.vision_experts.layers', 3, null],
    ['visual.merger.mlp.0.weight', 'visual.merger.mlp', 0, null],
    ['model.layers.12', 'model.layers', 12, null],
    ['0.weight', '', null, null],
    ['a.0123456789.b', '', null, null],
    ['lm_head.weight', '', null, null],
    ['h2.x', '', null, null],
    ['', '', null, null],
  ])('reads %s', (name, stack, layer, expert) => {
    expect(tensorPlace(name)).toMatchObject({ stack, layer, expert });
  });

  it('gives the rest of the name below the layer', () => {
    expect(tensorPlace('model.layers.5.mlp.gate.weight').rest).toBe('mlp.gate.weight');
    expect(tensorPlace('lm_head.weight').rest).toBe('lm_head.weight');
  });

  it('says what stands before a stack of blocks', () => {
    expect(['model.layers', 'h', 'visual.blocks', 'visual.merger.mlp', ''].map(stackRoot)).toEqual([
      'model.',
      '',
      'visual.',
      null,
      null,
    ]);
  });

  it('takes names that are made to be slow in a pass', () => {
    const long = 200_000;
    const names = [
      'experts.'.repeat(long),
      '.'.repeat(long),
      '9'.repeat(long),
      `experts.${'a'.repeat(long)}.`,
      'local_',
    ];
    // Work that grows with the square would take hours: the test would run out of its time.
    for (const name of names) expect(tensorPlace(`x.${name}`).layer).toBeNull();
  });
});

const SEGMENTS = [
  'model',
  'layers',
  'h',
  'blocks',
  'mlp',
  'experts',
  'local_experts',
  'shared_experts',
  'weight',
  'w1',
  '',
];
const segment = fc.oneof(
  fc.constantFrom(...SEGMENTS),
  fc.nat({ max: 300 }).map(String),
  fc.constantFrom('007', '1234567890', 'h2', '٣'),
  fc.string({ maxLength: 4 }),
);
const anyName = fc.array(segment, { maxLength: 9 }).map((segments) => segments.join('.'));

/** The same by patterns over whole names: short, and too slow for half a million of them. */
function byPattern(name: string) {
  const rest = name.slice(layerEnd(name));
  const found =
    /(?:^|\.)(?:local_)?experts\.(?:(?:[a-z_][a-z_0-9]*\.)?|expert_)(\d{1,9})(?:\.|$)/.exec(rest) ??
    (rest === name ? null : /^\.(?:.*\.)?moe\.(?:mlp\.)?(\d{1,9})(?:\.|$)/.exec(rest));
  return found ? Number(found[1]) : null;
}

function tensor(name: string): CheckpointTensor {
  return checkpointOf({ [name]: { dtype: 'BF16', shape: [2, 2] } }, null).tensors.get(name) as CheckpointTensor;
}

describe('every user of names agrees with tensorPlace', () => {
  it('on names of any kind', () => {
    fc.assert(
      fc.property(anyName, (name) => {
        const place = tensorPlace(name);
        const { stack, layer, expert, rest } = place;
        expect(expert).toBe(byPattern(name));
        expect(layer === null).toBe(layerEnd(name) === 0);
        const prefix = layerPrefix(name);
        if (layer === null) expect([prefix, stack, rest]).toEqual(['', '', name]);
        else {
          expect([stack, Number(prefix.slice(stack.length + 1))]).toEqual([prefix.slice(0, stack.length), layer]);
          expect(rest).toBe(name.slice(prefix.length + 1));
          expect(tensorPlace(prefix)).toEqual({ stack, layer, expert: null, rest: '' });
        }
        const template = expertTemplate(name);
        expect(template === name).toBe(expert === null);
        if (expert !== null) expect(Number(/^\d+/.exec(name.slice(template.indexOf('{i}')))?.[0])).toBe(expert);

        const columns = tensorColumns(new Map([[name, tensor(name)]]), null);
        expect([columns.layer[0], columns.expert[0]]).toEqual([layer ?? NONE, expert ?? NONE]);
        expect(placeOf({ left: { tensor: tensor(name) } } as never, [])).toEqual({ stack, layer });
        const [scanned] = scanLayers(new Map([[name, tensor(name)]]));
        expect(scanned).toMatchObject({ prefix, stack, index: layer });
        expect(layerTest([{ prefix: `${prefix}.mlp`, index: layer }], [layer ?? 0])(name)).toBe(layer !== null);
      }),
      { numRuns: 500 },
    );
  });

  it('on the experts of a checkpoint', () => {
    const stacks = fc.constantFrom(
      'model.layers',
      'transformer.h',
      'model.decoder.block',
      'thinker.model.layers',
      'x.y',
    );
    const ways = fc.constantFrom<(expert: number, word: string) => string>(
      (expert, word) => `mlp.experts.${expert}.${word}_proj.weight`,
      (expert, word) => `experts.${expert}.${word}_proj.weight`,
      (expert, word) => `mlp.experts.${word}_proj.${expert}.weight`,
    );
    fc.assert(
      fc.property(stacks, ways, fc.nat({ max: 99 }), fc.integer({ min: 1, max: 12 }), (stack, way, layer, count) => {
        const names = Array.from({ length: count }, (_, expert) =>
          ['gate', 'up', 'down'].map((word) => `${stack}.${layer}.${way(expert, word)}`),
        );
        const headers = Object.fromEntries(names.flat().map((name) => [name, { dtype: 'BF16', shape: [4, 4] }]));
        const checkpoint = checkpointOf(headers, null);
        const layout = detectLayout(checkpoint);
        const [group] = layout.groups;
        expect(group).toMatchObject({ index: layer, experts: count });
        expect(tensorPlace(group?.prefix ?? '')).toMatchObject({ stack, layer, expert: null });
        for (const template of group?.members.map((member) => member.template) ?? [])
          expect(names.flat().map(expertTemplate)).toContain(template);
        const tensorIndex = indexTensors({ shards: [], tensors: checkpoint.tensors }, layout);
        expect(tensorIndex.tensors).toHaveLength(3 * count);
        for (const { name, expert, layer: at, tail } of tensorIndex.tensors) {
          const place = tensorPlace(name);
          expect([place.stack, place.layer, place.expert, place.rest]).toEqual([stack, at, expert?.first, tail]);
        }
      }),
      { numRuns: 60 },
    );
  });
});

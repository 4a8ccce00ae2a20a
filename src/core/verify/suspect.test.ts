import { describe, expect, it } from 'vitest';
import { convertedTo, edited, exchange, fixtureSide, setBytes, tensorAt } from './planting.fixture.ts';
import { suspectFindings } from './suspect.ts';

const name = (expert: number, projection: string, layer = 2) =>
  `model.layers.${layer}.mlp.experts.${expert}.${projection}_proj.weight`;

describe('a checkpoint alone', () => {
  it('shows equal and empty experts, and nothing of order', async () => {
    const original = await fixtureSide('qwen3_moe');
    const wrong = await edited(original, (tensors) => {
      for (const each of ['gate', 'up', 'down']) {
        tensors.set(name(10, each), tensorAt(tensors, name(4, each)));
        for (const expert of [1, 2]) setBytes(tensors, name(expert, each, 0), new Uint8Array(48 * 64 * 2));
        exchange(tensors, name(5, each), name(6, each));
      }
    });
    const fused = await convertedTo(wrong, 'gate-up');
    for (const side of [wrong, fused]) {
      if (!side) throw new Error('refused');
      const { findings, unknowable } = await suspectFindings(side);
      expect(findings).toMatchObject([
        {
          kind: 'zeros',
          layer: 0,
          experts: [1, 2],
          message: 'Layer 0 (model.layers.0.mlp): experts 1 and 2 are all zero.',
        },
        { kind: 'experts-equal', layer: 2, experts: [4, 10] },
      ]);
      expect(unknowable).toMatch(/order.*swapped/);
      const one = await suspectFindings(side, { prefixes: ['model.layers.2.mlp'] });
      expect(one.findings).toHaveLength(1);
    }
  });

  it('that is right shows nothing', async () => {
    for (const architecture of ['deepseek_v3', 'gpt_oss', 'llama4_text']) {
      expect((await suspectFindings(await fixtureSide(architecture))).findings).toEqual([]);
    }
  });
});

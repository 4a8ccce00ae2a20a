import { describe, expect, it } from 'vitest';
import { filesOf, patternBytes, safetensorsBytes } from '../testing.fixture.ts';
import type { Mistake } from './diagnose/mistakes.ts';
import { textOrder } from './diagnose/moves.ts';
import {
  change,
  convertedTo,
  edited,
  exchange,
  inTarget,
  setBytes,
  sideOf,
  type Tensors,
  tensorAt,
  turnedBytes,
} from './planting.fixture.ts';
import type { VerifySide } from './reading.ts';
import { verifyCheckpoints } from './verify.ts';

describe('tensors outside the experts', () => {
  const query = (layer: number) => `model.layers.${layer}.self_attn.q_proj.weight`;
  const ROUTER = 'model.layers.0.mlp.gate.weight';
  const cases: [string, (tensors: Tensors) => void, Partial<Mistake>[]][] = [
    [
      'a flipped bit in a router',
      (tensors) =>
        setBytes(
          tensors,
          ROUTER,
          tensorAt(tensors, ROUTER).bytes.map((value, at) => (at === 7 ? value ^ 1 : value)),
        ),
      [{ kind: 'bit-flipped', tensor: ROUTER, layer: 0, experts: [] }],
    ],
    [
      'a transposed square matrix',
      (tensors) => setBytes(tensors, query(0), turnedBytes(tensorAt(tensors, query(0)).bytes, 64, 64)),
      [{ kind: 'matrix-transposed', tensor: query(0) }],
    ],
    [
      'a transposed router, shape and all',
      (tensors) =>
        change(tensors, ROUTER, ({ dtype, bytes }) => ({ dtype, shape: [64, 12], bytes: turnedBytes(bytes, 12, 64) })),
      [{ kind: 'matrix-transposed', tensor: ROUTER }],
    ],
    [
      'two tensors exchanged',
      (tensors) => exchange(tensors, query(0), query(2)),
      [
        { kind: 'tensor-misplaced', message: `${query(0)} holds the values of ${query(2)}.` },
        { kind: 'tensor-misplaced', message: `${query(2)} holds the values of ${query(0)}.` },
      ],
    ],
    [
      'zeros and values of another model',
      (tensors) => {
        setBytes(tensors, query(0), new Uint8Array(64 * 64 * 2));
        setBytes(tensors, query(2), patternBytes('other', 64 * 64 * 2));
      },
      [
        { kind: 'zeros', tensor: query(0) },
        { kind: 'tensor-foreign', tensor: query(2) },
      ],
    ],
  ];
  it.each(cases)('%s', async (_, edit, expected) => {
    const { original, right } = await inTarget('qwen3_moe', 'stacked');
    const { mistakes, differences } = await verifyCheckpoints(original, await edited(right, edit));
    expect(mistakes).toMatchObject(expected);
    expect(differences).toHaveLength(expected.length);
  });
});

describe('quantised experts', () => {
  const tensorsOfLayer = Array.from({ length: 12 }, (_, expert) =>
    (['gate', 'up', 'down'] as const).flatMap((each) => {
      const name = `model.layers.0.mlp.experts.${expert}.${each}_proj`;
      const shape = each === 'down' ? [256, 128] : [128, 256];
      return [
        { name: `${name}.weight`, dtype: 'F8_E4M3' as const, shape },
        { name: `${name}.weight_scale_inv`, dtype: 'F32' as const, shape: shape.map((dim) => dim / 128) },
      ];
    }),
  ).flat();
  const config = {
    model_type: 'qwen3_moe',
    num_experts: 12,
    moe_intermediate_size: 128,
    hidden_size: 256,
    num_hidden_layers: 1,
    quantization_config: { quant_method: 'fp8', weight_block_size: [128, 128] },
  };

  it.each(['per-expert', 'stacked', 'gate-up'] as const)(
    'in %s move with their scales, and scales alone are named',
    async (target) => {
      const entries = { 'model.safetensors': safetensorsBytes(tensorsOfLayer), 'config.json': JSON.stringify(config) };
      const original = await sideOf(filesOf(entries));
      const name = (expert: number, rest: string) => `model.layers.0.mlp.experts.${expert}.${rest}`;
      const right = await convertedTo(original, target);
      const moved = await edited(original, (tensors) => {
        const before = new Map(tensors);
        for (const [place, from] of textOrder(12).entries()) {
          for (const { name: own } of tensorsOfLayer.slice(0, 6)) {
            const rest = own.replace(/^.*experts\.0\./, '');
            tensors.set(name(place, rest), tensorAt(before, name(from, rest)));
          }
        }
      });
      const swapped = await edited(original, (tensors) => {
        for (const part of ['weight', 'weight_scale_inv'])
          exchange(tensors, name(3, `gate_proj.${part}`), name(3, `up_proj.${part}`));
      });
      const scale = await edited(original, (tensors) =>
        exchange(tensors, name(5, 'down_proj.weight_scale_inv'), name(6, 'down_proj.weight_scale_inv')),
      );
      const named = async (wrong: VerifySide) => {
        const converted = await convertedTo(wrong, target);
        if (!right || !converted) throw new Error('refused');
        expect((await verifyCheckpoints(original, right)).equal).toBe(true);
        return (await verifyCheckpoints(original, converted)).mistakes;
      };
      expect(await named(moved)).toMatchObject([
        { kind: 'experts-in-text-order', projections: ['gate', 'up', 'down'] },
      ]);
      expect(await named(swapped)).toMatchObject([{ kind: 'gate-up-swapped', experts: [3] }]);
      expect(await named(scale)).toMatchObject([{ kind: 'experts-permuted', experts: [5, 6], projections: ['down'] }]);
    },
  );
});

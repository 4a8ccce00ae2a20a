import { describe, expect, it } from 'vitest';
import { TARGETS } from '../../plan/targets.ts';
import type { Target } from '../../plan/types.ts';
import { patternBytes } from '../../testing.fixture.ts';
import {
  convertedTo,
  edited,
  exchange,
  fixtureSide,
  setBytes,
  type Tensors,
  tensorAt,
  turnedBytes,
} from '../planting.fixture.ts';
import type { VerifySide } from '../reading.ts';
import { verifyCheckpoints } from '../verify.ts';
import type { Mistake, MistakeKind } from './mistakes.ts';
import { textOrder } from './moves.ts';

const PROJECTIONS = ['gate', 'up', 'down'] as const;
type Names = (expert: number, projection?: string, layer?: number) => string;

interface Planted {
  readonly what: string;
  readonly plant: (tensors: Tensors, name: Names, experts: number) => void;
  readonly expected: (experts: number) => readonly (Partial<Mistake> & { kind: MistakeKind })[];
  readonly message: RegExp;
}

const all = (experts: number) => Array.from({ length: experts }, (_, expert) => expert);
const permute = (
  tensors: Tensors,
  name: Names,
  order: readonly number[],
  projections: readonly string[] = PROJECTIONS,
) => {
  const before = new Map(tensors);
  order.forEach((from, place) => {
    for (const projection of projections)
      tensors.set(name(place, projection), tensorAt(before, name(from, projection)));
  });
};

/** Mistakes in terms of experts, planted in the per-expert form and carried into every other by the converter. */
const PLANTED: readonly Planted[] = [
  {
    what: 'gate and up swapped in all experts',
    plant: (tensors, name, experts) => {
      for (const expert of all(experts)) exchange(tensors, name(expert, 'gate'), name(expert, 'up'));
    },
    expected: (experts) => [{ kind: 'gate-up-swapped', experts: all(experts), projections: ['gate', 'up'] }],
    message: /^Layer 2 \(model\.layers\.2\.mlp\): gate and up are swapped in all \d+ experts\.$/,
  },
  {
    what: 'gate and up swapped in some experts',
    plant: (tensors, name) => {
      for (const expert of [1, 7]) exchange(tensors, name(expert, 'gate'), name(expert, 'up'));
    },
    expected: () => [{ kind: 'gate-up-swapped', experts: [1, 7] }],
    message: /swapped in experts 1 and 7\.$/,
  },
  {
    what: 'experts in text order',
    plant: (tensors, name, experts) => permute(tensors, name, textOrder(experts)),
    expected: (experts) => [
      {
        kind: 'experts-in-text-order',
        projections: ['gate', 'up', 'down'],
        experts: textOrder(experts)
          .flatMap((from, place) => (from === place ? [] : [place]))
          .sort((a, b) => a - b),
      },
    ],
    message: /the experts stand in the order of their numbers as text \(0, 1, 10, 11, .*place 2 holds expert 10/,
  },
  {
    what: 'the down projections alone in text order',
    plant: (tensors, name, experts) => permute(tensors, name, textOrder(experts), ['down']),
    expected: () => [{ kind: 'experts-in-text-order', projections: ['down'] }],
    message: /the down matrices of the experts stand in the order/,
  },
  {
    what: 'text order with gate and up swapped and one bit flipped',
    plant: (tensors, name, experts) => {
      permute(tensors, name, textOrder(experts));
      for (const expert of all(experts)) exchange(tensors, name(expert, 'gate'), name(expert, 'up'));
      flip(tensors, name(4, 'up'), 33, 0x10);
    },
    expected: (experts) => [
      { kind: 'gate-up-swapped', experts: all(experts) },
      { kind: 'experts-in-text-order' },
      { kind: 'bit-flipped', experts: [4], projections: ['up'] },
    ],
    message: /swapped in all/,
  },
  {
    what: 'text order undone that was not there',
    plant: (tensors, name, experts) =>
      permute(
        tensors,
        name,
        all(experts).map((at) => textOrder(experts).indexOf(at)),
      ),
    expected: () => [{ kind: 'experts-permuted' }],
    message: /as if an order by text had been undone/,
  },
  {
    what: 'experts reversed',
    plant: (tensors, name, experts) => permute(tensors, name, all(experts).reverse()),
    expected: (experts) => [{ kind: 'experts-permuted', experts: all(experts) }],
    message: /the experts stand in another order: place 0 holds expert 1\d/,
  },
  {
    what: 'two experts exchanged',
    plant: (tensors, name) =>
      PROJECTIONS.forEach((each) => {
        exchange(tensors, name(3, each), name(11, each));
      }),
    expected: () => [{ kind: 'experts-permuted', experts: [3, 11], projections: ['gate', 'up', 'down'] }],
    message: /the experts 3 and 11 are exchanged\.$/,
  },
  {
    what: 'one expert written twice',
    plant: (tensors, name) =>
      PROJECTIONS.forEach((each) => {
        tensors.set(name(5, each), tensorAt(tensors, name(10, each)));
      }),
    expected: () => [{ kind: 'experts-equal', experts: [5] }],
    message: /expert 5 holds expert 10's values, so that experts 5 and 10 are equal; in the original they are not\.$/,
  },
  {
    what: 'an expert in the place of another that is lost',
    plant: (tensors, name) =>
      PROJECTIONS.forEach((each) => {
        tensors.set(name(5, each), tensorAt(tensors, name(10, each)));
        setBytes(
          tensors,
          name(10, each),
          patternBytes(`foreign ${each}`, tensorAt(tensors, name(10, each)).bytes.length),
        );
      }),
    expected: () => [
      { kind: 'expert-misplaced', experts: [5] },
      { kind: 'expert-foreign', experts: [10] },
    ],
    message: /expert 5 holds expert 10's values\.$/,
  },
  {
    what: 'an expert of another layer',
    plant: (tensors, name) =>
      PROJECTIONS.forEach((each) => {
        tensors.set(name(4, each), tensorAt(tensors, name(9, each, OTHER)));
      }),
    expected: () => [{ kind: 'expert-from-another-layer', experts: [4], projections: ['gate', 'up', 'down'] }],
    message: /expert 4 holds values of Layer \d \(model\.layers\.\d\.mlp\): 4 \(expert 9 there\)\.$/,
  },
  {
    what: 'an expert of another model',
    plant: (tensors, name) =>
      PROJECTIONS.forEach((each) => {
        setBytes(tensors, name(11, each), patternBytes(each, tensorAt(tensors, name(11, each)).bytes.length));
      }),
    expected: () => [{ kind: 'expert-foreign', experts: [11], projections: ['gate', 'up', 'down'] }],
    message: /expert 11 holds values that are in no layer of the original\.$/,
  },
  {
    what: 'up instead of gate too',
    plant: (tensors, name) => {
      tensors.set(name(6, 'gate'), tensorAt(tensors, name(6, 'up')));
    },
    expected: () => [{ kind: 'projection-misplaced', experts: [6], projections: ['gate'] }],
    message: /up is stored instead of gate too in expert 6\.$/,
  },
  {
    what: 'a down matrix whose bytes are in the other order',
    plant: (tensors, name) => {
      const {
        shape: [rows = 0, columns = 0],
        bytes,
      } = tensorAt(tensors, name(8, 'down'));
      setBytes(tensors, name(8, 'down'), turnedBytes(bytes, rows, columns));
    },
    expected: () => [{ kind: 'matrix-transposed', experts: [8], projections: ['down'] }],
    message: /the down matrix of expert 8 is transposed\.$/,
  },
  {
    what: 'one flipped bit',
    plant: (tensors, name) => flip(tensors, name(9, 'gate'), 1234, 0x04),
    expected: () => [{ kind: 'bit-flipped', experts: [9], projections: ['gate'] }],
    message:
      /expert 9's gate matrix has one flipped bit: byte 1234 is 0x.. instead of 0x.. \(bit 2\) \(byte \d+ of model/,
  },
  {
    what: 'one flipped byte',
    plant: (tensors, name) => flip(tensors, name(2, 'down'), 77, 0x41),
    expected: () => [{ kind: 'byte-flipped', experts: [2], projections: ['down'] }],
    message: /expert 2's down matrix has one flipped byte: byte 77 is/,
  },
  {
    what: 'a damaged range',
    plant: (tensors, name) => {
      const bytes = tensorAt(tensors, name(7, 'up')).bytes.slice();
      bytes.set(
        bytes.subarray(100, 300).map((value) => value ^ 0xff),
        100,
      );
      setBytes(tensors, name(7, 'up'), bytes);
    },
    expected: () => [{ kind: 'range-damaged', experts: [7], projections: ['up'] }],
    message: /expert 7's up matrix is damaged: 200 bytes between byte 100 and byte 299 differ/,
  },
  {
    what: 'zeros in a range',
    plant: (tensors, name) => {
      const bytes = tensorAt(tensors, name(7, 'up')).bytes.slice();
      setBytes(tensors, name(7, 'up'), bytes.fill(0, 512, 1024));
    },
    expected: () => [{ kind: 'zeros', experts: [7], projections: ['up'] }],
    message: /expert 7's up matrix has zeros instead of values: bytes 51\d–10\d\d are zero/,
  },
  {
    what: 'zeros instead of experts',
    plant: (tensors, name) => {
      for (const expert of [3, 4, 5])
        for (const each of PROJECTIONS) {
          setBytes(tensors, name(expert, each), new Uint8Array(tensorAt(tensors, name(expert, each)).bytes.length));
        }
    },
    expected: () => [{ kind: 'zeros', experts: [3, 4, 5], projections: ['gate', 'up', 'down'] }],
    message: /experts 3–5 are all zero\.$/,
  },
];

let OTHER = 0;

function flip(tensors: Tensors, name: string, byte: number, mask: number): void {
  const bytes = tensorAt(tensors, name).bytes.slice();
  bytes[byte] = (bytes[byte] ?? 0) ^ mask;
  setBytes(tensors, name, bytes);
}

describe.each([
  ['qwen3_moe', 12, 0],
  ['deepseek_v3', 16, 1],
] as const)('%s', (architecture, experts, other) => {
  const name: Names = (expert, projection = 'gate', layer = 2) =>
    `model.layers.${layer}.mlp.experts.${expert}.${projection}_proj.weight`;

  it.each(PLANTED)('$what is named in every layout, both ways', async ({ plant, expected, message }) => {
    OTHER = other;
    const original = await fixtureSide(architecture);
    const wrong = await edited(original, (tensors) => plant(tensors, name, experts));
    const originals: [string, VerifySide][] = [['per-expert', original]];
    const wrongs: [string, VerifySide][] = [['per-expert', wrong]];
    for (const target of Object.keys(TARGETS) as Target[]) {
      if (target === 'per-expert') continue;
      const [right, spoiled] = [await convertedTo(original, target), await convertedTo(wrong, target)];
      if (right && spoiled) {
        originals.push([target, right]);
        wrongs.push([target, spoiled]);
      }
    }
    expect(wrongs.length).toBeGreaterThan(3);
    const routes = [
      ...wrongs.map((each) => [originals[0], each] as const),
      ...originals.slice(1).map((each) => [each, wrongs[0]] as const),
      [originals[1], wrongs[2]] as const,
    ];
    for (const [left, right] of routes) {
      if (!left || !right) throw new Error('no route');
      const { equal, mistakes, differences } = await verifyCheckpoints(left[1], right[1]);
      const route = `${left[0]} → ${right[0]}`;
      expect(equal, route).toBe(false);
      expect(
        mistakes.map((each) => each.kind),
        route,
      ).toEqual(expected(experts).map((each) => each.kind));
      expect(mistakes, route).toMatchObject(
        expected(experts).map((each) => ({ ...each, layer: 2, prefix: 'model.layers.2.mlp' })),
      );
      expect(mistakes[0]?.message, route).toMatch(message);
      expect(
        differences.every(({ reason }) => /^(holds|is|has) .*; (differs from byte|is \d)/.test(reason)),
        differences[0]?.reason,
      ).toBe(true);
    }
  });
});

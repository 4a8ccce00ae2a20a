import { describe, expect, it } from 'vitest';
import { type PlainTensor, patternBytes, truthOf } from '../testing.fixture.ts';
import { textOrder } from './diagnose/moves.ts';
import {
  change,
  convertedTo,
  eachExpert,
  edited,
  exchange,
  fixtureSide,
  inTarget,
  rowsIn,
  setBytes,
  type Tensors,
  tensorAt,
  turnedBytes,
} from './planting.fixture.ts';
import type { VerifySide } from './reading.ts';
import { verifyCheckpoints } from './verify.ts';

/** The converted checkpoint in a target, edited, against its source and against its own unedited form. */
async function verifyEdited(original: VerifySide, right: VerifySide, edit: (tensors: Tensors) => void) {
  const wrong = await edited(right, edit);
  const first = await verifyCheckpoints(original, wrong);
  const second = await verifyCheckpoints(right, wrong);
  expect(second.mistakes.map((each) => each.message)).toEqual(first.mistakes.map((each) => each.message));
  expect(first.equal).toBe(false);
  return first;
}

const GATE_UP = 'model.layers.2.mlp.experts.gate_up_proj';
const DOWN = 'model.layers.2.mlp.experts.down_proj';
const all = (count: number) => Array.from({ length: count }, (_, at) => at);

/** Every expert's matrix turned, with its shape or without. */
function turn({ shape, ...rest }: PlainTensor, withShape: boolean): PlainTensor {
  const [experts = 0, rows = 0, columns = 0] = shape;
  const inner = withShape ? [columns, rows] : [rows, columns];
  return eachExpert({ shape: [experts, rows, columns], ...rest }, (part) => turnedBytes(part, rows, columns), inner);
}

/** Row numbers of gate and up alternating out of gate then up, and back. */
const alternating = (rows: number) => all(rows).map((at) => (at % 2 === 0 ? at / 2 : (at - 1) / 2 + rows / 2));
const divided = (rows: number) => [...all(rows / 2).map((at) => 2 * at), ...all(rows / 2).map((at) => 2 * at + 1)];

describe('the tensors of gate-up', () => {
  it.each([
    ['qwen3_moe', 12],
    ['deepseek_v3', 16],
  ])('%s with gate and up alternating', async (architecture, experts) => {
    const { original, right } = await inTarget(architecture, 'gate-up');
    const { mistakes, differences } = await verifyEdited(original, right, (tensors) =>
      change(tensors, GATE_UP, (tensor) =>
        eachExpert(tensor, (part) => rowsIn(part, 128, alternating(part.length / 128))),
      ),
    );
    expect(mistakes).toMatchObject([
      { kind: 'gate-up-interleaved', layer: 2, experts: all(experts), projections: ['gate', 'up'] },
    ]);
    expect(differences).toHaveLength(2 * experts);
    expect(differences[0]?.reason).toMatch(/^holds gate and up alternating; differs from byte/);
  });

  it('of gpt_oss with gate and up one after the other, odd first, and text order', async () => {
    const original = await fixtureSide('gpt_oss');
    const columns = (tensor: PlainTensor, order: (columns: number) => number[]) => {
      const [, rows = 0, width = 0] = tensor.shape;
      return eachExpert(tensor, (part) =>
        turnedBytes(rowsIn(turnedBytes(part, rows, width), rows * 2, order(width)), width, rows),
      );
    };
    const concatenated = await edited(original, (tensors) =>
      change(tensors, GATE_UP, (each) => columns(each, divided)),
    );
    expect((await verifyCheckpoints(original, concatenated)).mistakes).toMatchObject([
      { kind: 'gate-up-concatenated', layer: 2, experts: all(8) },
    ]);
    const odd = await edited(original, (tensors) =>
      change(tensors, GATE_UP, (each) => columns(each, (width) => all(width).map((at) => at ^ 1))),
    );
    expect((await verifyCheckpoints(original, odd)).mistakes).toMatchObject([
      { kind: 'gate-up-swapped', layer: 2, experts: all(8) },
    ]);
    const upright = await edited(original, (tensors) => {
      for (const name of [GATE_UP, DOWN]) change(tensors, name, (each) => turn(each, true));
    });
    expect((await verifyCheckpoints(original, upright)).mistakes).toMatchObject([
      { kind: 'matrix-transposed', layer: 2, experts: all(8), projections: ['gate', 'up', 'down'] },
    ]);
  });

  it('square and transposed, where no shape can tell', async () => {
    const { original, right } = await inTarget('deepseek_v3', 'gate-up');
    expect(tensorAt(await tensorsOf(right), GATE_UP).shape).toEqual([16, 64, 64]);
    const { mistakes } = await verifyEdited(original, right, (tensors) =>
      change(tensors, GATE_UP, (each) => turn(each, true)),
    );
    expect(mistakes).toMatchObject([
      { kind: 'matrix-transposed', layer: 2, experts: all(16), projections: ['gate', 'up'] },
    ]);
    expect(mistakes[0]?.message).toBe(
      'Layer 2 (model.layers.2.mlp): the gate and up matrices of all 16 experts are transposed.',
    );
  });

  it('square and transposed in one expert', async () => {
    const { original, right } = await inTarget('llama4_text', 'gate-up-transposed');
    const name = [...(await tensorsOf(right)).keys()].find((each) => /layers\.2\..*down_proj$/.test(each)) ?? '';
    const { mistakes } = await verifyEdited(original, right, (tensors) =>
      change(tensors, name, (tensor) =>
        eachExpert(tensor, (part, at) => (at === 1 ? turnedBytes(part, 64, 64) : part)),
      ),
    );
    expect(mistakes).toMatchObject([{ kind: 'matrix-transposed', layer: 2, experts: [1], projections: ['down'] }]);
  });

  it.each(['gate-up', 'gate-up-transposed'] as const)(
    '%s with the shape but not the order of bytes',
    async (target) => {
      const { original, right } = await inTarget('qwen3_moe', target);
      const { mistakes } = await verifyEdited(original, right, (tensors) =>
        change(tensors, GATE_UP, (tensor) => {
          const [experts = 0, rows = 0, columns = 0] = tensor.shape;
          return { ...tensor, bytes: turn({ ...tensor, shape: [experts, rows, columns] }, false).bytes };
        }),
      );
      expect(mistakes).toMatchObject([
        { kind: 'matrix-transposed', layer: 2, experts: all(12), projections: ['gate', 'up'] },
      ]);
    },
  );

  it('of which one is transposed, so that the layout is unknown', async () => {
    const { original, right } = await inTarget('qwen3_moe', 'gate-up');
    const { mistakes, differences } = await verifyEdited(original, right, (tensors) =>
      change(tensors, GATE_UP, (each) => turn(each, true)),
    );
    expect(mistakes).toMatchObject([
      { kind: 'matrix-transposed', layer: 2, experts: all(12), projections: ['gate', 'up'] },
    ]);
    expect(differences).toHaveLength(24);
    expect(differences[0]).toEqual({
      tensor: 'model.layers.2.mlp.experts.0.gate_proj.weight',
      reason: `is transposed; has expert 0's gate matrix in ${GATE_UP} of shape [12, 64, 96] in the converted checkpoint, which fits no layout`,
    });
  });

  it.each([
    ['qwen3_moe', 12],
    ['deepseek_v3', 16],
  ])(
    '%s in text order and up first, as the real transformers would load without a word',
    async (architecture, experts) => {
      const original = await fixtureSide(architecture);
      const truth = await truthOf(architecture);
      const state = await edited(original, (tensors) => {
        tensors.clear();
        for (const [name, tensor] of truth) tensors.set(name, tensor);
      });
      expect((await verifyCheckpoints(original, state)).equal).toBe(true);
      const text = await verifyEdited(original, state, (tensors) => {
        for (const name of [GATE_UP, DOWN]) {
          change(tensors, name, (tensor) => {
            const size = tensor.bytes.length / experts;
            return { ...tensor, bytes: rowsIn(tensor.bytes, size, textOrder(experts)) };
          });
        }
      });
      expect(text.mistakes.map((each) => each.kind)).toEqual(['experts-in-text-order']);
      const upFirst = await verifyEdited(original, state, (tensors) =>
        change(tensors, GATE_UP, (each) => eachExpert(each, (part) => rowsIn(part, part.length / 2, [1, 0]))),
      );
      expect(upFirst.mistakes.map((each) => each.kind)).toEqual(['gate-up-swapped']);
    },
  );
});

async function tensorsOf(side: VerifySide): Promise<Tensors> {
  const tensors: Tensors = new Map();
  await edited(side, (own) => {
    for (const [name, tensor] of own) tensors.set(name, tensor);
  });
  return tensors;
}

describe('matrices with the wrong shape', () => {
  it('stacked: the down projections are [experts, in, out]', async () => {
    const { original, right } = await inTarget('qwen3_moe', 'stacked');
    const { mistakes, differences } = await verifyEdited(original, right, (tensors) =>
      change(tensors, DOWN, (each) => turn(each, true)),
    );
    expect(mistakes).toMatchObject([{ kind: 'matrix-transposed', experts: all(12), projections: ['down'] }]);
    expect(differences).toHaveLength(12);
    expect(differences[0]?.reason).toMatch(/^is transposed; is 64 × 48 in the original and 48 × 64/);
  });

  it('per expert: one of them is turned', async () => {
    const original = await fixtureSide('qwen3_moe');
    const name = 'model.layers.0.mlp.experts.10.gate_proj.weight';
    const wrong = await edited(original, (tensors) =>
      change(tensors, name, ({ dtype, shape: [rows = 0, columns = 0], bytes }) => ({
        dtype,
        shape: [columns, rows],
        bytes: turnedBytes(bytes, rows, columns),
      })),
    );
    const { mistakes, differences } = await verifyCheckpoints(original, wrong);
    expect(mistakes).toMatchObject([{ kind: 'matrix-transposed', layer: 0, experts: [10], tensor: name }]);
    expect(differences.map((each) => each.tensor)).toEqual([name]);
  });
});

describe('several mistakes at once', () => {
  it('a swap in one layer and a flip in another are told apart', async () => {
    const { original, right } = await inTarget('qwen3_moe', 'gate-up');
    const { mistakes } = await verifyEdited(original, right, (tensors) => {
      change(tensors, GATE_UP.replace('.2.', '.0.'), (each) =>
        eachExpert(each, (part, at) => (at === 4 ? rowsIn(part, part.length / 2, [1, 0]) : part)),
      );
      change(tensors, DOWN, (each) => eachExpert(each, (part, at) => (at === 11 ? part.fill(0x55, 40, 41) : part)));
    });
    expect(mistakes).toMatchObject([
      { kind: 'gate-up-swapped', layer: 0, experts: [4] },
      { kind: expect.stringMatching(/^(bit|byte)-flipped$/), layer: 2, experts: [11], place: { byte: 40, length: 1 } },
    ]);
  });

  it('another model is named once a layer, and its tensors as what they are', async () => {
    const { original, right } = await inTarget('qwen3_moe', 'stacked');
    const { mistakes } = await verifyEdited(original, right, (tensors) => {
      for (const [name, { bytes }] of [...tensors]) setBytes(tensors, name, patternBytes(name, bytes.length));
    });
    expect(mistakes.filter((each) => each.experts.length > 0)).toMatchObject([
      { kind: 'expert-foreign', layer: 0, experts: all(12) },
      { kind: 'expert-foreign', layer: 2, experts: all(12) },
    ]);
    expect(new Set(mistakes.slice(2).map((each) => each.kind))).toEqual(new Set(['tensor-foreign']));
  });

  it('layers exchanged are named as that, in a partial checkpoint too', async () => {
    const original = await fixtureSide('qwen3_moe');
    const wrong = await edited(original, (tensors) => {
      for (let expert = 0; expert < 12; expert++) {
        for (const each of ['gate', 'up', 'down']) {
          const name = `model.layers.0.mlp.experts.${expert}.${each}_proj.weight`;
          exchange(tensors, name, name.replace('.0.', '.2.'));
        }
      }
    });
    const expected = [
      { kind: 'expert-from-another-layer', layer: 0, experts: all(12) },
      { kind: 'expert-from-another-layer', layer: 2, experts: all(12) },
    ];
    expect((await verifyCheckpoints(original, wrong)).mistakes).toMatchObject(expected);
    const partial = await convertedTo(wrong, 'stacked', { layers: [2] });
    if (!partial) throw new Error('refused');
    const result = await verifyCheckpoints(original, partial);
    expect(result).toMatchObject({ layers: [2], mistakes: expected.slice(1) });
  });
});

describe('halves taken along the wrong dim, inputs instead of outputs', () => {
  it.each(['llama4_text', 'gpt_oss'])('%s with "gate and up" exchanged', async (architecture) => {
    const original = await fixtureSide(architecture);
    const name = [...(await tensorsOf(original)).keys()].find((each) => /layers\.1\..*gate_up_proj$/.test(each)) ?? '';
    const wrong = await edited(original, (tensors) =>
      change(tensors, name, (each) => eachExpert(each, (part) => rowsIn(part, part.length / 2, [1, 0]))),
    );
    const { mistakes } = await verifyCheckpoints(original, wrong);
    expect(mistakes).toMatchObject([{ kind: 'wrong-dimension', layer: 1, projections: ['gate', 'up'] }]);
  });

  it('llama4_text cut into stacked, its matrices as they lay', async () => {
    const original = await fixtureSide('llama4_text');
    const wrong = await edited(original, (tensors) => {
      for (const [name, tensor] of [...tensors]) {
        if (!name.endsWith('experts.gate_up_proj')) continue;
        const half = (at: number) => eachExpert(tensor, (part) => rowsIn(part, part.length / 2, [at]), [32, 128]);
        tensors.delete(name);
        tensors.set(name.replace('gate_up', 'gate'), half(0));
        tensors.set(name.replace('gate_up', 'up'), half(1));
      }
    });
    const { mistakes } = await verifyCheckpoints(original, wrong);
    expect(mistakes.map(({ kind, layer }) => `${layer} ${kind}`)).toEqual(
      [0, 1, 2].flatMap((layer) => [`${layer} wrong-dimension`, `${layer} matrix-transposed`]),
    );
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createBudget } from '../budget.ts';
import { castCpu } from '../kernels/cast/cpu.ts';
import { TARGETS } from '../plan/targets.ts';
import type { Target } from '../plan/types.ts';
import { ARCHITECTURES, countingFiles, filesOf, patternBytes, safetensorsBytes } from '../testing.fixture.ts';
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
  sideOf,
  tensorAt,
} from '../verify/planting.fixture.ts';
import type { VerifySide } from '../verify/reading.ts';
import { correspond } from './correspond.ts';
import { compareValues, describeValues, type ValueOptions } from './values.ts';

function compare(left: VerifySide, right: VerifySide, options?: ValueOptions) {
  return compareValues(correspond(left.checkpoint, right.checkpoint), left, right, options);
}

const EXPERT = 'model.layers.0.mlp.experts';

describe('compareValues', () => {
  for (const architecture of ARCHITECTURES) {
    it(`finds ${architecture} equal to every form that it can be converted to, both ways`, async () => {
      const original = await fixtureSide(architecture);
      for (const target of Object.keys(TARGETS) as Target[]) {
        const converted = await convertedTo(original, target);
        if (!converted) continue;
        for (const [left, right] of [
          [original, converted],
          [converted, original],
        ] as const) {
          const found = correspond(left.checkpoint, right.checkpoint);
          const report = await compareValues(found, left, right);
          expect(report, target).toMatchObject({ differences: [], skipped: [], mistakes: [], unsearched: null });
          expect(report.equal).toBe(found.entries.length);
          expect(report.bytes.right).toBe(found.right.bytes);
        }
      }
    });
  }

  it('reads each byte of both sides once, the left side’s files from their beginning to their end', async () => {
    const original = await fixtureSide('qwen3_moe');
    for (const target of ['stacked', 'gate-up', 'gate-up-transposed'] as const) {
      const converted = await convertedTo(original, target);
      if (!converted) throw new Error(target);
      const [left, right] = [countingFiles(original.files), countingFiles(converted.files)];
      const report = await compare({ ...original, files: left.files }, { ...converted, files: right.files });
      expect(report.reads.left).toEqual({ reads: left.reads.length, bytes: bytesOf(original) });
      expect(report.reads.right).toEqual({ reads: right.reads.length, bytes: bytesOf(converted) });
      const places = left.reads.map(({ file, start }) => `${file} ${String(start).padStart(12, '0')}`);
      if (target !== 'gate-up-transposed') expect(places).toEqual([...places].sort());
    }
  });

  it('reads only what was selected', async () => {
    const { original, right } = await inTarget('qwen3_moe', 'gate-up');
    const found = correspond(original.checkpoint, right.checkpoint);
    const selection = found.entries.flatMap(({ slot }, at) => (slot?.expert === 5 && slot.group === 0 ? [at] : []));
    const report = await compareValues(found, original, right, { selection });
    expect(report).toMatchObject({ compared: 3, equal: 3 });
    expect(report.reads.left).toEqual({ reads: 3, bytes: 3 * 48 * 64 * 2 });
    expect(report.reads.right).toEqual({ reads: 3, bytes: 3 * 48 * 64 * 2 });
  });

  it('stays inside the budget and tells its progress in bytes of both sides', async () => {
    const { original, right } = await inTarget('qwen3_moe', 'stacked');
    const budget = createBudget(64_000);
    const told: [number, number][] = [];
    await compare(original, right, { budget, onProgress: (done, total) => told.push([done, total]) });
    expect(budget.peak).toBeLessThanOrEqual(64_000);
    expect(told.at(-1)).toEqual([2 * bytesOf(original), 2 * bytesOf(original)]);
    expect(told.every(([done], at) => at === 0 || done > (told[at - 1]?.[0] ?? 0))).toBe(true);
  });

  it('stops when it is told to', async () => {
    const { original, right } = await inTarget('qwen3_moe', 'stacked');
    const controller = new AbortController();
    const running = compare(original, right, { signal: controller.signal, onProgress: () => controller.abort() });
    await expect(running).rejects.toMatchObject({ tag: 'cancelled' });
  });

  it('names the first number that differs, by tensor, expert, row and column, and how far apart they are', async () => {
    const { original, right } = await inTarget('qwen3_moe', 'gate-up');
    const wrong = await edited(right, (tensors) =>
      change(tensors, `${EXPERT}.gate_up_proj`, (tensor) => {
        const bytes = tensor.bytes.slice();
        const at = 2 * (5 * 96 * 64 + (48 + 7) * 64 + 9);
        bytes[at] = (bytes[at] ?? 0) ^ 1;
        bytes[at + 2 * 64] = (bytes[at + 2 * 64] ?? 0) ^ 3;
        return { ...tensor, bytes };
      }),
    );
    const { differences, mistakes } = await compare(original, wrong);
    expect(differences).toMatchObject([
      {
        left: `${EXPERT}.5.up_proj.weight`,
        right: `${EXPERT}.gate_up_proj`,
        layer: 0,
        expert: 5,
        projection: 'up',
        elements: 48 * 64,
        different: 2,
        first: { row: 7, column: 9 },
        cast: null,
        nan: 0,
      },
    ]);
    const [first] = differences;
    expect(Number(first?.first.left)).not.toBe(Number(first?.first.right));
    expect(first?.maxUlp).toBeGreaterThan(0);
    expect(first && describeValues(first)).toMatch(/expert 5's up, 2 of 3072 differ, first at row 7, column 9/);
    expect(mistakes).toMatchObject([{ kind: 'range-damaged', experts: [5] }]);
  });

  it('compares two dtypes in the coarser one: equal after a cast, and by ULP', async () => {
    const original = await fixtureSide('qwen3_moe');
    const widened = (nudge: (words: Uint32Array) => void) =>
      edited(original, (tensors) => {
        for (const [name, { shape, bytes }] of [...tensors]) {
          const count = bytes.byteLength / 2;
          const wide = new Uint8Array(4 * count);
          castCpu({ from: 'BF16', to: 'F32', count }, [bytes], wide);
          if (name === `${EXPERT}.3.gate_proj.weight`) nudge(new Uint32Array(wide.buffer));
          tensors.set(name, { dtype: 'F32', shape, bytes: wide });
        }
      });
    const same = await compare(original, await widened(() => {}));
    expect(same).toMatchObject({ equal: 0, equalAfterCast: 104, differences: [], mistakes: [] });
    const nudged = await widened((words) => {
      words[70] = (words[70] ?? 0) + (2 << 16);
    });
    for (const [left, right] of [
      [original, nudged],
      [nudged, original],
    ] as const) {
      expect((await compare(left, right)).differences).toMatchObject([
        {
          expert: 3,
          projection: 'gate',
          different: 1,
          maxUlp: 2,
          first: { row: 1, column: 6 },
          cast: 'F32 → BF16, to nearest even',
        },
      ]);
    }
    const converted = await convertedTo(await widened(() => {}), 'gate-up-transposed');
    expect(await compare(original, converted as VerifySide)).toMatchObject({ differences: [], skipped: [] });
  });

  it('leaves out what cannot be set beside each other, and says why', async () => {
    const original = await fixtureSide('qwen3_moe');
    const other = await edited(original, (tensors) => {
      change(tensors, 'model.norm.weight', ({ shape, bytes }) => ({
        dtype: 'I8',
        shape,
        bytes: bytes.slice(0, bytes.byteLength / 2),
      }));
    });
    const { skipped, differences } = await compare(original, other);
    expect(differences).toEqual([]);
    expect(skipped).toMatchObject([{ left: 'model.norm.weight', reason: expect.stringContaining('BF16 and I8') }]);
  });

  it('searches no model that was trained further from end to end', async () => {
    const config = JSON.stringify({
      model_type: 'qwen3_moe',
      num_experts: 2,
      moe_intermediate_size: 4,
      hidden_size: 8,
    });
    const model = (seed: string) =>
      sideOf(
        filesOf({
          'config.json': config,
          'model.safetensors': safetensorsBytes(
            Array.from({ length: 20 }, (_, layer) =>
              [0, 1].flatMap((expert) =>
                (['gate_proj', 'up_proj', 'down_proj'] as const).map((projection) => {
                  const shape = projection === 'down_proj' ? [8, 4] : [4, 8];
                  const name = `model.layers.${layer}.mlp.experts.${expert}.${projection}.weight`;
                  return { name, dtype: 'BF16' as const, shape, bytes: patternBytes(name + seed, 64) };
                }),
              ),
            ).flat(),
          ),
        }),
      );
    const report = await compare(await model('a'), await model('b'));
    expect(report.differences).toHaveLength(120);
    expect(report.unsearched).toMatch(/12 layers/);
  });
});

describe('planted mistakes', () => {
  const SIZE = 48 * 64 * 2;
  const planted: readonly [string, Target, (tensors: Parameters<Parameters<typeof edited>[1]>[0]) => void, RegExp][] = [
    [
      'one expert swapped with another',
      'per-expert',
      (tensors) => {
        for (const projection of ['gate_proj', 'up_proj', 'down_proj'])
          exchange(tensors, `${EXPERT}.2.${projection}.weight`, `${EXPERT}.9.${projection}.weight`);
      },
      /experts 2 and 9 are exchanged/,
    ],
    [
      'one expert in another’s place of a stack',
      'gate-up',
      (tensors) =>
        change(tensors, `${EXPERT}.down_proj`, (tensor) => {
          const third = tensor.bytes.slice(3 * SIZE, 4 * SIZE);
          return eachExpert(tensor, (part, expert) => (expert === 7 ? third : part));
        }),
      /the down matrix of expert 7 holds expert 3's values/,
    ],
    [
      'gate and up swapped',
      'gate-up',
      (tensors) =>
        change(tensors, `${EXPERT}.gate_up_proj`, (tensor) =>
          eachExpert(tensor, (part) => rowsIn(part, 48 * 128, [1, 0])),
        ),
      /gate and up are swapped in all 12 experts/,
    ],
    [
      'the router’s rows in another order',
      'stacked',
      (tensors) => {
        const name = 'model.layers.0.mlp.gate.weight';
        setBytes(tensors, name, rowsIn(tensorAt(tensors, name).bytes, 128, [0, 2, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11]));
      },
      /mlp\.gate\.weight has its rows in another order \(row 1 holds row 2 and row 2 holds row 1\)/,
    ],
    [
      'the router’s rows in text order',
      'stacked',
      (tensors) => {
        const name = 'model.layers.0.mlp.gate.weight';
        setBytes(tensors, name, rowsIn(tensorAt(tensors, name).bytes, 128, [0, 1, 10, 11, 2, 3, 4, 5, 6, 7, 8, 9]));
      },
      /rows in the order of their numbers as text/,
    ],
  ];
  for (const [what, target, plant, message] of planted) {
    it(`names ${what}, with the cure`, async () => {
      const { original, right } = await inTarget('qwen3_moe', target);
      const { mistakes, differences } = await compare(original, await edited(right, plant));
      expect(differences.length).toBeGreaterThan(0);
      expect(mistakes.map((mistake) => mistake.message).join('\n')).toMatch(message);
      expect(mistakes.every((mistake) => mistake.cure.length > 10)).toBe(true);
    });
  }

  it('counts exactly what differs, wherever it lies', async () => {
    const { original, right } = await inTarget('qwen3_moe', 'gate-up-transposed');
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.nat(12 * 64 * 96 - 1), { minLength: 1, maxLength: 20 }), async (elements) => {
        const wrong = await edited(right, (tensors) =>
          change(tensors, `${EXPERT}.gate_up_proj`, (tensor) => {
            const bytes = tensor.bytes.slice();
            for (const element of elements) bytes[2 * element] = (bytes[2 * element] ?? 0) ^ 1;
            return { ...tensor, bytes };
          }),
        );
        const { differences } = await compare(original, wrong);
        expect(differences.reduce((sum, each) => sum + each.different, 0)).toBe(elements.length);
        const places = elements.map((element) => `${Math.floor(element / 6144)} ${element % 96 < 48 ? 'gate' : 'up'}`);
        expect(new Set(differences.map((each) => `${each.expert} ${each.projection}`))).toEqual(new Set(places));
      }),
      { numRuns: 15 },
    );
  });
});

function bytesOf({ checkpoint }: VerifySide): number {
  return [...checkpoint.tensors.values()].reduce((sum, tensor) => sum + tensor.end - tensor.start, 0);
}

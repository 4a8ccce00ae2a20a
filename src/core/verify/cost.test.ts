import { describe, expect, it } from 'vitest';
import { createBudget } from '../budget.ts';
import type { Target } from '../plan/types.ts';
import { countingFiles } from '../testing.fixture.ts';
import { convertedTo, edited, exchange, fixtureSide, setBytes, tensorAt } from './planting.fixture.ts';
import type { VerifySide } from './reading.ts';
import { verifyCheckpoints } from './verify.ts';

function counting(side: VerifySide) {
  const { files, reads } = countingFiles(side.files);
  return { side: { ...side, files }, reads };
}

/** Bytes read, and how often each byte of a tensor was read at most. */
function tally(reads: readonly { file: string; start: number; end: number }[], { checkpoint }: VerifySide) {
  const edges = new Map<string, [number, number][]>();
  for (const { file, start, end } of reads) {
    edges.set(file, [...(edges.get(file) ?? []), [start, 1], [end, -1]]);
  }
  let most = 0;
  for (const own of edges.values()) {
    let depth = 0;
    for (const [, step] of own.sort((a, b) => a[0] - b[0] || a[1] - b[1])) {
      depth += step;
      most = Math.max(most, depth);
    }
  }
  const bytes = reads.reduce((sum, { start, end }) => sum + end - start, 0);
  const size = [...checkpoint.tensors.values()].reduce((sum, tensor) => sum + tensor.end - tensor.start, 0);
  return { bytes, size, most };
}

async function verifyCounted(original: VerifySide, converted: VerifySide) {
  const [left, right] = [counting(original), counting(converted)];
  const result = await verifyCheckpoints(left.side, right.side);
  return { result, left: tally(left.reads, original), right: tally(right.reads, converted) };
}

describe('a clean conversion', () => {
  it.each([
    ['qwen3_moe', 'stacked'],
    ['qwen3_moe', 'gate-up'],
    ['qwen3_moe', 'gate-up-transposed'],
    ['qwen3_moe', 'switch-mlp'],
    ['gpt_oss', 'per-expert'],
    ['llama4_text', 'gate-up'],
    ['llama4_text', 'stacked'],
    ['granitemoe', 'per-expert'],
  ] as [string, Target][])(
    'of %s to %s is proven by reading every byte of both sides once',
    async (architecture, target) => {
      const original = await fixtureSide(architecture);
      const converted = await convertedTo(original, target);
      if (!converted) throw new Error('refused');
      for (const [from, to] of [
        [original, converted],
        [converted, original],
      ] as const) {
        const { result, left, right } = await verifyCounted(from, to);
        expect(result).toMatchObject({ equal: true, mistakes: [], differences: [] });
        expect(left).toEqual({ bytes: left.size, size: left.size, most: 1 });
        expect(right).toEqual({ bytes: right.size, size: right.size, most: 1 });
      }
    },
  );
});

describe('what differs', () => {
  const GATE = 'model.layers.2.mlp.experts.3.gate_proj.weight';

  it('is read once more when it is a flip, and nothing else is', async () => {
    const original = await fixtureSide('qwen3_moe');
    const wrong = await edited(original, (tensors) =>
      setBytes(
        tensors,
        GATE,
        tensorAt(tensors, GATE).bytes.map((value, at) => (at === 99 ? value ^ 8 : value)),
      ),
    );
    const { result, left, right } = await verifyCounted(original, wrong);
    expect(result.mistakes.map((each) => each.kind)).toEqual(['bit-flipped']);
    const matrix = 48 * 64 * 2;
    expect(right.bytes - right.size).toBe(matrix);
    expect(left.bytes - left.size).toBe(matrix);
  });

  it('costs one more reading of its layer when experts moved, and no other layer', async () => {
    const original = await fixtureSide('qwen3_moe');
    const wrong = await edited(original, (tensors) => {
      for (const each of ['gate', 'up', 'down']) {
        const name = (expert: number) => `model.layers.2.mlp.experts.${expert}.${each}_proj.weight`;
        exchange(tensors, name(3), name(7));
      }
    });
    const { result, left, right } = await verifyCounted(original, wrong);
    expect(result.mistakes.map((each) => each.kind)).toEqual(['experts-permuted']);
    const layer = 12 * 3 * 48 * 64 * 2;
    expect(left.bytes - left.size).toBeLessThan(1.5 * layer);
    expect(right.bytes - right.size).toBeLessThan(1.5 * layer);
  });

  it('stays within the memory budget, however small', async () => {
    const original = await fixtureSide('qwen3_moe');
    const wrong = await edited(original, (tensors) => {
      for (let expert = 0; expert < 12; expert++) {
        const name = (each: string) => `model.layers.2.mlp.experts.${expert}.${each}_proj.weight`;
        exchange(tensors, name('gate'), name('up'));
      }
    });
    const budget = createBudget(1_000_000);
    const result = await verifyCheckpoints(original, wrong, { budget });
    expect(result.mistakes).toMatchObject([{ kind: 'gate-up-swapped' }]);
    expect(budget.peak).toBeLessThanOrEqual(1_000_000);
    expect(budget.peak).toBeGreaterThan(0);
  });

  it('stops when it is told to', async () => {
    const original = await fixtureSide('qwen3_moe');
    const controller = new AbortController();
    const running = verifyCheckpoints(original, original, {
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    await expect(running).rejects.toMatchObject({ tag: 'cancelled' });
  });
});

import { describe, expect, it } from 'vitest';
import { ARCHITECTURES } from '../layouts/architecture-table.ts';
import { blockCases } from './blocks.fixture.ts';
import { compareBlock } from './parity.ts';
import { blockRules } from './rules.ts';
import { openRuntime } from './runtime.ts';

const cases = await blockCases();
const runtime = await openRuntime();
/** Whose output one layer alone does not tell. */
const UNKNOWABLE = ['zaya'];

describe('a block is computed as transformers 5.17.0 computes it', () => {
  it.each(cases.filter(({ modelType }) => !UNKNOWABLE.includes(modelType)))('$name', async (truth) => {
    const source = await truth.source();
    const hidden = truth.input.length / truth.tokens;
    const report = await compareBlock(source, {
      layer: truth.layer,
      input: { tokens: truth.tokens, hidden, values: truth.input },
      expect: truth.output,
      runtime,
    });
    expect(report.missing).toEqual([]);
    expect(report.runs.map(({ id }) => id)).toEqual(['perExpert', 'stacked', 'gateUp', 'expertParallel']);
    if (truth.indices) expect(chosen(report.routing.indices, report.topK)).toEqual(chosen(truth.indices, report.topK));
    if (truth.weights && truth.indices)
      expect(weightGap(report.routing, { indices: truth.indices, weights: truth.weights }, report.topK)).toBeLessThan(
        2e-6,
      );
    for (const run of report.runs) expect(run.expected, run.id).toBeLessThan(1e-5);
    for (const pair of report.pairs) expect(pair.maxRelative).toBeLessThan(1e-5);
    expect(report.verdict).toBe('same');
  });
});

/** Each token's experts in numeric order: transformers leaves the order of the chosen ones open. */
function chosen(indices: readonly number[], topK: number): number[][] {
  return rowsOf(indices, topK).map((row) => [...row].sort((a, b) => a - b));
}

function rowsOf<T>(values: Iterable<T>, width: number): T[][] {
  const all = [...values];
  return Array.from({ length: all.length / width }, (_, at) => all.slice(at * width, (at + 1) * width));
}

interface Decision {
  readonly indices: readonly number[];
  readonly weights: Float32Array;
}

function weightGap(a: Decision, b: Decision, topK: number): number {
  const table = ({ indices, weights }: Decision) =>
    rowsOf(indices, topK).map(
      (row, token) => new Map(row.map((expert, at) => [expert, weights[token * topK + at] ?? 0])),
    );
  const [left, right] = [table(a), table(b)];
  return Math.max(
    ...left.flatMap((row, token) =>
      [...row].map(([expert, weight]) => Math.abs(weight - (right[token]?.get(expert) ?? Number.NaN))),
    ),
  );
}

describe('the table of blocks', () => {
  it('names what it cannot compute', () => {
    const [computed, others] = [true, false].map((known) =>
      ARCHITECTURES.filter(({ block }) => (typeof block === 'function') === known).flatMap(
        ({ modelTypes }) => modelTypes,
      ),
    );
    for (const type of others ?? []) {
      const answer = blockRules(type, { num_experts: 8, num_experts_per_tok: 2 }, {
        index: 0,
        prefix: 'model.layers.0.mlp',
      } as never);
      expect(answer).toMatchObject({ reason: expect.stringContaining(type) });
    }
    expect(computed?.length).toBeGreaterThan(55);
  });
});

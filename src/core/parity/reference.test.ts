import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ScoringRouter } from '../layouts/families/block.ts';
import { openFixture } from '../testing.fixture.ts';
import { findBlock, readBlockWeights } from './block.ts';
import { planForm } from './forms.ts';
import { randomStates } from './hidden-states.ts';
import { maxRelative } from './numbers.ts';
import { compareBlock } from './parity.ts';
import { createReader, readable } from './reading.ts';
import { chooseExperts, referenceBlock } from './reference.fixture.ts';
import { routerGraph } from './router-graph.ts';
import { openRuntime } from './runtime.ts';

const runtime = await openRuntime();

describe('f32 in the runtime lies within 1e-6 of f64 computed by hand', () => {
  it.each(['mixtral', 'qwen3_moe', 'qwen3_next', 'deepseek_v3', 'jamba', 'llama4_text', 'granitemoe'])(
    '%s',
    async (architecture) => {
      const source = readable(await openFixture(architecture));
      const layer = architecture === 'jamba' ? 1 : 2;
      const block = findBlock(source.checkpoint, layer);
      const reader = createReader(source, undefined);
      const answer = planForm('perExpert', source.checkpoint, block.group, block.modelType);
      if (!('form' in answer)) throw new Error(answer.reason);
      const x = randomStates(12, block.hidden, 9);
      const weights = await readBlockWeights(block, reader);
      const { output, decisions } = await referenceBlock(block, weights, answer.form, reader, x);
      await reader.dispose();
      const report = await compareBlock(source, { layer, input: x, expect: Float32Array.from(output), runtime });
      for (const { expected } of report.runs) expect(expected).toBeLessThan(1e-6);
      expect(report.routing.indices).toEqual(decisions.flatMap(({ indices }) => indices));
      expect(
        maxRelative(
          decisions.flatMap((each) => each.weights),
          report.routing.weights,
        ),
      ).toBeLessThan(1e-6);
    },
  );
});

describe('any scoring router', () => {
  const routers = fc.record({
    kind: fc.constant('scoring' as const),
    topK: fc.integer({ min: 1, max: 4 }),
    softcap: fc.constantFrom(0, 4),
    scores: fc.constantFrom('softmax', 'sigmoid', 'sqrt-softplus', 'logits') as fc.Arbitrary<ScoringRouter['scores']>,
    groups: fc.option(
      fc.record({
        count: fc.constantFrom(2, 4),
        keep: fc.integer({ min: 1, max: 2 }),
        by: fc.constantFrom('best', 'best-two') as fc.Arbitrary<'best' | 'best-two'>,
        others: fc.constantFrom('zero', 'minus-infinity') as fc.Arbitrary<'zero' | 'minus-infinity'>,
      }),
    ),
    weights: fc.constantFrom('scores', 'softmax-of-chosen', 'sigmoid-of-chosen') as fc.Arbitrary<
      ScoringRouter['weights']
    >,
    normalise: fc.option(
      fc.constantFrom(
        { kind: 'sum' as const, epsilon: 1e-20, floor: 0 },
        { kind: 'sum' as const, epsilon: 0, floor: 0.4 },
        { kind: 'norm' as const, p: 2 },
      ),
    ),
    scale: fc.constantFrom(1, 2.5),
  });

  it('decides in the graph as it does by hand', async () => {
    await fc.assert(
      fc.asyncProperty(routers, fc.integer({ min: 0, max: 1000 }), fc.boolean(), async (router, seed, corrected) => {
        // few groups with few experts leave fewer to choose from than asked for
        fc.pre(router.groups === null || (router.groups.keep * 8) / router.groups.count >= router.topK);
        // sums of logits may be anything, also nothing
        fc.pre(router.normalise === null || router.scores !== 'logits' || router.weights !== 'scores');
        const [weight, x] = [randomStates(8, 6, seed), randomStates(5, 6, seed + 1)];
        const bias = corrected ? randomStates(1, 8, seed + 2).values.map((value) => value / 10) : null;
        const stored = (values: Float32Array, dims: number[]) => ({
          element: 'f32' as const,
          dims,
          bytes: new Uint8Array(values.slice().buffer),
        });
        const none = { bias: null, globalScale: null, inputScale: null, expertScale: null };
        const graph = routerGraph({ router, norms: 'none', epsilon: 0 } as never, {
          ...none,
          weight: stored(weight.values, [8, 6]),
          correction: bias ? stored(bias, [8]) : null,
        });
        const results = await runtime.run(graph, { hidden: { dims: [5, 6], data: x.values } }, undefined);
        const byHand = Array.from({ length: 5 }, (_, token) => {
          const logits = Array.from({ length: 8 }, (_unused, expert) =>
            Array.from(
              { length: 6 },
              (_none, at) => (weight.values[expert * 6 + at] ?? 0) * (x.values[token * 6 + at] ?? 0),
            ).reduce((a, b) => a + b, 0),
          );
          return chooseExperts(router, logits, bias && [...bias]);
        });
        expect(Array.from(results.get('indices')?.data ?? [], Number)).toEqual(
          byHand.flatMap(({ indices }) => indices),
        );
        expect(
          maxRelative(
            byHand.flatMap(({ weights }) => weights),
            Array.from(results.get('weights')?.data as Float32Array),
          ),
        ).toBeLessThan(2e-5);
      }),
      { numRuns: 40 },
    );
  });
});

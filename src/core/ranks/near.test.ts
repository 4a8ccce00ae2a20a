import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FRAMEWORKS } from '../programs/placing.ts';
import { sglang } from '../programs/sglang/program.ts';
import { transformers5 } from '../programs/transformers/program.ts';
import { factsOf } from './facts.fixture.ts';
import { nearSizes } from './near.ts';
import { planPlacement } from './placement.ts';

describe('nearSizes', () => {
  it('changes one size where that is enough, nearest first', () => {
    expect(nearSizes(transformers5, { ep: 5 }, factsOf(12), 2)).toEqual([{ ep: 6 }, { ep: 4 }]);
  });

  it('takes expert parallelism where tensor parallelism cuts quantisation blocks', () => {
    const blocks = { rows: 128, columns: 128, method: 'fp8' };
    const facts = factsOf(128, { intermediate: 1536, blocks });
    expect(nearSizes(sglang, { tp: 8, ep: 1 }, facts)[0]).toEqual({ ep: 2 });
  });

  it('proposes only what is then placed', () => {
    const size = fc.option(fc.constantFrom(1, 2, 3, 5, 8, 12), { nil: undefined });
    const asked = fc.record({ ep: size, tp: size, dp: size, pp: size, cp: size });
    fc.assert(
      fc.property(fc.constantFrom(...FRAMEWORKS), asked, (program, options) => {
        const facts = factsOf(12, { moe: 6, heads: 8, kvHeads: 4, intermediate: 96 });
        for (const sizes of nearSizes(program, options, facts)) {
          const placed = planPlacement(program, { ...options, ...sizes }, facts);
          expect('error' in placed ? (placed.needs ?? placed.error) : 'placed').toMatch(/^(placed|loads|map)$/);
        }
      }),
      { numRuns: 60 },
    );
  });
});

import { quantMethod } from '../../loads/expert-names.ts';
import { cutBlocks, quantisedExperts } from '../../loads/quantised-experts.ts';
import type { LoadInput } from '../../loads/sparse-layers.ts';
import type { Response } from '../../loads/types.ts';
import { from } from '../claims.ts';

const RUN = from(
  'run',
  'transformers 5.17.0, from_pretrained on tiny quantised checkpoints with known values',
  '2026-11',
);

/** What transformers 5 does not take of quantised experts that are sound. */
export function transformersLimits(input: LoadInput): Response | null {
  const experts = quantisedExperts(input);
  const cut = cutBlocks(experts);
  const refused = cut.find(({ rows, columns, grid }) => rows % grid[0] !== 0 || columns % grid[1] !== 0);
  if (refused) {
    const { rows, columns, grid } = refused;
    const says = `It takes rows divided by scales as the block and stops with “Weight shape (${rows}, ${columns}) not divisible by scale grid (${grid.join(', ')})”.`;
    return { verdict: 'refuses', says, evidence: RUN };
  }
  if (cut[0]) {
    const { name, rows, columns, grid } = cut[0];
    const says = `It takes rows divided by scales as the block: ${rows / grid[0]} × ${columns / grid[1]} for ${name}, whose last blocks are cut off. It says nothing, and the values are wrong.`;
    return { verdict: 'wrong-values', says, evidence: RUN };
  }
  const ids = new Set(experts.map(({ module }) => module?.format.id));
  if (quantMethod(input) !== 'modelopt') return null;
  if (ids.has('fp8-tensor'))
    return {
      verdict: 'wrong-values',
      says: 'It does not read the scales and takes the FP8 codes as the numbers: 1,000 to 10,000 times too large.',
      evidence: RUN,
    };
  if (ids.has('nvfp4-modelopt') || ids.has('nvfp4-modelopt-stacked'))
    return {
      verdict: 'refuses',
      says: 'It takes packed bytes for the matrix and stops: shapes differ.',
      evidence: RUN,
    };
  return null;
}

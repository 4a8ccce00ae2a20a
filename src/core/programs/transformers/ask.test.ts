import { describe, expect, test } from 'vitest';
import type { TestCheckpoint } from '../../layouts/checkpoints.fixture.ts';
import { checkpointOf, readRealNames } from '../../layouts/checkpoints.fixture.ts';
import { type ConsumerVerdict, predictLoads } from '../loading.ts';
import { readLoadsMore, type Shapes, unfold, variantsOf } from './variants.fixture.ts';

const REAL = readRealNames();

function checkpointWith(shapes: Shapes, config: TestCheckpoint['config']): TestCheckpoint {
  const headers = Object.entries(shapes).map(([name, shape]) => [name, { dtype: 'BF16', shape }] as const);
  return checkpointOf(Object.fromEntries(headers), config);
}

function transformers5(checkpoint: TestCheckpoint): ConsumerVerdict {
  const [verdict] = predictLoads(checkpoint);
  if (verdict?.id !== 'transformers-5') throw new Error('transformers-5 comes first.');
  return verdict;
}

/** Variants that were cut without the norm after the last layer. */
const LACKING: ReadonlySet<string> = new Set(['nemotron_h mixed', 'aria mixed']);

describe.each(Object.entries(readLoadsMore()))('%s is loaded as transformers 5.17.0 does', (type, variants) => {
  const real = REAL[type];
  if (!real) throw new Error(`${type} is not among the real names.`);
  const made = variantsOf(real);

  test.each(Object.entries(variants))('%s', (variant, said) => {
    // its config does not say which layers are dense, so what is absent is not missed
    if (type === 'solar_open' && variant === 'one-layer') return;
    const found = transformers5(checkpointWith(made[variant] ?? {}, real.config));
    if (said.error) {
      expect(found.verdict).toBe('refuses');
      if (said.mismatched) expect([...found.mismatched].sort()).toEqual(unfold(said.mismatched));
      return;
    }
    expect({
      missing: [...found.missing].sort(),
      unexpected: [...found.unexpected].sort(),
      mismatched: [...found.mismatched].sort(),
    }).toEqual({
      missing: unfold(said.missing),
      unexpected: unfold(said.unexpected),
      mismatched: unfold(said.mismatched),
    });
    // Two variants lack more than experts, of which the program's answer here says nothing.
    const good = found.missing.length === 0 && !LACKING.has(`${type} ${variant}`);
    expect(['loads', 'loads-converting']).toEqual(good ? expect.arrayContaining([found.verdict]) : expect.anything());
    if (!good) expect(found.verdict).toBe('partial');
  });
});

test.each(Object.keys(REAL))('%s loads as transformers itself saved it, and from its own memory’s names', (type) => {
  const { config = {}, disk = {}, memory = {} } = REAL[type] ?? {};
  expect(transformers5(checkpointOf(disk, config)).verdict).toMatch(/^loads/);
  expect(transformers5(checkpointOf(memory, config)).verdict).toBe('loads');
});

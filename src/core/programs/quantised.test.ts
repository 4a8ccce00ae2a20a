import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { detectLayout } from '../layouts/detect.ts';
import { FAULTS, openQuantised, SOUND } from '../quantised/quantised.fixture.ts';
import { FIXTURES } from '../testing.fixture.ts';
import { predictLoads } from './loading.ts';

interface Expected {
  readonly not_loads: readonly { readonly consumer: string }[];
  readonly needs?: string;
}

async function verdictsOf(name: string) {
  const { not_loads, needs = 'header' }: Expected = JSON.parse(
    readFileSync(join(FIXTURES, 'quantised', name, 'expect.json'), 'utf8'),
  );
  const { checkpoint } = await openQuantised(name);
  const verdicts = predictLoads(checkpoint, detectLayout(checkpoint));
  const good = verdicts.filter(({ verdict }) => verdict.startsWith('loads')).map(({ id }) => id as string);
  return { good, never: not_loads.map(({ consumer }) => consumer), needs };
}

describe('who loads quantised experts', () => {
  it.each([...SOUND, ...FAULTS.map((fault) => `faults/${fault}`)])('%s: none that must not', async (name) => {
    const { good, never, needs } = await verdictsOf(name);
    if (needs !== 'header') return;
    expect(good.filter((id) => never.includes(id))).toEqual([]);
    if (name.startsWith('faults/')) expect([name, good]).toEqual([name, []]);
  });
});

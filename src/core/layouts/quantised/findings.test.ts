import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FAULTS, openQuantised, SOUND } from '../../quantised/quantised.fixture.ts';
import { FIXTURES } from '../../testing.fixture.ts';
import { causesOf } from '../causes.ts';
import { detectLayout } from '../detect.ts';

interface Fault {
  readonly finding: string;
  readonly needs: 'header' | 'scalars' | 'bytes';
  readonly where: readonly string[];
}

const faultOf = (name: string): Fault =>
  JSON.parse(readFileSync(join(FIXTURES, 'quantised', 'faults', name, 'expect.json'), 'utf8'));

async function found(name: string) {
  const { checkpoint } = await openQuantised(name);
  return causesOf(checkpoint, detectLayout(checkpoint));
}

describe('findings from headers and config', () => {
  it.each(FAULTS.filter((name) => faultOf(name).needs === 'header'))('%s is found and named', async (name) => {
    const { finding, where } = faultOf(name);
    const causes = await found(`faults/${name}`);
    expect(causes.map(({ tag }) => tag)).toContain(finding);
    const said = causes.filter(({ tag }) => tag === finding).map(({ message }) => message);
    const places = where.flatMap((place) => [place, place.slice(0, place.lastIndexOf('.'))]);
    expect(said.some((message) => places.some((place) => message.includes(place)))).toBe(true);
  });

  it('say once that a scale is missing', async () => {
    const causes = await found('faults/scale-missing');
    expect(causes.map(({ tag }) => tag)).toEqual(['expert-scale-missing']);
  });

  it.each(SOUND)('%s has none', async (name) => {
    expect(await found(name)).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import { INKS, type Ink } from '../../core/index.ts';
import { colourOf, fillOf } from './fills.ts';

describe('fills of a picture', () => {
  it('are a colour of the page for every ink', () => {
    for (const ink of Object.keys(INKS.light) as Ink[]) expect(colourOf(ink)).toMatch(/^var\(--[a-z0-9-]+\)$/);
    expect(new Set((Object.keys(INKS.light) as Ink[]).map(colourOf)).size).toBe(Object.keys(INKS.light).length);
  });

  it('are textures where roles stand side by side, and nothing where nothing fills', () => {
    expect(fillOf('up', 'p1')).toBe('url(#p1-up)');
    expect(fillOf('gate', 'p1')).toBe('var(--role-gate)');
    expect(fillOf(null, 'p1')).toBe('none');
  });
});

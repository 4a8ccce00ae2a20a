import { describe, expect, it } from 'vitest';
import { assumption } from './common.ts';

describe('--assume', () => {
  it.each([
    [undefined, {}],
    ['out-in', { assume: { orientation: 'out-in' } }],
    ['qwen3_moe', { assume: { modelType: 'qwen3_moe' } }],
    ['gate-up/w13', { assume: { layout: { family: 'gate-up', dialect: 'w13' } } }],
    ['flat/dbrx', { assume: { layout: { family: 'flat', dialect: 'dbrx' } } }],
  ])('%s', (assume, read) => {
    expect(assumption(assume === undefined ? {} : { assume })).toEqual(read);
  });

  it.each(['gate-up/none', 'a b', ''])('refuses "%s"', (assume) => {
    expect(() => assumption({ assume })).toThrow(/--assume takes out-in, in-out, a layout such as gate-up\/w13/);
  });
});

import { describe, expect, it } from 'vitest';
import { resultFacts } from './result-facts.ts';

const REPORT = {
  source: 'org/name@abc',
  target: 'gate-up',
  scope: 'whole',
  groups: [
    { from: 'per-expert', to: 'gate-up' },
    { from: 'per-expert', to: 'gate-up' },
    { from: 'none', to: null },
  ],
  verified: { equal: true, tensors: 104, bytes: 624_000, method: 'x' },
  unpacked: null,
};

describe('resultFacts', () => {
  it('takes from a report what a list shows', () => {
    expect(resultFacts(REPORT)).toEqual({
      source: 'org/name@abc',
      from: ['per-expert'],
      target: 'gate-up',
      scope: 'whole',
      tensors: 104,
      bytes: 624_000,
      unpacked: [],
    });
    expect(resultFacts({ ...REPORT, unpacked: { formats: ['FP8 e4m3'] } })?.unpacked).toEqual(['FP8 e4m3']);
  });

  it('takes nothing else for a report: stored files can be changed', () => {
    for (const value of [
      null,
      'text',
      {},
      { ...REPORT, target: '<b>' },
      { ...REPORT, source: 'x'.repeat(5000) },
      { ...REPORT, verified: { ...REPORT.verified, equal: false } },
      { ...REPORT, verified: { ...REPORT.verified, bytes: -1 } },
      { ...REPORT, groups: 'many' },
      { ...REPORT, scope: 'all' },
    ])
      expect(resultFacts(value)).toBeNull();
  });
});

import { describe, expect, it } from 'vitest';
import type { Progress } from '../../../core/index.ts';
import { type JobStatus, NO_JOB } from '../job-store.ts';
import { paceSign, signOf, titleSign } from './signs.ts';

const at = (status: JobStatus, done = 427, seen = false) => ({
  ...NO_JOB,
  status,
  seen,
  progress: { done, total: 1000 } as Progress,
});

describe('the sign of a job', () => {
  it('says whole percent while it runs, rounded down: 100 % means finished', () => {
    expect(titleSign(at('running'))).toBe('42 % · ');
    expect(titleSign(at('running', 999))).toBe('99 % · ');
    expect(titleSign({ ...at('running'), progress: null })).toBe('0 % · ');
    expect(titleSign(at('paused'))).toBe('Paused at 42 % · ');
  });

  it('stays after the end until the reader has seen it, but not after a cancel', () => {
    expect(titleSign(at('done'))).toBe('✓ Converted · ');
    expect(titleSign(at('failed'))).toBe('✗ Failed · ');
    for (const none of [at('done', 1000, true), at('failed', 1, true), at('cancelled'), NO_JOB])
      expect([signOf(none), titleSign(none)]).toEqual([null, '']);
  });

  it('says the rate, or why nothing moves', () => {
    expect(paceSign({ status: 'running', pace: { rate: 12_345_678, left: 1 } })).toBe('12.3 MB/s');
    expect(paceSign({ status: 'running', pace: { rate: 0, left: null } })).toBe('waiting');
    expect(paceSign({ status: 'running', pace: { rate: null, left: null } })).toBe('starting');
    expect(paceSign({ status: 'paused', pace: { rate: 5, left: 1 } })).toBe('paused');
  });
});

import { expect, it } from 'vitest';
import { jobName, savedName, shortSource, startedAt } from './names.ts';

it('a job says when it was started and what it made', () => {
  const job = '20261122-213005-gate-up-4f1c';
  expect(jobName(job)).toBe('gate-up, 2026-11-22 21:30 UTC');
  expect(startedAt(job)).toBe(Date.UTC(2026, 10, 22, 21, 30, 5));
  expect([jobName('x'), startedAt('x'), startedAt('20269922-213005-stacked-4f1c')]).toEqual(['x', null, null]);
});

it('a saved result is called by its model and target, in letters that every system takes', () => {
  const commit = 'a'.repeat(40);
  expect(shortSource(`Qwen/Qwen3-30B-A3B@${commit}`)).toBe('Qwen/Qwen3-30B-A3B@aaaaaaa');
  expect(savedName(`Qwen/Qwen3-30B-A3B@${commit}`, 'gate-up')).toBe('Qwen3-30B-A3B-gate-up');
  expect(savedName('my folder: "α"', 'stacked')).toBe('my-folder-stacked');
  expect(savedName('job:20261122-213005-stacked-4f1c', 'gate-up')).toBe('result-gate-up');
  expect(savedName('../..', 'stacked')).toBe('model-stacked');
});

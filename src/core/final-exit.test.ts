import { expect, it } from 'vitest';
import { ERROR_TAGS, type ErrorTag } from './error-tags.ts';
import { RETRYABLE } from './errors.ts';
import { exitCodeOf, FINAL_EXIT, FINAL_EXIT_VARIABLE, isErrorTag, isFinal } from './final-exit.ts';

const TAGS = Object.keys(ERROR_TAGS) as ErrorTag[];

it('is final for what no retry changes, and never for what may be gone at the next try', () => {
  expect(TAGS.filter((tag) => isFinal(tag) && RETRYABLE.has(tag))).toEqual([]);
  for (const tag of ['usage', 'plan-invalid', 'plan-differs', 'source-changed', 'source-hash-wrong'] as const)
    expect([tag, isFinal(tag)]).toEqual([tag, true]);
  for (const tag of ['cancelled', 'output-in-use', 'path-not-found', 'disk-full', 'parts-incomplete'] as const)
    expect([tag, isFinal(tag)]).toEqual([tag, false]);
});

it('has another exit code, in jobs of a cluster alone', () => {
  const env = { [FINAL_EXIT_VARIABLE]: String(FINAL_EXIT) };
  for (const tag of TAGS) {
    const { exit } = ERROR_TAGS[tag];
    expect(exitCodeOf(tag, {})).toBe(exit);
    expect(exitCodeOf(tag, { [FINAL_EXIT_VARIABLE]: '0' })).toBe(exit);
    expect([tag, exitCodeOf(tag, env)]).toEqual([tag, exit === 2 && isFinal(tag) ? FINAL_EXIT : exit]);
  }
  expect(TAGS.map((tag) => ERROR_TAGS[tag].exit)).not.toContain(FINAL_EXIT);
});

it('knows its tags', () => {
  expect([isErrorTag('usage'), isErrorTag('toString'), isErrorTag('x')]).toEqual([true, false, false]);
});

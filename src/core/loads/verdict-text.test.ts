import { describe, expect, it } from 'vitest';
import type { Verdict } from './types.ts';
import { damagedPrograms, loadsSummary, namesInWords, type VerdictCounts, verdictSentence } from './verdict-text.ts';

function of(verdict: Verdict, missing = 0, unexpected = 0, mismatched = 0): VerdictCounts {
  return { verdict, missing, unexpected, mismatched };
}

describe('verdicts in words', () => {
  it('count who loads and say what the others do', () => {
    const all = [of('loads'), of('loads-converting'), of('refuses'), of('unknown'), of('partial', 1)];
    expect(loadsSummary(all)).toEqual({
      good: '2 of 5 programs load it',
      rest: '1 starts with wrong weights, 1 fails with an error, 1 is not known',
    });
    expect(loadsSummary([of('loads')])).toEqual({ good: '1 of 1 programs load it', rest: '' });
  });

  it('say random only where names are missing, dropped only where names are too many', () => {
    expect(verdictSentence(of('partial', 1))).toBe(
      'It starts without an error, but 1 expert tensor has random values.',
    );
    expect(verdictSentence(of('partial', 0, 2))).toBe('It starts without an error, but 2 tensors are dropped.');
    expect(verdictSentence(of('refuses', 3, 2, 1))).toBe('It stops with an error: 1 tensor has an unexpected shape.');
    expect(verdictSentence(of('refuses', 3, 2))).toBe('It stops with an error: it does not know 2 names.');
    expect(verdictSentence(of('refuses'))).toBe('It stops with an error before it runs.');
  });

  it('name every program that starts with wrong weights', () => {
    const mlx = { title: 'MLX', ...of('partial', 1) };
    const vllm = { title: 'vLLM', ...of('partial', 0, 2) };
    expect(damagedPrograms([mlx])).toBe('MLX starts without an error, but its expert weights are random.');
    expect(damagedPrograms([mlx, vllm, { title: 'SGLang', ...of('loads') }])).toBe(
      'MLX and vLLM start without an error, but their expert weights are random or dropped.',
    );
    const wrong = { title: 'SGLang', ...of('wrong-values') };
    expect(damagedPrograms([wrong])).toBe('SGLang starts without an error, but its experts have wrong values.');
    expect(damagedPrograms([mlx, wrong])).toBe(
      'MLX and SGLang start without an error, but their expert weights are random, or have wrong values.',
    );
    expect(damagedPrograms([{ title: 'MLX', ...of('refuses', 1) }])).toBeNull();
    expect(namesInWords(['a', 'b', 'c'])).toBe('a, b and c');
    expect(namesInWords([])).toBe('');
  });
});

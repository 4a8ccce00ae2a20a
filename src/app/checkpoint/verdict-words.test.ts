import { describe, expect, it } from 'vitest';
import type { LoadVerdict } from '../../../workers/inspect/protocol.ts';
import { LOADERS, type ProgramId, type Verdict } from '../../core/index.ts';
import { sentenceOf, silentOnes, summaryOf, worstFirst } from './verdict-words.ts';

const NONE = { count: 0, first: [] };

function of(id: ProgramId, verdict: Verdict, missing = 0, unexpected = 0): LoadVerdict {
  return {
    id,
    title: LOADERS.find((program) => program.id === id)?.title ?? '',
    version: '1',
    verdict,
    missing: { count: missing, first: [] },
    unexpected: { count: unexpected, first: [] },
    mismatched: NONE,
    evidence: { kind: 'run', source: 'a run', date: '2026-11-22' },
    cure: null,
    needs: [],
    hasScript: false,
  };
}

describe('wording of verdicts', () => {
  it('puts silent damage before errors, errors before what is not known, and keeps the order within', () => {
    const all = [of('mlx', 'loads'), of('vllm', 'unknown'), of('sglang', 'refuses'), of('veomni', 'partial')];
    expect(worstFirst([...all, of('llama.cpp', 'partial')]).map(({ id }) => id)).toEqual([
      'veomni',
      'llama.cpp',
      'sglang',
      'vllm',
      'mlx',
    ]);
  });

  it('counts who loads and says what the others do', () => {
    const all = [of('mlx', 'loads'), of('vllm', 'loads-converting'), of('sglang', 'refuses'), of('veomni', 'unknown')];
    expect(summaryOf(all)).toEqual({
      good: '2 of 4 load it',
      rest: '1 refuses it with an error, of 1 nothing is known',
    });
    expect(silentOnes(all)).toBeNull();
  });

  it('says random only where names are missing', () => {
    expect(sentenceOf(of('mlx', 'partial', 1))).toBe('Starts without an error; 1 expert tensor is random.');
    expect(sentenceOf(of('mlx', 'partial', 0, 2))).toBe('Starts without an error; 2 tensors are dropped.');
    expect(silentOnes([of('mlx', 'partial', 1)])).toBe('MLX starts with random experts, without an error.');
    expect(silentOnes([of('mlx', 'partial', 1), of('vllm', 'partial', 0, 2)])).toBe(
      'MLX and vLLM start with experts random or dropped, without an error.',
    );
  });
});

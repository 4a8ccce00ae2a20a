import { describe, expect, it } from 'vitest';
import { pinnedOf } from './pins.ts';

describe('pinned programs that were stored', () => {
  it('are ids, each once, and not without end', () => {
    expect(pinnedOf(['vllm', 'llama.cpp', 'vllm', 7, null, '<b>', '', 'A b', 'x'.repeat(65)])).toEqual([
      'vllm',
      'llama.cpp',
    ]);
    expect(pinnedOf(Array.from({ length: 99 }, (_, at) => `p${at}`))).toHaveLength(32);
  });

  it('are none where something else was stored', () => {
    for (const stored of [undefined, null, 'vllm', { 0: 'vllm' }, 7]) expect(pinnedOf(stored)).toEqual([]);
  });
});

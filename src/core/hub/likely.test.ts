import { describe, expect, it } from 'vitest';
import { findLikely, mostSimilar, searchText } from './likely.ts';

describe('searchText', () => {
  it('is the first half of the words of the name', () => {
    expect(searchText('Qwen/Qwen3-30B-A3B-Instuct')).toBe('Qwen3-30B');
    expect(searchText('org/a_b')).toBe('a_b');
    expect(searchText('gpt2')).toBe('gpt2');
  });
});

describe('mostSimilar', () => {
  it('offers other case and small mistakes first', () => {
    const ids = ['Qwen/Qwen3-30B-A3B-GGUF', 'Qwen/Qwen3-30B-A3B', 'else/thing', 'qwen/qwen3-30b-a3b'];
    expect(mostSimilar('qwen/qwen3-30b-a3b', ids).slice(0, 2)).toEqual([
      'Qwen/Qwen3-30B-A3B',
      'Qwen/Qwen3-30B-A3B-GGUF',
    ]);
  });
});

describe('findLikely', () => {
  const answering = (body: unknown, asked: string[]) => async (input: RequestInfo | URL) => {
    asked.push(String(input));
    return new Response(JSON.stringify(body), { headers: { 'content-type': 'application/json' } });
  };

  it('asks once, and passes on nothing that is not a name', async () => {
    const asked: string[] = [];
    const fetch = answering([{ id: 'Org/Model-A' }, { id: 'a/b/../c' }, { id: '<x>' }], asked);
    expect(await findLikely('org/model-b', { fetch })).toEqual(['Org/Model-A']);
    expect(asked).toEqual(['https://huggingface.co/api/models?search=model&limit=50&sort=downloads']);
  });

  it('finds nothing in an answer of another form', async () => {
    expect(await findLikely('org/model', { fetch: answering({ error: 'x' }, []) })).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import { type KeptAccess, readKept, writeKept } from './kept-access.ts';

const HUB = 'https://huggingface.co';
const MIRROR = 'https://hub.example.org';
const access = (token: string, expires: number | null = null): KeptAccess => ({
  token,
  user: null,
  expires,
  scopes: null,
});

/** Storage in memory; a full one refuses to take anything. */
function storageOf(text: string | null = null, full = false): Storage {
  const kept = new Map<string, string>(text === null ? [] : [['moe-loom-access', text]]);
  return {
    get length() {
      return kept.size;
    },
    clear: () => kept.clear(),
    key: (at) => [...kept.keys()][at] ?? null,
    getItem: (key) => kept.get(key) ?? null,
    removeItem: (key) => void kept.delete(key),
    setItem: (key, value) => {
      if (full) throw new DOMException('full', 'QuotaExceededError');
      kept.set(key, value);
    },
  };
}

describe('kept access', () => {
  it('is read back by Hub, and leaves no trace when it is released', () => {
    const storage = storageOf();
    expect(writeKept(storage, HUB, access('hf_a'))).toBe(true);
    expect(writeKept(storage, MIRROR, access('hf_b', 2000))).toBe(true);
    expect(readKept(storage, 1000)).toEqual({ [HUB]: access('hf_a'), [MIRROR]: access('hf_b', 2000) });
    expect(readKept(storage, 2000)).toEqual({ [HUB]: access('hf_a') });
    writeKept(storage, HUB, null);
    writeKept(storage, MIRROR, null);
    expect(storage.length).toBe(0);
  });

  it('leaves out what it did not write', () => {
    for (const text of [
      'nonsense',
      '[]',
      'null',
      '"x"',
      '{"https://huggingface.co":"hf_a"}',
      '{"https://huggingface.co":{"token":"a b"}}',
      '{"https://huggingface.co":{"token":""}}',
      `{"https://huggingface.co":{"token":"${'x'.repeat(2000)}"}}`,
      '{"http://hub.example.org":{"token":"hf_a"}}',
      '{"https://hub.example.org/path/":{"token":"hf_a"}}',
      '{"__proto__":{"token":"hf_a"}}',
    ]) {
      expect(readKept(storageOf(text), 0), text).toEqual({});
    }
  });

  it('says where nothing can be kept', () => {
    expect(writeKept(null, HUB, access('hf_a'))).toBe(false);
    expect(writeKept(storageOf(null, true), HUB, access('hf_a'))).toBe(false);
    expect(readKept(null, 0)).toEqual({});
  });
});

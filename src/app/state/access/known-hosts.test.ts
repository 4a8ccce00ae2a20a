import { describe, expect, it } from 'vitest';
import { inParts, parseAddress } from '../address.ts';
import { unknownHostOf } from '../follow-address.ts';
import { isKnownHost, learnHost } from './known-hosts.ts';

/** A storage in memory; `full` refuses to keep anything. */
function storage(full = false): Storage {
  const kept = new Map<string, string>();
  return {
    length: 0,
    clear: () => kept.clear(),
    key: () => null,
    getItem: (key) => kept.get(key) ?? null,
    removeItem: (key) => void kept.delete(key),
    setItem: (key, value) => {
      if (full) throw new DOMException('full', 'QuotaExceededError');
      kept.set(key, value);
    },
  };
}

describe('known hosts', () => {
  it('are kept, the oldest out first, and known without a storage until the page is closed', () => {
    const kept = storage();
    expect(isKnownHost('https://a.example', kept)).toBe(false);
    learnHost('https://a.example', kept);
    expect(JSON.parse(kept.getItem('moe-loom-hosts') ?? '')).toEqual(['https://a.example']);
    for (let i = 0; i < 120; i++) learnHost(`https://h${i}.example`, kept);
    expect(JSON.parse(kept.getItem('moe-loom-hosts') ?? '')).toHaveLength(100);
    learnHost('https://b.example', storage(true));
    expect(isKnownHost('https://b.example', null)).toBe(true);
    kept.setItem('moe-loom-hosts', '{"x":');
    expect(isKnownHost('https://c.example', kept)).toBe(false);
  });

  it('are asked about for every way in which an address names one', () => {
    const hub = (reference: string, endpoint: string | null) => unknownHostOf({ kind: 'hub', reference, endpoint });
    expect(hub('org/name', null)).toBe(null);
    expect(hub('org/name', 'https://huggingface.co')).toBe(null);
    expect(hub('org/name', 'https://never.example')).toBe('https://never.example');
    expect(unknownHostOf({ kind: 'sample', id: 'x', baseUrl: '/' })).toBe(null);
  });
});

describe('a repo that is a whole address', () => {
  it('shows its server as the endpoint, however it is written', () => {
    for (const [query, parts] of [
      ['repo=https://evil.example/org/name', ['org/name', null, null, 'https://evil.example']],
      ['repo=HTTPS://evil.example:8443/org/name/tree/v1/a/b', ['org/name', 'v1', 'a/b', 'https://evil.example:8443']],
      [
        'repo=https://evil.example/hub/org/name/blob/v1/x.safetensors',
        ['org/name', 'v1', 'x.safetensors', 'https://evil.example/hub'],
      ],
      ['repo=http://127.0.0.1:9/org/name', ['org/name', null, null, 'http://127.0.0.1:9']],
      [
        'repo=https://evil.example/org/name&endpoint=https://huggingface.co',
        ['org/name', null, null, 'https://evil.example'],
      ],
      ['repo=https://huggingface.co/org/name&endpoint=https://evil.example', ['org/name', null, null, null]],
      ['repo=hf.co/org/name@v2', ['hf.co/org/name@v2', null, null, null]],
      ['repo=hf.co/org/name', ['org/name', null, null, null]],
      ['repo=http://evil.example/org/name', ['http://evil.example/org/name', null, null, null]],
      ['repo=org/name&endpoint=https://hub.example/path/', ['org/name', null, null, 'https://hub.example/path']],
    ] as const) {
      const { repo, revision, path, endpoint } = parseAddress(`?${query}`);
      expect([query, [repo, revision, path, endpoint]]).toEqual([query, parts]);
    }
  });

  it('is so in a comparison too', () => {
    const named = { repo: 'https://evil.example/org/name', revision: null, path: null, endpoint: null };
    expect(inParts(named)).toMatchObject({ repo: 'org/name', endpoint: 'https://evil.example' });
  });
});

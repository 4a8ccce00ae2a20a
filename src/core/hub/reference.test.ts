import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isLoomError } from '../errors.ts';
import { isNamePart, isRepoPath, isReservedName, isRevision } from './names.ts';
import { formatRepoReference, parseRepoReference, type RepoReference } from './reference.ts';

const SHA = '0123456789abcdef0123456789abcdef01234567';

function reference(repo: string, revision: string | null = null, path = '', endpoint: string | null = null) {
  return { repo, revision, path, endpoint };
}

function refusal(text: string): string {
  try {
    parseRepoReference(text);
  } catch (error) {
    if (isLoomError(error) && error.tag === 'repo-reference-invalid') return error.message;
    throw error;
  }
  return 'taken';
}

describe('parseRepoReference', () => {
  const taken: [string, RepoReference][] = [
    ['Qwen/Qwen3-235B-A22B', reference('Qwen/Qwen3-235B-A22B')],
    ['  Qwen/Qwen3-30B-A3B/ \n', reference('Qwen/Qwen3-30B-A3B')],
    ['gpt2', reference('gpt2')],
    ['gpt2@main', reference('gpt2', 'main')],
    ['a/b.c_d-e', reference('a/b.c_d-e')],
    ['org/name@refs/pr/1', reference('org/name', 'refs/pr/1')],
    ['org/name@refs%2Fpr%2F1', reference('org/name', 'refs/pr/1')],
    [`org/name@${SHA}`, reference('org/name', SHA)],
    ['https://huggingface.co/org/name', reference('org/name')],
    ['HTTPS://HuggingFace.co/org/name/', reference('org/name')],
    ['http://hf.co/org/name?library=transformers#use', reference('org/name')],
    ['huggingface.co/gpt2', reference('gpt2')],
    ['hf.co/org/name.git', reference('org/name')],
    ['https://huggingface.co/org/name/tree/main', reference('org/name', 'main')],
    ['https://huggingface.co/org/name/tree/refs%2Fpr%2F1/a%20b/c', reference('org/name', 'refs/pr/1', 'a b/c')],
    ['https://huggingface.co/org/name/tree/refs/pr/1/sub', reference('org/name', 'refs/pr/1', 'sub')],
    ['https://huggingface.co/org/name/tree/feature%2Fx', reference('org/name', 'feature/x')],
    ['https://huggingface.co/org/name/blob/main/model.safetensors', reference('org/name', 'main', 'model.safetensors')],
    [`https://huggingface.co/org/name/resolve/${SHA}/a/b?download=true`, reference('org/name', SHA, 'a/b')],
    [`https://huggingface.co/org/name/commit/${SHA}`, reference('org/name', SHA)],
    ['https://huggingface.co/gpt2/tree/main/onnx', reference('gpt2', 'main', 'onnx')],
    ['https://huggingface.co/org/tree', reference('org/tree')],
    ['https://hub.example.org:8443/org/name', reference('org/name', null, '', 'https://hub.example.org:8443')],
    ['http://127.0.0.1:7001/org/name/tree/v1', reference('org/name', 'v1', '', 'http://127.0.0.1:7001')],
    ['hf://org/name', reference('org/name')],
    ['hf://org/name/sub/x.json', reference('org/name', null, 'sub/x.json')],
    ['hf://org/name@v1.0/sub', reference('org/name', 'v1.0', 'sub')],
    ['hf://org/name@refs/pr/2/sub', reference('org/name', 'refs/pr/2', 'sub')],
    ['hf://org/name@feature%2Fx/sub', reference('org/name', 'feature/x', 'sub')],
    ['hf://gpt2@main/onnx', reference('gpt2', 'main', 'onnx')],
    ['hf://org/name/a@b/c', reference('org/name', null, 'a@b/c')],
  ];
  it.each(taken)('takes %s', (text, expected) => {
    expect(parseRepoReference(text)).toEqual(expected);
  });

  const refused: [string, string | RegExp][] = [
    ['', 'No repository is named. Write org/name, or paste the address of the model page.'],
    ['x'.repeat(5000), /too long/],
    [
      'https://huggingface.co/datasets/org/name',
      "This names a dataset, and only models can be read. Give the model's org/name.",
    ],
    ['datasets/org/name', /names a dataset/],
    ['hf://datasets/org/name', /names a dataset/],
    ['hf.co/spaces/org/name', /names a Space/],
    ['https://huggingface.co/', /is not the page of a model/],
    [
      'https://huggingface.co/docs/hub',
      '"docs/hub" is a page of the Hub, not a model. Write org/name, or paste the address of the model page.',
    ],
    ['https://huggingface.co/api/models/org/name', /is a page of the Hub/],
    ['https://huggingface.co/org/name/discussions/3', /is not the page of a model or its files/],
    ['org/name/sub', /has more parts than a name\. Write org\/name, or hf:/],
    ['org/na me', /is not the name of a repository/],
    ['org//name', /more parts|not the name/],
    ['/org/name', /more parts/],
    ['../name', /not the name/],
    ['org/..', /not the name/],
    ['org/a--b', /not the name/],
    ['org/a.git', /not the name/],
    ['-org/name', /not the name/],
    [`${'a'.repeat(97)}/b`, /not the name/],
    ['C:\\models\\x', /not the name/],
    ['./models', /not the name/],
    ['org/name@', /cannot be a branch/],
    ['org/name@a..b', /cannot be a branch/],
    ['org/name@-x y', /cannot be a branch/],
    ['org/name@a//b', /cannot be a branch/],
    ['org/name@%zz', /not the name/],
    ['https://huggingface.co/org/name/tree/main/../../../x', /not one inside a repository/],
    ['https://huggingface.co/org/name/tree/main/%2e%2e/x', /not one inside a repository/],
    ['https://huggingface.co/org/name/tree/main/a%2Fb', /not one inside a repository/],
    ['https://huggingface.co/org/name/tree/main/a%00', /not one inside a repository/],
    ['https://huggingface.co/org/name/tree/main//a', /not one inside a repository/],
    ['https://huggingface.co/%2e%2e/name', /not the name/],
    ['hf://org/name/a\\b', /not one inside a repository/],
    [
      'https://user:secret@huggingface.co/org/name',
      'An address with a user name or password is not used. Remove the part before the @.',
    ],
    ['http://hub.example.org/org/name', /is not encrypted\. Use its https/],
    ['ftp://huggingface.co/org/name', /is no address of a Hub/],
    ['javascript://huggingface.co/org/name', /is no address of a Hub/],
    ['file:///org/name', /is no address of a Hub/],
    ['https://huggingface.co\\@evil.example/org/name', /user name or password/],
    ['https://%68uggingface.co/org/name', /is no address of a Hub/],
  ];
  it.each(refused)('refuses %s', (text, message) => {
    if (typeof message === 'string') expect(refusal(text)).toBe(message);
    else expect(refusal(text)).toMatch(message);
    expect(refusal(text)).toMatch(/\.$/);
    expect(refusal(text)).not.toContain('secret');
  });

  it('gives valid parts or its own error, whatever it gets', () => {
    const pieces = fc.constantFrom(
      'https://',
      'hf://',
      'hf.co/',
      'org/name',
      '@',
      '/',
      '..',
      '%2e',
      '%2F',
      'tree/main/',
      '\0',
      ' ',
      '#',
      '?',
      '\\',
      'ü',
      '\ud800',
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(fc.oneof(pieces, fc.string({ maxLength: 3 })), { maxLength: 8 }).map((all) => all.join('')),
    );
    fc.assert(
      fc.property(text, (value) => {
        if (refusal(value) !== 'taken') return;
        const { repo, revision, path, endpoint } = parseRepoReference(value);
        expect(repo.split('/').every(isNamePart)).toBe(true);
        expect(revision === null || isRevision(revision)).toBe(true);
        expect(isRepoPath(path)).toBe(true);
        expect(endpoint === null || new URL(endpoint).origin === endpoint).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('formatRepoReference', () => {
  const WORDS = 'abcXYZ019_.-';
  const namePart = fc
    .string({ unit: fc.constantFrom(...WORDS), minLength: 1, maxLength: 12 })
    .filter((part) => isNamePart(part) && !isReservedName(part));
  const odd = fc.string({ unit: fc.constantFrom(...'ab/.@%#+ é=-'), minLength: 1, maxLength: 10 });
  const parts = {
    repo: fc.oneof(
      namePart,
      fc.tuple(namePart, namePart).map((pair) => pair.join('/')),
    ),
    revision: fc.oneof(fc.constant(null), fc.constant('refs/pr/7'), odd.filter(isRevision)),
    path: fc.oneof(fc.constant(''), odd.filter(isRepoPath)),
    endpoint: fc.constantFrom(null, 'https://hub.example.org', 'http://127.0.0.1:7001'),
  };

  it('is read back as it was', () => {
    fc.assert(
      fc.property(fc.record(parts), (value) => {
        const back = parseRepoReference(formatRepoReference(value));
        const usual = value.revision === null && value.path !== '' ? back.revision : value.revision;
        expect([null, 'main', value.revision]).toContain(usual);
        expect(back).toEqual({ ...value, revision: usual });
      }),
      { numRuns: 3000 },
    );
  });

  it('is short', () => {
    expect(formatRepoReference(reference('org/name'))).toBe('org/name');
    expect(formatRepoReference(reference('org/name', 'refs/pr/1'))).toBe('org/name@refs/pr/1');
    expect(formatRepoReference(reference('org/name', 'a/b', 'x y'))).toBe('hf://org/name@a%2Fb/x%20y');
    expect(formatRepoReference(reference('org/name', null, 'x', 'https://h.example'))).toBe(
      'https://h.example/org/name/tree/main/x',
    );
  });
});

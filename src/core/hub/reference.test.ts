import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isLoomError } from '../errors.ts';
import { isNamePart, isRepoPath, isReservedName, isRevision } from './names.ts';
import { formatRepoReference, isRepoAddress, parseRepoReference, type RepoReference } from './reference.ts';

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
    ['https://huggingface.co/api/models/org/name', reference('org/name')],
    ['https://huggingface.co/api/models/org/name/tree/main/sub', reference('org/name', 'main', 'sub')],
    [
      'https://huggingface.co/api/models/org/name/revision/refs%2Fpr%2F4?blobs=true',
      reference('org/name', 'refs/pr/4'),
    ],
    ['https://huggingface.co/org/name/discussions/3', reference('org/name', 'refs/pr/3')],
    ['https://huggingface.co/org/name/discussions/3/files', reference('org/name', 'refs/pr/3')],
    ['hf.co/org/name/discussions', reference('org/name')],
    ['hf.co/org/name/blob/refs%2Fpr%2F3/m.safetensors', reference('org/name', 'refs/pr/3', 'm.safetensors')],
    ['org/name/resolve/main/M.SAFETENSORS?download=true', reference('org/name', 'main', 'M.SAFETENSORS')],
    ['org/name/sub/model.safetensors.index.json', reference('org/name', null, 'sub/model.safetensors.index.json')],
    ['"https://huggingface.co/org/name"', reference('org/name')],
    ['<https://huggingface.co/org/name>', reference('org/name')],
    ['git@hf.co:org/name', reference('org/name')],
    [
      'https://host.example/artifactory/api/huggingfaceml/remote/org/name/resolve/main/x.safetensors',
      reference('org/name', 'main', 'x.safetensors', 'https://host.example/artifactory/api/huggingfaceml/remote'),
    ],
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
      'This is a dataset, which has no model weights. Paste the org/name of a model.',
    ],
    ['datasets/org/name', /is a dataset/],
    ['hf://datasets/org/name', /is a dataset/],
    ['hf.co/spaces/org/name', /is a Space/],
    ['https://huggingface.co/', /is not the page of a model/],
    [
      'https://huggingface.co/docs/hub',
      '"docs/hub" is a page of the documentation, not a model. Write org/name, or paste the address of the model page.',
    ],
    ['https://huggingface.co/api/whoami-v2', /is a page of the Hub/],
    ['https://huggingface.co/org/name/settings', /is not the page of a model or its files/],
    ['https://www.modelscope.cn/models/Qwen/Qwen3-30B-A3B', /address of ModelScope.*modelscope download/],
    ['modelscope.cn/models/Qwen/Qwen3-30B-A3B/files', /ModelScope/],
    ['https://civitai.com/models/1234/some-model?modelVersionId=5', /Civitai.*Download the \.safetensors file/],
    ['github.com/org/name', /GitHub.*Git LFS/],
    ['https://raw.githubusercontent.com/org/name/main/model.safetensors', /GitHub/],
    ['https://org-name.hf.space/', /address of a Space/],
    ['https://arxiv.org/abs/2505.09388', /address of a paper.*org\/name/],
    ['https://huggingface.co/papers/2505.09388', /page about a paper, not a model/],
    ['https://huggingface.co/collections/org/name-1', /collection of models/],
    ['https://cdn-lfs-us-1.hf.co/repos/a/b/c?Signature=secret', /signed address.*org\/name/],
    ['s3://bucket/model', /object store/],
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
    ['file:///org/name', /address of a file on a disk/],
    ['https://huggingface.co\\@evil.example/org/name', /user name or password/],
    ['https://%68uggingface.co/org/name', /is no address of a Hub/],
  ];
  it.each(refused)('refuses %s', (text, message) => {
    if (typeof message === 'string') expect(refusal(text)).toBe(message);
    else expect(refusal(text)).toMatch(message);
    expect(refusal(text)).toMatch(/\.$/);
    expect(refusal(text)).not.toContain('secret');
  });

  it('reads addresses below the Hub that the user works with, and takes its host without a scheme', () => {
    const home = 'https://host.example/artifactory/api/huggingfaceml/remote/';
    const endpoint = 'https://host.example/artifactory/api/huggingfaceml/remote';
    expect(parseRepoReference(`${endpoint}/org/name`, home)).toEqual(reference('org/name', null, '', endpoint));
    expect(parseRepoReference(`${endpoint}/org/name/blob/v1/a`, home)).toEqual(
      reference('org/name', 'v1', 'a', endpoint),
    );
    expect(parseRepoReference(`${endpoint.slice(8)}/org/name`, home)).toEqual(
      reference('org/name', null, '', endpoint),
    );
    expect(parseRepoReference('http://hub.corp/org/name', 'http://hub.corp')).toEqual(
      reference('org/name', null, '', 'http://hub.corp'),
    );
    expect(parseRepoReference('org/name', home)).toEqual(reference('org/name'));
  });

  it('tells addresses from paths and names', () => {
    const addresses = [
      'hf://org/name',
      'https://huggingface.co/x/y',
      'hf.co/x/y',
      'x/y/blob/main/z.safetensors',
      'github.com/a/b',
      'git@hf.co:a/b',
    ];
    for (const text of addresses) expect([text, isRepoAddress(text)]).toEqual([text, true]);
    const others = [
      'org/name',
      'models/x/model.safetensors',
      'llama.cpp/models/x',
      './a/blob/b/c',
      '/a/b/blob/c',
      'C:\\x',
    ];
    for (const text of others) expect([text, isRepoAddress(text)]).toEqual([text, false]);
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

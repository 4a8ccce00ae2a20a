import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { isLoomError } from '../errors.ts';
import { parseBatch, parsePreupload } from './answers.ts';
import { hfUploadCommand } from './command.ts';
import { checkFolder, parseProof } from './folder.ts';
import { createPublishJournal, type Transfer } from './journal.ts';
import { parsePublishTarget } from './target.ts';

const OID = 'a'.repeat(64);
const HUB = 'https://hub.example';

function tagOf(task: () => unknown): string {
  try {
    task();
  } catch (error) {
    return isLoomError(error) ? error.tag : String(error);
  }
  return 'none';
}

describe('the command of huggingface_hub', () => {
  it('gives a shell the words that were meant, whatever the folder is called', () => {
    for (const folder of ["it's", '$(touch x)', 'a\nb', '-rf', '`id`', '"', 'ü ☃', '\\', '=x', '~', 'a;b']) {
      const command = hfUploadCommand({ repo: 'org/name', branch: "it's", folder, private: true });
      const script = `hf() { printf '%s\\0' "$@"; }\n${command}`;
      const words = execFileSync('bash', ['-c', script]).toString().split('\0').slice(0, -1);
      const path = folder.startsWith('-') ? `./${folder}` : folder;
      expect(words).toEqual([
        'upload-large-folder',
        'org/name',
        path,
        '--repo-type',
        'model',
        "--revision=it's",
        '--private',
      ]);
    }
  });
});

describe('where to publish', () => {
  it('is org/name and a branch, and nothing that means something else', () => {
    expect(parsePublishTarget(' org/name ', 'a/b')).toEqual({ repo: 'org/name', branch: 'a/b' });
    for (const repo of ['', 'name', 'a/b/c', '../b', 'a/..', 'datasets/name', 'a/b@c', 'https://hf.co/a/b', 'a/b.git'])
      expect([repo, tagOf(() => parsePublishTarget(repo))]).toEqual([repo, 'usage']);
    for (const branch of ['', 'refs/pr/1', 'a b', '0'.repeat(40), '-..-'])
      expect([branch, tagOf(() => parsePublishTarget('a/b', branch))]).toEqual([branch, 'usage']);
  });
});

describe('a folder', () => {
  const entry = (name: string) => ({ name, byteLength: 1 });
  it('is refused where work has not ended, or where it has no weights', () => {
    const whole = [entry('model.safetensors')];
    expect(checkFolder('x', whole, ['.gitattributes', '.cache/huggingface/x.lock'], null).bytes).toBe(1);
    for (const name of [
      '.moe-loom-journal',
      'a/.moe-loom-part-3',
      'm.safetensors.moe-loom-part',
      'm.safetensors.incomplete',
    ])
      expect([name, tagOf(() => checkFolder('x', whole, [name], null))]).toEqual([name, 'output-unfinished']);
    expect(tagOf(() => checkFolder('x', [entry('config.json')], [], null))).toBe('no-checkpoint');
  });

  it('is refused without a shard of its report, or with a report that proves nothing', () => {
    const report = { scope: 'whole', shards: ['a.safetensors'], verified: { equal: true }, sha256: null };
    const proof = parseProof(JSON.stringify(report), 'r');
    expect(tagOf(() => checkFolder('x', [entry('b.safetensors')], [], proof))).toBe('index-shard-missing');
    for (const change of [{ verified: { equal: false } }, { shards: 'a' }, { sha256: { 'a.safetensors': 'x' } }])
      expect(tagOf(() => parseProof(JSON.stringify({ ...report, ...change }), 'r'))).toBe('verify-failed');
    for (const text of ['', '{', 'null', '[]']) expect(tagOf(() => parseProof(text, 'r'))).toBe('verify-failed');
  });
});

describe("the Hub's answers", () => {
  const asked = [{ oid: OID, bytes: 25, file: 'f' }];
  const batch = (upload: unknown, extra: object = {}) =>
    parseBatch({ objects: [{ oid: OID, size: 25, actions: { upload }, ...extra }] }, asked, 1000, HUB).get(OID);
  const parts = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, at) => [String(at + 1).padStart(5, '0'), `https://s3/${at}`]));

  it('say where an object goes: in parts, in one request, or nowhere', () => {
    expect(batch({ href: 'https://s3/x', expires_in: 5 })).toMatchObject({ partBytes: null, expires: 6000 });
    expect(batch({ href: `${HUB}/c`, header: { chunk_size: '10', ...parts(3) } })).toMatchObject({ partBytes: 10 });
    expect(batch(undefined, { actions: undefined })).toBeNull();
  });

  it('are refused where parts do not make up the file, or where anybody could read what is sent', () => {
    for (const header of [
      { chunk_size: '10', ...parts(2) },
      { chunk_size: '10', ...parts(4) },
      { chunk_size: '0', ...parts(3) },
      { chunk_size: 'x', ...parts(3) },
      { chunk_size: '10', '00001': 'https://s3/1', '00002': 'no address', '00003': 'https://s3/3' },
      { chunk_size: '10', '00001': 'https://s3/1', '00002': 'https://s3/2', '00004': 'https://s3/4' },
    ])
      expect(tagOf(() => batch({ href: `${HUB}/c`, header }))).toBe('answer-invalid');
    expect(tagOf(() => batch({ href: 'http://s3/x' }))).toBe('redirect-unsafe');
    expect(tagOf(() => batch({ href: 'file:///x' }))).toBe('redirect-unsafe');
    expect(tagOf(() => batch({ href: 'https://s3/x' }, { size: 26 }))).toBe('answer-invalid');
    expect(tagOf(() => batch(undefined, { error: { code: 422, message: 'no' } }))).toBe('http-status');
    expect(tagOf(() => parsePreupload({ files: [] }, ['f']))).toBe('answer-invalid');
    expect(tagOf(() => parsePreupload({ files: [{ path: 'f', uploadMode: 'x' }] }, ['f']))).toBe('answer-invalid');
  });
});

describe('a journal', () => {
  const transfer: Transfer = {
    href: 'https://s3/c',
    partBytes: 4,
    parts: ['https://s3/1'],
    verify: null,
    expires: null,
  };

  it('says the same after every line at which a process may be killed, and knows no part of an upload that began again', async () => {
    const lines: string[] = [];
    const journal = createPublishJournal([], async (line) => void lines.push(line));
    await journal.addHash('f', 'key', OID);
    await journal.begin(OID, transfer);
    await journal.addPart(OID, 1, 'one');
    await journal.begin(OID, { ...transfer, href: 'https://s3/d' });
    await journal.addPart(OID, 2, 'two');
    for (let cut = 0; cut <= lines.join('\n').length; cut++) {
      const known = createPublishJournal(lines.join('\n').slice(0, cut).split('\n'));
      const taken = known.underWay(OID)?.taken ?? new Map();
      expect(taken.has(1) && taken.has(2)).toBe(false);
    }
    const whole = createPublishJournal(lines);
    expect(whole.hashOf('f', 'key')).toBe(OID);
    expect(whole.hashOf('f', 'another key')).toBeNull();
    expect([...(whole.underWay(OID)?.taken ?? [])]).toEqual([[2, 'two']]);
    await whole.end(OID);
    expect(whole.underWay(OID)).toBeNull();
  });

  it('takes no line that it did not write', () => {
    const foreign = [
      '',
      '{',
      'null',
      '{"begin":{"oid":1}}',
      '{"hash":{"file":"f","key":"k","sha256":"x"}}',
      '{"part":{}}',
    ];
    const journal = createPublishJournal(foreign);
    expect([journal.hashOf('f', 'k'), journal.underWay('1')]).toEqual([null, null]);
  });
});

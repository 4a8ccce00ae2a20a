import { describe, expect, it } from 'vitest';
import { isLoomError } from '../errors.ts';
import { parseModelInfo } from './model-info.ts';

const SHA = 'a'.repeat(40);
const HASH = 'b'.repeat(64);
const file = { rfilename: 'config.json', size: 3, blobId: SHA };
const good = { _id: '1', id: 'org/name', sha: SHA, siblings: [file], tags: ['x'] };

function complaint(json: unknown): string {
  try {
    parseModelInfo(json);
  } catch (error) {
    if (isLoomError(error) && error.tag === 'answer-invalid') return error.message;
    throw error;
  }
  return 'taken';
}

describe('parseModelInfo', () => {
  it('takes what it needs and leaves the rest', () => {
    const weights = { rfilename: 'a/model.safetensors', size: 9, lfs: { sha256: HASH, size: 9, pointerSize: 130 } };
    expect(parseModelInfo({ ...good, gated: 'auto', siblings: [file, weights] })).toEqual({
      id: 'org/name',
      commit: SHA,
      private: false,
      gated: 'auto',
      disabled: false,
      baseModels: [],
      files: [
        { path: 'config.json', byteLength: 3, sha256: null, gitOid: SHA },
        { path: 'a/model.safetensors', byteLength: 9, sha256: HASH, gitOid: null },
      ],
      unsized: 0,
    });
  });

  it('takes names of base models from the card, and leaves out what is no name', () => {
    const named = (base_model: unknown) => parseModelInfo({ ...good, cardData: { base_model } }).baseModels;
    expect(named('Qwen/Qwen3-30B-A3B')).toEqual(['Qwen/Qwen3-30B-A3B']);
    expect(named(['a/b', 'a/b', 7, '../x', 'https://evil.example/a', 'org/name'])).toEqual(['a/b']);
    expect(named(null)).toEqual([]);
    expect(parseModelInfo({ ...good, cardData: 'text' }).baseModels).toEqual([]);
  });

  it('takes a listing without files, or with files without sizes, as one that does not tell', () => {
    expect(parseModelInfo({ ...good, siblings: null })).toMatchObject({ files: [], unsized: 0 });
    expect(parseModelInfo({ ...good, siblings: undefined })).toMatchObject({ files: [], unsized: 0 });
    expect(parseModelInfo({ ...good, siblings: [file, { rfilename: 'a' }] })).toMatchObject({
      files: [{ path: 'config.json' }],
      unsized: 1,
    });
  });

  const bad: [string, unknown, RegExp][] = [
    ['no object', 'hello', /the whole is missing or of another type/],
    ['no commit', { ...good, sha: undefined }, /sha is missing/],
    ['a short commit', { ...good, sha: 'abc' }, /sha is not a commit of 40 digits/],
    ['a strange name', { ...good, id: '../x' }, /id is not the name/],
    ['a gate of another kind', { ...good, gated: 'later' }, /gated/],
    ['a negative size', { ...good, siblings: [{ ...file, size: -1 }] }, /siblings\.0\.size/],
    ['a size beyond 2^53', { ...good, siblings: [{ ...file, size: 2 ** 60 }] }, /siblings\.0\.size/],
    ['a way out', { ...good, siblings: [{ ...file, rfilename: 'a/../../b' }] }, /rfilename is not a path inside/],
    ['an absolute path', { ...good, siblings: [{ ...file, rfilename: '/a' }] }, /rfilename is not a path inside/],
    ['a lone surrogate', { ...good, siblings: [{ ...file, rfilename: '\ud800' }] }, /rfilename is not a path inside/],
    ['a file twice', { ...good, siblings: [file, file] }, /it lists a file twice/],
    ['a bad git id', { ...good, siblings: [{ ...file, blobId: 'x' }] }, /blobId is not a git id/],
    ['a bad hash', { ...good, siblings: [{ ...file, lfs: { sha256: 'x', size: 3 } }] }, /sha256 is not a sha256/],
    ['two sizes', { ...good, siblings: [{ ...file, lfs: { sha256: HASH, size: 4 } }] }, /two sizes for config.json/],
  ];
  it.each(bad)('refuses %s', (_case, json, message) => {
    expect(complaint(json)).toMatch(message);
    expect(complaint(json)).toMatch(/Check the address of the Hub, or try a newer version of this program\.$/);
  });
});

import { describe, expect, it } from 'vitest';
import { LoomError } from '../errors.ts';
import { nameForeignJson } from '../safetensors/not-weights.ts';
import { readHeader } from '../safetensors/read-header.ts';
import { memorySource } from '../source/memory.ts';
import { unfinishedDownloads } from './unfinished.ts';

async function said(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const error = await readHeader(memorySource(bytes, 'f'), { file: 'f' }).then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof LoomError)) throw new Error('it was read');
  return `${error.tag}: ${error.message}`;
}

const latin = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));

describe('a file that is no safetensors file', () => {
  const cases: [string, RegExp][] = [
    ['<!DOCTYPE html><title>Sign in\u001b[31m</title>', /web page \(HTML\), "Sign in \[31m"/],
    ['\n<html lang="en"><body>', /web page/],
    ['<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', /XML text that says "AccessDenied"/],
    ['{"error":"Repository not found"}', /JSON text that begins \{"error":"Repository not found"\}/],
    ['Entry not found', /a text that begins "Entry not found"/],
    ['/annex/objects/MD5E-s1--a.safetensors', /git-annex pointer.*git annex get/],
    ['outs:\n- md5: abc\n  path: x', /DVC pointer.*dvc pull/],
    ['../store/model.safetensors', /path of another file.*a link that was copied as text/],
    ['PK\x03\x04\x14\x00\x00\x08archive/data.pkl', /zip archive.*PyTorch/],
    ['GGUF\x03\x00\x00\x00\x10\x00\x00\x00', /GGUF file/],
    ['\x80\x02\x8a\nl\xfc\x9cF\xf9 j', /Python pickle/],
    ['\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03', /gzip/],
    ['\x00'.repeat(64), /starts with zeros.*did not finish/],
  ];
  it.each(cases)('is named: %j', async (text, what) => {
    expect(await said(latin(text))).toMatch(what);
    expect(await said(latin(text))).toMatch(/^not-weights: f is not a safetensors file: it is .*\.$/);
  });

  it('keeps the error of the format where its bytes tell nothing', async () => {
    expect(await said(latin('\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8\xf7'))).toMatch(/^header-too-large: /);
    expect(await said(latin(''))).toMatch(/^header-too-small: /);
    expect(await said(latin('\x00'.repeat(7)))).toMatch(/^header-too-small: /);
  });
});

describe('a file that should be JSON', () => {
  it.each([
    ['<!doctype html><title>Sign in</title>', /^f is not JSON: it is a web page \(HTML\), "Sign in"\. .*download/],
    ['<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', /an XML text that says "AccessDenied"/],
    [
      'version https://git-lfs.github.com/spec/v1\noid sha256:0',
      /a Git LFS pointer, not the file itself.*git lfs pull/,
    ],
    ['\x00'.repeat(64), /starts with zeros.*did not finish/],
  ])('is named where it is something else: %j', (text, what) => {
    expect(nameForeignJson(latin(text), 'f')).toMatch(what);
  });

  it.each(['', '{"a":', '[1', 'hidden_size = 1', 'PK\x03\x04'])('is left to the parser: %j', (text) => {
    expect(nameForeignJson(latin(text), 'f')).toBeNull();
  });
});

describe('unfinishedDownloads', () => {
  it('goes by what downloaders leave beside a shard', () => {
    const names = ['a.safetensors', 'a.safetensors.aria2', 'b.safetensors.incomplete', 'c.part', 'config.json'];
    expect(unfinishedDownloads(names)).toMatchObject([
      { tag: 'download-unfinished', file: 'a.safetensors', message: expect.stringContaining('may be missing or zero') },
      {
        tag: 'download-unfinished',
        file: 'b.safetensors',
        message: expect.stringContaining('b.safetensors is not there'),
      },
    ]);
  });
});

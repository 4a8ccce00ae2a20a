import { describe, expect, it } from 'vitest';
import type { ByteRange, ByteSource } from '../source/types.ts';
import { fileOf } from './corpus.fixture.ts';
import { JSON_PART_BYTES } from './json-parts.ts';
import { parseLfsPointer } from './lfs-pointer.ts';
import { readHeader } from './read-header.ts';

const WINDOW = 4096;
const SHA = 'ab'.repeat(32);
const POINTER = `version https://git-lfs.github.com/spec/v1\noid sha256:${SHA}\nsize 4998663696\n`;

function countingSource(bytes: Uint8Array): { source: ByteSource; reads: ByteRange[] } {
  const reads: ByteRange[] = [];
  const source: ByteSource = {
    key: 'test',
    byteLength: bytes.length,
    read: async (range) => {
      reads.push(range);
      return new Uint8Array(bytes.slice(range.start, range.end));
    },
  };
  return { source, reads };
}

/** A file whose header has exactly this many bytes, with plenty of data behind. */
function fileWithHeader(length: number, dataBytes: number): Uint8Array {
  const json = `{"w":{"dtype":"U8","shape":[${dataBytes}],"data_offsets":[0,${dataBytes}]}}`;
  return fileOf(json.padEnd(length), dataBytes);
}

describe('readHeader', () => {
  it.each([
    [WINDOW - 9, 1],
    [WINDOW - 8, 1],
    [WINDOW - 7, 2],
    [WINDOW - 1, 2],
    [WINDOW, 2],
    [WINDOW + 1, 2],
    [5 * WINDOW, 2],
  ])('reads a header of %i bytes in %i requests', async (length, requests) => {
    const { source, reads } = countingSource(fileWithHeader(length, 10_000));
    const header = await readHeader(source, { file: 'f', window: WINDOW });
    expect(header.headerLength).toBe(length);
    expect(header.tensors.get('w')?.end).toBe(10_000);
    const wanted = [
      { start: 0, end: WINDOW },
      { start: WINDOW, end: 8 + length },
    ];
    expect(reads).toEqual(wanted.slice(0, requests));
  });

  it('reads a long header in parts, so that it is never in memory whole', async () => {
    const length = 17 << 20;
    const { source, reads } = countingSource(fileWithHeader(length, 5));
    const header = await readHeader(source, { file: 'f', window: WINDOW });
    expect(header.tensors.size).toBe(1);
    expect(reads).toEqual([
      { start: 0, end: WINDOW },
      { start: 8, end: 8 + JSON_PART_BYTES },
      { start: 8 + JSON_PART_BYTES, end: 8 + 2 * JSON_PART_BYTES },
      { start: 8 + 2 * JSON_PART_BYTES, end: 8 + length },
    ]);
  });

  it('never asks for more than the file', async () => {
    const { source, reads } = countingSource(fileWithHeader(100, 5));
    await readHeader(source, { file: 'f' });
    expect(reads).toEqual([{ start: 0, end: 113 }]);
  });

  it('reads the length even when the window is smaller', async () => {
    const { source, reads } = countingSource(fileWithHeader(100, 5000));
    await readHeader(source, { file: 'f', window: 1 });
    expect(reads).toEqual([
      { start: 0, end: 8 },
      { start: 8, end: 108 },
    ]);
  });

  it('asks for nothing on the word of a length that cannot be', async () => {
    const bytes = fileWithHeader(100, 5000);
    bytes.fill(0xff, 0, 8);
    const { source, reads } = countingSource(bytes);
    await expect(readHeader(source, { file: 'f', window: 64 })).rejects.toMatchObject({ tag: 'header-too-large' });
    expect(reads).toHaveLength(1);
  });

  it('says what to do about a damaged file, and keeps the tag and the place', async () => {
    const { source } = countingSource(fileOf('{"a":{"dtype"1}}', 0));
    await expect(readHeader(source, { file: 'a.safetensors' })).rejects.toMatchObject({
      tag: 'header-json-invalid',
      fields: { file: 'a.safetensors' },
      message: expect.stringMatching(/byte 21 of a\.safetensors\)\. Download the file again\./),
    });
  });

  it('hands the signal to every read', async () => {
    const { signal } = new AbortController();
    const seen: (AbortSignal | undefined)[] = [];
    const { source } = countingSource(fileWithHeader(3000, 5));
    const spy: ByteSource = {
      ...source,
      read: (range, options) => {
        seen.push(options?.signal);
        return source.read(range);
      },
    };
    await readHeader(spy, { file: 'f', signal, window: 64 });
    expect(seen).toEqual([signal, signal]);
  });

  it('knows a Git LFS pointer', async () => {
    const { source } = countingSource(new TextEncoder().encode(POINTER));
    await expect(readHeader(source, { file: 'model.safetensors', window: 16 })).rejects.toMatchObject({
      tag: 'lfs-pointer',
      fields: { file: 'model.safetensors', sha256: SHA, size: 4998663696 },
      message: expect.stringContaining(SHA),
    });
  });

  it.each([0, 7])('refuses a file of %i bytes', async (length) => {
    const { source } = countingSource(new Uint8Array(length));
    await expect(readHeader(source, { file: 'f' })).rejects.toMatchObject({ tag: 'header-too-small' });
  });
});

describe('parseLfsPointer', () => {
  const parse = (text: string) => parseLfsPointer(new TextEncoder().encode(text));

  it('reads pointers as git-lfs writes them, extensions included', () => {
    const pointer = { sha256: SHA, size: 4998663696 };
    expect(parse(POINTER)).toEqual(pointer);
    expect(parse(POINTER.replaceAll('\n', '\r\n'))).toEqual(pointer);
    expect(parse(POINTER.replace('\noid', `\next-0-foo sha256:${'00'.repeat(32)}\noid`))).toEqual(pointer);
  });

  it('takes nothing else for one', () => {
    expect(parse('')).toBeNull();
    expect(parse(POINTER.replace('v1', 'v2'))).toBeNull();
    expect(parse(POINTER.replace('sha256', 'md5'))).toBeNull();
    expect(parse(POINTER.padEnd(1024))).toBeNull();
  });
});

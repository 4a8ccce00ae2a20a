import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readZip, unzip } from './unzip.fixture.ts';
import { layOutZip, type ZipEntry } from './zip.ts';
import { ZIP_READ_BYTES, zipBlob } from './zip-blob.ts';

const AT = new Date(2026, 10, 22, 21, 30, 4);
const entry = (name: string, byteLength: number, crc32 = 0): ZipEntry => ({ name, byteLength, crc32, modified: AT });
const GIB = 2 ** 30;

/** An archive whose contents are left out: headers at their places, and everything between them is zero. */
function sparse(entries: readonly ZipEntry[]) {
  const { parts, byteLength } = layOutZip(entries);
  const kept: { readonly start: number; readonly bytes: Uint8Array }[] = [];
  let at = 0;
  for (const part of parts) {
    if (part.kind === 'bytes') kept.push({ start: at, bytes: part.bytes });
    at += part.kind === 'bytes' ? part.bytes.byteLength : (entries[part.entry]?.byteLength ?? 0);
  }
  expect(at).toBe(byteLength);
  const find = (start: number) => {
    let low = 0;
    let high = kept.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((kept[middle]?.start ?? 0) <= start) low = middle;
      else high = middle - 1;
    }
    return kept[low];
  };
  const readAt = (start: number, length: number) => {
    const part = find(start);
    const from = start - (part?.start ?? 0);
    return part?.bytes.slice(from, from + length) ?? new Uint8Array();
  };
  return { byteLength, kept: kept.reduce((sum, { bytes }) => sum + bytes.byteLength, 0), readAt };
}

describe('layOutZip', () => {
  it('writes no ZIP64 field where nothing is too large', () => {
    const { parts } = layOutZip([entry('a', GIB)]);
    const [local, , directory] = parts;
    expect(local?.kind === 'bytes' && local.bytes.byteLength).toBe(31);
    expect(directory?.kind === 'bytes' && directory.bytes.byteLength).toBe(47 + 22);
  });

  for (const [what, lengths] of [
    ['a file of more than 4 GiB', [5 * GIB, 10]],
    ['a file of exactly the mark', [0xffffffff, 1]],
    ['an offset of more than 4 GiB behind files that are smaller', [3 * GIB, 3 * GIB, 7]],
    ['both in one entry', [6 * GIB, 9 * GIB, 0, 3]],
    ['the 470 GB of a large model', Array.from({ length: 118 }, () => 4e9)],
  ] as const)
    it(`a reader finds every file: ${what}`, () => {
      const entries = lengths.map((length, at) => entry(`model/model-${at}.safetensors`, length, at * 0x1234567));
      const archive = sparse(entries);
      expect(archive.kept).toBeLessThan(entries.length * 250 + 100);
      const found = readZip(archive.byteLength, archive.readAt);
      expect(found.map(({ name, byteLength, crc32 }) => ({ name, byteLength, crc32, modified: AT }))).toEqual(entries);
      for (const [at, { start, byteLength }] of found.entries())
        expect(start + byteLength).toBeLessThanOrEqual(found[at + 1]?.start ?? archive.byteLength);
    });

  it('a reader finds every one of 70,000 entries', () => {
    const entries = Array.from({ length: 70_000 }, (_, at) => entry(`f/${at}`, at % 7));
    const archive = sparse(entries);
    expect(readZip(archive.byteLength, archive.readAt).map(({ name }) => name)).toEqual(
      entries.map(({ name }) => name),
    );
  });

  it('refuses names that lead out, names that stand twice, and names that are too long', () => {
    for (const name of ['../a', '/a', 'a/../../b', 'a\\b', ''])
      expect(() => layOutZip([entry(name, 1)])).toThrow(expect.objectContaining({ tag: 'path-outside-folder' }));
    expect(() => layOutZip([entry('a', 1), entry('a', 1)])).toThrow(/Two files of the archive are called a/);
    expect(() => layOutZip([entry('ä'.repeat(32_768), 1)])).toThrow(/at most 65535 bytes/);
  });

  it('writes the time with steps of two seconds, within the years of the format', () => {
    const times = [AT, new Date(1970, 0, 1), new Date(2200, 0, 1), new Date(Number.NaN)].map((modified) => {
      const [local] = layOutZip([{ ...entry('a', 0), modified }]).parts;
      const bytes = local?.kind === 'bytes' ? local.bytes : new Uint8Array();
      const [time = 0, date = 0] = new Uint16Array(bytes.slice(10, 14).buffer);
      return [(date >> 9) + 1980, (date >> 5) & 15, date & 31, time >> 11, (time >> 5) & 63, (time & 31) * 2].join(' ');
    });
    expect(times).toEqual(['2026 11 22 21 30 4', '1980 1 1 0 0 0', '2107 12 31 23 59 58', '1980 1 1 0 0 0']);
  });
});

const parts = fc.stringMatching(/^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,20}$/u).filter((part) => !part.includes('..'));
const contents = fc.uniqueArray(fc.tuple(fc.array(parts, { minLength: 1, maxLength: 3 }), fc.uint8Array()), {
  selector: ([path]) => path.join('/'),
  maxLength: 12,
});

describe('zipBlob', () => {
  it('gives back the bytes of every file, whatever its name', async () => {
    await fc.assert(
      fc.asyncProperty(contents, async (made) => {
        const files = made.map(([path, bytes]) => ({
          name: path.join('/'),
          file: new File([bytes as Uint8Array<ArrayBuffer>], 'x', { lastModified: AT.getTime() }),
        }));
        const archive = new Uint8Array(await (await zipBlob(files, { folder: 'out' })).arrayBuffer());
        const expected = made.map(([path, bytes]) => [`out/${path.join('/')}`, [...bytes]]);
        expect([...unzip(archive)].map(([name, bytes]) => [name, [...bytes]])).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  it('reads each byte once, in pieces of at most 4 MiB', async () => {
    const reads: number[] = [];
    const file = new File([new Uint8Array(2 * ZIP_READ_BYTES + 5)], 'x');
    const slice = file.slice.bind(file);
    file.slice = (start, end, type) => {
      reads.push((end ?? 0) - (start ?? 0));
      return slice(start, end, type);
    };
    const told: number[] = [];
    await zipBlob([{ name: 'x', file }], { folder: 'out', onProgress: (done) => told.push(done) });
    expect(reads).toEqual([ZIP_READ_BYTES, ZIP_READ_BYTES, 5]);
    expect(told.at(-1)).toBe(file.size);
  });

  it('stops when it is cancelled', async () => {
    const abort = new AbortController();
    const files = [{ name: 'x', file: new File([new Uint8Array(ZIP_READ_BYTES + 1)], 'x') }];
    const made = zipBlob(files, { folder: 'out', signal: abort.signal, onProgress: () => abort.abort() });
    await expect(made).rejects.toMatchObject({ tag: 'cancelled' });
  });
});

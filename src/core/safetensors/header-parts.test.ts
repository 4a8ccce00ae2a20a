import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isLoomError } from '../errors.ts';
import { FILE_CASES, readCorpus } from './corpus.fixture.ts';
import { createHeaderReader, LENGTH_BYTES, parseHeader, parseHeaderLength } from './parse-header.ts';
import type { Header } from './types.ts';

/** What came of reading: the header, or the tag, words and fields of the error. */
function outcomeOf(read: () => Header): unknown {
  try {
    const { tensors, metadata, ...rest } = read();
    return { ...rest, tensors: [...tensors], metadata: metadata && [...metadata] };
  } catch (error) {
    if (!isLoomError(error)) throw error;
    return { tag: error.tag, message: error.message, fields: error.fields };
  }
}

const options = (json: Uint8Array, dataBytes: number) => ({
  file: 'f.safetensors',
  fileSize: LENGTH_BYTES + json.length + dataBytes,
});

function whole(json: Uint8Array, dataBytes: number): unknown {
  return outcomeOf(() => parseHeader(json, options(json, dataBytes)));
}

/** Cut at these places. */
function inParts(json: Uint8Array, dataBytes: number, cuts: readonly number[]): unknown {
  return outcomeOf(() => {
    const reader = createHeaderReader(json.length, options(json, dataBytes));
    let from = 0;
    for (const at of [...cuts].sort((a, b) => a - b).concat(json.length)) {
      reader.push(json.slice(from, at));
      from = at;
    }
    reader.end();
    return reader.result();
  });
}

/** The JSON of a file of the corpus, null where its length field is wrong or it is long. */
function jsonOf(file: string): { readonly json: Uint8Array; readonly dataBytes: number } | null {
  const bytes = readCorpus(`files/${file}`);
  try {
    const length = parseHeaderLength(bytes, { file, fileSize: bytes.length });
    const end = LENGTH_BYTES + length;
    return length > 20_000 ? null : { json: bytes.subarray(LENGTH_BYTES, end), dataBytes: bytes.length - end };
  } catch {
    return null;
  }
}

describe('a header in parts', () => {
  const cases = FILE_CASES.flatMap(({ file }) => {
    const found = jsonOf(file);
    return found ? [[file, found] as const] : [];
  });

  it('knows most of the corpus', () => expect(cases.length).toBeGreaterThan(100));

  it.each(cases)('%s: gives the same wherever it is cut', (_file, { json, dataBytes }) => {
    const expected = whole(json, dataBytes);
    const sevens = Array.from({ length: Math.floor(json.length / 7) }, (_, at) => at * 7);
    expect(inParts(json, dataBytes, sevens)).toEqual(expected);
    const step = Math.ceil(json.length / 400);
    for (let at = 0; at <= json.length; at += step) expect(inParts(json, dataBytes, [at])).toEqual(expected);
  });

  it('gives the same for any cuts of any header, sound or spoilt', () => {
    const name = fc.string({ unit: 'grapheme', maxLength: 12 });
    const sizes = fc.dictionary(name, fc.nat({ max: 9 }), { maxKeys: 8 });
    const metadata = fc.option(fc.dictionary(name, name, { maxKeys: 4 }));
    const spoil = fc.option(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })));
    const cuts = fc.array(fc.nat(), { maxLength: 6 });
    fc.assert(
      fc.property(sizes, metadata, spoil, cuts, (tensors, meta, fault, places) => {
        let end = 0;
        const entries = Object.entries(tensors).map(([key, size]) => {
          const start = end;
          end += size;
          return [key, { dtype: 'U8', shape: [size], data_offsets: [start, end] }];
        });
        const members = { ...(meta ? { __metadata__: meta } : {}), ...Object.fromEntries(entries) };
        const json = new TextEncoder().encode(JSON.stringify(members));
        if (fault !== null) json[fault[0] % json.length] = fault[1];
        const cut = places.map((at) => at % (json.length + 1));
        expect(inParts(json, end, cut)).toEqual(whole(json, end));
      }),
      { numRuns: 500 },
    );
  });
});

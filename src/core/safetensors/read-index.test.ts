import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isLoomError } from '../errors.ts';
import type { ByteRange, ByteSource } from '../source/types.ts';
import { INDEX_CASES, readCorpus } from './corpus.fixture.ts';
import { JSON_PART_BYTES } from './json-parts.ts';
import { MAX_INDEX_TENSORS } from './limits.ts';
import { createIndexReader, parseIndex, readIndex } from './read-index.ts';
import type { ShardIndex } from './types.ts';

const S = 'model.safetensors';

/** What came of reading: the index, or the tag, words and fields of the error. */
function outcomeOf(read: () => ShardIndex): unknown {
  try {
    const { weightMap, totalSize, metadata } = read();
    return { weightMap: [...weightMap], totalSize, metadata: JSON.stringify(metadata) };
  } catch (error) {
    if (!isLoomError(error)) throw error;
    return { tag: error.tag, message: error.message, fields: error.fields };
  }
}

/** Cut at these places. */
function inParts(bytes: Uint8Array, cuts: readonly number[]): unknown {
  const places = [...cuts].sort((a, b) => a - b);
  return outcomeOf(() => {
    const reader = createIndexReader({ file: 'i.json' });
    let from = 0;
    for (const at of [...places, bytes.length]) {
      reader.push(bytes.slice(from, at));
      from = at;
    }
    reader.end();
    return reader.result();
  });
}

function whole(bytes: Uint8Array): unknown {
  return inParts(bytes, []);
}

/** Texts that end, or err, in the middle of everything that may be cut. */
const TEXTS = [
  `{"metadata": {"total_size": 1234567890, "x": [true, false, null, -1.5e+3, "é😀"]}, "weight_map": {"a": "${S}", "b\\u00e9\\ud83d\\ude00": "sub/${S}"}, "n": 12}\n `,
  `{ "weight_map" : { "层.0" : "模型.safetensors" , "b" : "${S}" } }`,
  `{"weight_map": {"a": "${S}", "\\u0061": "${S}"}, "z": 1}`,
  `{"weight_map": {"a": "${S}"}, "weight_map": {"a": "${S}"}}`,
  `{"metadata": {"x": 1, "x": 2}, "weight_map": {"a": "${S}"}}`,
  `{"weight_map": {"a": "../${S}"}, "b": 1}`,
  `{"weight_map": {"a": 12345}, "b": 1}`,
  `{"weight_map": {"a": 123x45}, "b": 1}`,
  `{"weight_map": {}, "b": 1}`,
  `{"weight_map": 12}`,
  `{"weight_map": {"a": "${S}",}}`,
  `{"weight_map": {"a": "${S}"} "b": 1}`,
  `{"weight_map": {"a": "${S}"}} x`,
  `{"weight_map": {"a": "${S}"}}\ufeff`,
  `{"weight_map": {"a": "${S}"\ufeff}}`,
  `\ufeff{"weight_map": {"a": "${S}"}}`,
  `{"weight_map": {"a": "${S}`,
  `{"weight_map": {"a\n": "${S}"}}`,
  `{"weight_map": {"a\\ud800b": "${S}"}}`,
  `{"weight_map": {"a\\ud800\\u0041": "${S}"}}`,
  `{"weight_map": {"a\\x": "${S}"}}`,
  `{"weight_map": {"a\\u12g4": "${S}"}}`,
  `{"n": 1e999, "weight_map": {"a": "${S}"}}`,
  `{"n": 1${'0'.repeat(400)}e-300, "weight_map": {"a": "${S}"}}`,
  `{"n": 012, "weight_map": {"a": "${S}"}}`,
  `{"n": truex, "weight_map": {"a": "${S}"}}`,
  `{"n": ${'['.repeat(126)}${']'.repeat(126)}, "weight_map": {"a": "${S}"}}`,
  `{"n": ${'['.repeat(127)}${']'.repeat(127)}, "weight_map": {"a": "${S}"}}`,
  '{"metadata": {}}',
  '[1, 2]',
  '{}',
  '12',
  '',
  ' ',
].map((text) => new TextEncoder().encode(text));

/** A fault of the JSON before one of the UTF-8, a character that is cut off, and bytes that begin none. */
const BYTES = [
  ...TEXTS,
  new Uint8Array([
    ...new TextEncoder().encode('{"weight_map" 1, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'),
    0xe2,
    0x28,
    0xa1,
  ]),
  new Uint8Array([...new TextEncoder().encode(`{"weight_map": {"a": "${S}"}, "b": "`), 0xf0, 0x9f, 0x98]),
  new Uint8Array([...new TextEncoder().encode(`{"weight_map": {"a": "${S}"}, "b": "`), 0xf8, 0x80, 0x22]),
];

describe('an index in parts', () => {
  it.each(BYTES.map((bytes) => [new TextDecoder().decode(bytes).slice(0, 60), bytes] as const))(
    'gives the same wherever it is cut: %s',
    (_name, bytes) => {
      const expected = whole(bytes);
      for (let at = 0; at <= bytes.length; at++) expect(inParts(bytes, [at])).toEqual(expected);
      expect(inParts(bytes, [...bytes.keys()])).toEqual(expected);
    },
  );

  it('gives the same for any cuts of any text, sound or spoilt', () => {
    const name = fc.string({ unit: 'grapheme', maxLength: 12 });
    const index = fc.record({
      metadata: fc.dictionary(name, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4 }),
      weight_map: fc.dictionary(name, fc.constantFrom(S, `a/${S}`, '模型.safetensors'), { maxKeys: 8 }),
      more: fc.jsonValue({ maxDepth: 2 }),
    });
    const spoil = fc.option(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })));
    const cuts = fc.array(fc.nat(), { maxLength: 6 });
    fc.assert(
      fc.property(index, fc.constantFrom(0, 1), spoil, cuts, (value, indent, fault, places) => {
        const bytes = new TextEncoder().encode(JSON.stringify(value, null, indent));
        if (fault !== null) bytes[fault[0] % bytes.length] = fault[1];
        expect(
          inParts(
            bytes,
            places.map((at) => at % (bytes.length + 1)),
          ),
        ).toEqual(whole(bytes));
      }),
      { numRuns: 500 },
    );
  });

  it.each(INDEX_CASES)('$dir: says of parts of seven bytes what it says of all', ({ dir }) => {
    const bytes = readCorpus(`${dir}/model.safetensors.index.json`);
    const sevens = Array.from({ length: Math.floor(bytes.length / 7) }, (_, at) => at * 7);
    expect(inParts(bytes, sevens)).toEqual(whole(bytes));
  });
});

describe('readIndex', () => {
  function counted(bytes: Uint8Array): { source: ByteSource; reads: ByteRange[] } {
    const reads: ByteRange[] = [];
    const read: ByteSource['read'] = async (range) => {
      reads.push(range);
      return bytes.slice(range.start, range.end);
    };
    return { source: { key: 'k', byteLength: bytes.length, read }, reads };
  }

  it('reads parts one after another, each byte once', async () => {
    const lines = Array.from({ length: 200_000 }, (_, at) => `    "model.layers.${at}.mlp.gate.weight": "${S}"`);
    const bytes = new TextEncoder().encode(`{\n  "weight_map": {\n${lines.join(',\n')}\n  }\n}\n`);
    const { source, reads } = counted(bytes);
    const { weightMap } = await readIndex(source, { file: 'i.json' });
    expect(weightMap.size).toBe(200_000);
    expect([...weightMap.keys()].at(-1)).toBe('model.layers.199999.mlp.gate.weight');
    expect(reads.length).toBe(Math.ceil(bytes.length / JSON_PART_BYTES));
    expect(reads.map(({ start }) => start)).toEqual(reads.map((_, at) => at * JSON_PART_BYTES));
    expect(reads.at(-1)?.end).toBe(bytes.length);
    expect(weightMap).toEqual(parseIndex(bytes, { file: 'i.json' }).weightMap);
  });

  it('is refused before a byte is read where it is too long', async () => {
    const { source, reads } = counted(new Uint8Array(0));
    const long = { ...source, byteLength: 250_000_001 };
    await expect(readIndex(long, { file: 'i.json' })).rejects.toMatchObject({ tag: 'index-json-invalid' });
    expect(reads).toEqual([]);
  });
});

it('names a limited number of tensors, and one more is refused before its value is looked at', () => {
  expect(MAX_INDEX_TENSORS).toBe(500_000);
  const start = '{"weight_map":{';
  const most = ['a', 'b', 'c'].map((name) => `"${name}":"${S}"`).join();
  const read = (text: string) =>
    outcomeOf(() => parseIndex(new TextEncoder().encode(text), { file: 'i.json', maxTensors: 3 }));
  expect(read(`${start}${most}}}`)).toMatchObject({ totalSize: null });
  const byte = start.length + most.length + 1;
  const message = `weight_map names more than 3 tensors, the most that is read from an index (byte ${byte} of i.json). Read the shards without the index (--no-index on the command line).`;
  expect(read(`${start}${most},"one more":7}}`)).toEqual({
    tag: 'index-weight-map-invalid',
    message,
    fields: { file: 'i.json', byte },
  });
});

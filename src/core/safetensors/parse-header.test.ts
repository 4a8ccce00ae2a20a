import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type ErrorTag, isLoomError, LoomError } from '../errors.ts';
import { FILE_CASES, fileOf, parseFile, readCorpus } from './corpus.fixture.ts';
import { bytesOf, DTYPES } from './dtype.ts';
import { MAX_HEADER_TENSORS } from './limits.ts';
import { MAX_HEADER_BYTES, parseHeader, parseHeaderLength } from './parse-header.ts';

function errorOf(work: () => unknown): LoomError {
  try {
    work();
  } catch (error) {
    if (isLoomError(error)) return error;
    throw error;
  }
  return new LoomError('internal', 'accepted');
}

function tagOf(json: string | Uint8Array, dataBytes = 0): ErrorTag | 'ok' {
  const { tag } = errorOf(() => parseFile(fileOf(json, dataBytes)));
  return tag === 'internal' ? 'ok' : tag;
}

function entry(fields: string): string {
  return `{"a":{${fields}}}`;
}

function nested(levels: number): string {
  return entry(`"dtype":"U8","shape":[0],"data_offsets":[0,0],"x":${'['.repeat(levels)}${']'.repeat(levels)}`);
}

describe('the corpus of the reference implementation', () => {
  it.each(FILE_CASES)('$file: $reason', (item) => {
    const bytes = readCorpus(`files/${item.file}`);
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(item.sha256);
    if (!item.strict) {
      const error = errorOf(() => parseFile(bytes, item.file));
      expect(error.tag).not.toBe('internal');
      expect(error.fields.file).toBe(item.file);
      expect(error.fields.byte).toBeTypeOf('number');
      return;
    }
    const { tensors } = parseFile(bytes, item.file);
    const found = [...tensors.values()].map(({ name, dtype, shape, exactShape, start, end }) => {
      const dims = shape.map((dim, axis) => (Number.isSafeInteger(dim) ? dim : String(exactShape?.[axis])));
      return JSON.stringify([name, dtype, dims, start, end]);
    });
    if (item.expect === undefined) return;
    const wanted = item.expect.map((tensor) => JSON.stringify(tensor));
    expect(found.toSorted()).toEqual(wanted.toSorted());
  });
});

describe('entries that begin alike', () => {
  const kinds = ['"shape":[2],"data_offsets":[', '"shape":[4],"data_offsets":['];
  const row = (name: string, kind: number, offsets: string) => `"${name}":{"dtype":"U8",${kinds[kind]}${offsets}]}`;

  it('share one shape, also in turns', () => {
    const json = `{${[row('a', 0, '0,2'), row('b', 1, '2,6'), row('c', 0, '6,8'), row('d', 1, '8,12')].join(',')}}`;
    const [a, b, c, d] = [...parseFile(fileOf(json, 12)).tensors.values()];
    expect([a?.shape, b?.shape]).toEqual([[2], [4]]);
    expect(c?.shape).toBe(a?.shape);
    expect(d?.shape).toBe(b?.shape);
    expect([c?.name, c?.start, c?.end]).toEqual(['c', 6, 8]);
  });

  it.each([
    ['2,5', 'tensor-size-mismatch'],
    ['02,4', 'header-json-invalid'],
    ['2', 'tensor-entry-invalid'],
    ['2,4,6', 'tensor-entry-invalid'],
  ])('are refused for what follows: %s', (offsets, tag) => {
    expect(tagOf(`{${row('a', 0, '0,2')},${row('b', 0, offsets)}}`, 4)).toBe(tag);
  });
});

describe('parseHeaderLength', () => {
  const first8 = (length: bigint) => new Uint8Array(new BigUint64Array([length]).buffer);

  it('accepts the cap itself and nothing above', () => {
    const options = { file: 'f', fileSize: 1e9 };
    expect(parseHeaderLength(first8(BigInt(MAX_HEADER_BYTES)), options)).toBe(100_000_000);
    expect(errorOf(() => parseHeaderLength(first8(100_000_001n), options)).tag).toBe('header-too-large');
    expect(parseHeaderLength(first8(100_000_001n), { ...options, maxHeaderBytes: 2e8 })).toBe(100_000_001);
  });

  it('tests the cap before the fit', () => {
    const options = { file: 'f', fileSize: 20 };
    expect(errorOf(() => parseHeaderLength(first8(2n ** 63n), options)).tag).toBe('header-too-large');
    expect(errorOf(() => parseHeaderLength(first8(13n), options)).tag).toBe('header-length-invalid');
    expect(errorOf(() => parseHeaderLength(first8(0n), options)).tag).toBe('header-length-invalid');
    expect(parseHeaderLength(first8(12n), options)).toBe(12);
  });

  it('reads from a view that does not start its buffer', () => {
    const bytes = new Uint8Array(11);
    bytes.set(first8(2n), 3);
    expect(parseHeaderLength(bytes.subarray(3), { file: 'f', fileSize: 10 })).toBe(2);
  });
});

describe('parseHeader', () => {
  it('proves the length of what it is given', () => {
    const json = new TextEncoder().encode('{}');
    expect(errorOf(() => parseHeader(json, { file: 'f', fileSize: 9 })).tag).toBe('header-length-invalid');
    expect(errorOf(() => parseHeader(json, { file: 'f', fileSize: 10, maxHeaderBytes: 1 })).tag).toBe(
      'header-too-large',
    );
  });

  it('gives tensors in the order of their data, whatever the order of keys', () => {
    const at = (start: number, end: number) =>
      `{"dtype":"U8","shape":[${end - start}],"data_offsets":[${start},${end}]}`;
    const json = `{"c":${at(3, 4)},"z":${at(1, 1)},"a":${at(0, 1)},"b":${at(1, 3)}}`;
    expect([...parseFile(fileOf(json, 4)).tensors.keys()]).toEqual(['a', 'z', 'b', 'c']);
  });

  it('names the rule, the tensor and the absolute byte', () => {
    const error = errorOf(() => parseFile(fileOf('{"w":{"dtype":"F31","shape":[],"data_offsets":[0,4]}}', 4)));
    expect(error.message).toBe('The dtype "F31" is not in the format (tensor "w", byte 22 of test.safetensors).');
    expect(error.fields).toEqual({ file: 'test.safetensors', byte: 22, tensor: 'w' });
  });

  it.each<[ErrorTag | 'ok', string | Uint8Array, number?]>([
    ['header-utf8-invalid', '\ufeff{}'],
    ['header-json-invalid', ' \ufeff{}'],
    ['header-json-invalid', '   '],
    ['header-json-invalid', '{}\u00a0'],
    ['header-json-invalid', '{,}'],
    ['header-json-invalid', '{"a":'],
    ['ok', '\t\r\n {"__metadata__" : { } } \r\n\t'],
    ['ok', '{"__metadata__":{"\\ud83d\\ude00":"\\u0000"}}'],
    ['header-key-duplicate', '{"__metadata__":{"k":"1","\\u006b":"2"}}'],
    ['header-key-duplicate', '{"__metadata__":{},"\\u005f_metadata__":{}}'],
    ['name-not-well-formed', '{"__metadata__":{"\\ud83d\\u0041":"1"}}'],
    ['name-not-well-formed', '{"__metadata__":{"k":"\\ude00\\ud83d"}}'],
    ['metadata-invalid', '{"__metadata__":null}'],
    ['metadata-invalid', '{"__metadata__":{"k":1}}'],
    ['ok', nested(125)],
    ['header-depth-exceeded', nested(126)],
    ['header-depth-exceeded', nested(1e6)],
    ['ok', entry('"dtype":"U8","shape":[0],"data_offsets":[0,0],"x":[true,null,-0.5e-999,{"":""}]')],
    ['header-json-invalid', entry('"dtype":"U8","shape":[0],"data_offsets":[0,0],"x":-1e999')],
    ['header-json-invalid', entry(`"dtype":"U8","shape":[0],"data_offsets":[0,0],"x":${'9'.repeat(400)}`)],
    ['header-json-invalid', entry('"dtype":"U8","shape":[0],"data_offsets":[0,0],"x":01')],
    ['header-json-invalid', entry('"dtype":"U8","shape":[0],"data_offsets":[0,0],"x":1.')],
    ['header-json-invalid', entry('"dtype":"U8","shape":[0],"data_offsets":[0,0],"x":truex')],
    ['header-key-duplicate', entry('"dtype":"U8","shape":[0],"data_offsets":[0,0],"x":1,"x":1')],
    ['header-key-duplicate', entry('"dtype":"U8","shape":[0],"data_offsets":[0,0],"x":{"y":1,"y":1}')],
    ['header-key-duplicate', entry('"dtype":"U8","shape":[0],"data_offsets":[0,0],"\\u0073hape":[0]')],
    ['ok', entry('"\\u0064type":"\\u00558","shape":[0],"data_offsets":[0,0]')],
    ['tensor-entry-invalid', '{"a":["U8",[0],[0,0]]}'],
    ['tensor-entry-invalid', entry('"dtype":{"U8":null},"shape":[0],"data_offsets":[0,0]')],
    ['tensor-entry-invalid', entry('"dtype":"U8","shape":[1e0],"data_offsets":[0,1]'), 1],
    ['header-json-invalid', entry('"dtype":"U8","shape":[01],"data_offsets":[0,1]'), 1],
    ['header-json-invalid', entry('"dtype":"U8","shape":[1],"data_offsets":[00,1]'), 1],
    ['tensor-entry-invalid', entry('"dtype":"U8","shape":[1],"data_offsets":[0]'), 1],
    ['tensor-entry-invalid', entry('"dtype":"U8","shape":[1],"data_offsets":[-0,1]'), 1],
    ['dtype-unknown', entry('"dtype":"u8","shape":[1],"data_offsets":[0,1]'), 1],
    ['ok', entry('"dtype":"U8","shape":[0,9223372036854775808,4],"data_offsets":[0,0]')],
    ['shape-overflow', entry('"dtype":"U8","shape":[18446744073709551615,2,0],"data_offsets":[0,0]')],
    ['ok', entry('"dtype":"U8","shape":[18446744073709551615,0],"data_offsets":[0,0]')],
    ['shape-overflow', entry('"dtype":"U8","shape":[4294967296,4294967296,0],"data_offsets":[0,0]')],
    ['tensor-size-mismatch', entry('"dtype":"U8","shape":[9007199254740993],"data_offsets":[0,9007199254740992]')],
    ['data-incomplete', entry('"dtype":"U8","shape":[9007199254740993],"data_offsets":[0,9007199254740993]')],
    ['tensor-misaligned', entry('"dtype":"F4","shape":[1],"data_offsets":[1,0]')],
    ['shape-overflow', entry('"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[1,0]')],
    ['offsets-invalid', entry('"dtype":"U8","shape":[140737488355329],"data_offsets":[1,0]')],
    ['tensor-misaligned', entry('"dtype":"F6_E2M3","shape":[3],"data_offsets":[0,2]'), 2],
    ['ok', entry('"dtype":"F6_E2M3","shape":[4],"data_offsets":[0,3]'), 3],
    ['ok', entry(`"dtype":"U8","shape":[${'1,'.repeat(299)}1],"data_offsets":[0,1]`), 1],
    ['data-incomplete', entry('"dtype":"U8","shape":[1],"data_offsets":[0,1]'), 2],
    ['data-incomplete', entry('"dtype":"U8","shape":[1],"data_offsets":[0,1]'), 0],
  ])('%s: %s', (tag, json, dataBytes) => {
    expect(tagOf(json, dataBytes)).toBe(tag);
  });

  it.each([
    ['overlong', [0xc0, 0x80]],
    ['surrogate', [0xed, 0xa0, 0x80]],
    ['above U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
    ['cut', [0xe5, 0xb1]],
    ['lone continuation', [0x80]],
    ['overlong in three', [0xe0, 0x9f, 0xbf]],
    ['overlong in four', [0xf0, 0x8f, 0xbf, 0xbf]],
  ])('refuses %s bytes where they are', (_, bad) => {
    const json = new Uint8Array([...new TextEncoder().encode('{"层":"'), ...bad, ...new TextEncoder().encode('"}')]);
    const error = errorOf(() => parseFile(fileOf(json)));
    expect([error.tag, error.fields.byte]).toEqual(['header-utf8-invalid', 8 + 8]);
  });

  it('keeps names that JavaScript objects would bend', () => {
    const names = [
      '',
      '__proto__',
      'constructor',
      '10',
      '2',
      '\ufeff',
      'é',
      'e\u0301',
      '\u0000',
      '层😀',
      'x'.repeat(70_000),
    ];
    const json = names
      .map((name) => `${JSON.stringify(name)}:{"dtype":"U8","shape":[0],"data_offsets":[0,0]}`)
      .join(',');
    expect([...parseFile(fileOf(`{${json}}`)).tensors.keys()]).toEqual(names);
  });

  it.each(DTYPES)('reads %s in the compact spelling and in any other alike', (dtype) => {
    const end = bytesOf(dtype, 8);
    const one = parseFile(fileOf(`{"t":{"dtype":"${dtype}","shape":[2,4],"data_offsets":[0,${end}]}}`, end));
    const other = parseFile(fileOf(`{"t":{"shape":[2, 4],"data_offsets":[0 ,${end}], "dtype":"${dtype}"}}`, end));
    expect(other.tensors).toEqual(one.tensors);
  });
});

describe('the number of tensors of a header', () => {
  const entry = (name: string) => `"${name}":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}`;
  const most = [entry('a'), entry('b'), entry('c')].join();
  const parse = (json: string, maxTensors: number) => {
    const bytes = new TextEncoder().encode(json);
    return parseHeader(bytes, { file: 'f.safetensors', fileSize: 8 + bytes.length, maxTensors });
  };

  it('may be the limit, and one more is refused before its value is looked at', () => {
    expect(parse(`{"__metadata__":{},${most}}`, 3).tensors.size).toBe(3);
    const { tag, message, fields } = errorOf(() => parse(`{${most},"one more":7}`, 3));
    const byte = 8 + 1 + most.length + 1;
    expect([tag, fields]).toEqual(['header-too-large', { file: 'f.safetensors', byte }]);
    expect(message).toBe(
      `The header names more than 3 tensors, the most that is read from one file (byte ${byte} of f.safetensors). Save the checkpoint in several shards.`,
    );
  });

  it('is 300,000: the largest checkpoint has 497,000 over 163 files', () => {
    expect(MAX_HEADER_TENSORS).toBe(300_000);
  });
});

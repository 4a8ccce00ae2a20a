import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isLoomError } from '../errors.ts';
import { fileOf, GOLDEN_CASES, parseFile } from './corpus.fixture.ts';
import { bitsOf, DTYPES, type DType } from './dtype.ts';
import { layoutHeader, type TensorSpec } from './write-header.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

function tagOf(work: () => unknown): string {
  try {
    work();
    return 'ok';
  } catch (error) {
    return isLoomError(error) ? error.tag : String(error);
  }
}

/** The whole file that a layout and the tensors' data (by name) make. */
function fileBytes(layout: ReturnType<typeof layoutHeader>, data: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const bytes = new Uint8Array(layout.fileSize);
  bytes.set(layout.bytes);
  for (const { name, start } of layout.tensors) bytes.set(data.get(name) ?? [], layout.dataStart + start);
  return bytes;
}

describe('bytes of the reference writer', () => {
  it.each(GOLDEN_CASES)('$name', ({ tensors, metadata, expectHex, strictHex, error }) => {
    const specs = tensors.map(([name, dtype, shape]) => ({ name, dtype, shape }));
    const data = new Map(tensors.map(([name, , , bytes]) => [name, new Uint8Array(Buffer.from(bytes, 'hex'))]));
    const layout = () => layoutHeader(specs, metadata && new Map(Object.entries(metadata)));
    if (error === 'MisalignedSlice') {
      expect(tagOf(layout)).toBe('tensor-misaligned');
    } else if (error === 'InvalidTensorView') {
      expect(layout().tensors.every(({ name, start, end }) => data.get(name)?.length === end - start)).toBe(false);
    } else {
      expect(hex(fileBytes(layout(), data))).toBe(strictHex ?? expectHex);
    }
  });
});

describe('layoutHeader', () => {
  const u8 = (name: string): TensorSpec => ({ name, dtype: 'U8', shape: [1] });

  it.each<[string, TensorSpec[], Record<string, string>?, number?]>([
    ['tensor-name-reserved', [u8('__metadata__')]],
    ['header-key-duplicate', [u8('a'), { ...u8('a'), dtype: 'F32' }]],
    ['name-not-well-formed', [u8('\ud800')]],
    ['name-not-well-formed', [u8('a')], { k: '\udc00' }],
    ['name-not-well-formed', [u8('a')], { '\ud83d': '' }],
    ['dtype-unknown', [{ ...u8('a'), dtype: 'F31' as DType }]],
    ['tensor-misaligned', [{ ...u8('a'), dtype: 'F4' }]],
    ['shape-overflow', [{ ...u8('a'), shape: [2 ** 40, 2 ** 40, 0] }]],
    [
      'shape-overflow',
      [
        { ...u8('a'), shape: [2 ** 52] },
        { ...u8('b'), shape: [2 ** 52] },
      ],
    ],
    ['tensor-entry-invalid', [{ ...u8('a'), shape: [-1] }]],
    ['tensor-entry-invalid', [{ ...u8('a'), shape: [1.5] }]],
    ['tensor-entry-invalid', [{ ...u8('a'), shape: [2 ** 53, 0] }]],
    ['tensor-entry-invalid', [{ ...u8('a'), shape: [1], exactShape: [2n] }]],
    ['tensor-entry-invalid', [{ ...u8('a'), shape: [0, 2 ** 64], exactShape: [0n, 2n ** 64n] }]],
    ['metadata-invalid', [], { k: 1 as unknown as string }],
    ['header-too-large', [u8('a')], {}, 8],
  ])('refuses with %s', (tag, specs, metadata, maxHeaderBytes) => {
    expect(
      tagOf(() => layoutHeader(specs, metadata ? new Map(Object.entries(metadata)) : null, { maxHeaderBytes })),
    ).toBe(tag);
  });

  it('sorts metadata by the bytes of its keys', () => {
    const { bytes } = layoutHeader(
      [],
      new Map([
        ['😀', '1'],
        ['\uffee', '2'],
        ['b', '3'],
        ['a', '4'],
      ]),
    );
    expect(new TextDecoder().decode(bytes.subarray(8)).trimEnd()).toBe(
      '{"__metadata__":{"a":"4","b":"3","\uffee":"2","😀":"1"}}',
    );
  });

  it('writes dims beyond a double exactly', () => {
    const exactShape = [0n, 2n ** 63n + 1n, 4n];
    const spec: TensorSpec = { name: 'z', dtype: 'U8', shape: exactShape.map(Number), exactShape };
    expect(parseFile(layoutHeader([spec], null).bytes).tensors.get('z')).toMatchObject(spec);
  });
});

const NAME = fc.string({ unit: 'binary', maxLength: 12 }).filter((name) => name !== '__metadata__');
const SPEC = fc
  .record({ name: NAME, dtype: fc.constantFrom(...DTYPES), shape: fc.array(fc.nat(5), { maxLength: 4 }) })
  .map(
    ({ name, dtype, shape }): TensorSpec => ({ name, dtype, shape: bitsOf(dtype) % 8 === 0 ? shape : [...shape, 4] }),
  );
const SPECS = fc.uniqueArray(SPEC, { selector: ({ name }) => name, maxLength: 12 });
const METADATA = fc.option(
  fc.array(fc.tuple(NAME, fc.string({ unit: 'binary' })), { maxLength: 4 }).map((pairs) => new Map(pairs)),
);

describe('any header', () => {
  it('is read back as it was laid out, compact, spread out or with a field of its own', () => {
    fc.assert(
      fc.property(SPECS, METADATA, fc.integer({ min: 1, max: 3 }), (specs, metadata, indent) => {
        const layout = layoutHeader(specs, metadata);
        const bytes = fileBytes(layout, new Map());
        const header = parseFile(bytes);
        expect([...header.tensors.values()]).toEqual(layout.tensors);
        expect(header.metadata).toEqual(metadata);
        expect(header.dataStart).toBe(layout.dataStart);
        expect(header.dataStart % 8).toBe(0);
        const again = parseFile(fileOf(spread(bytes, header.headerLength, indent), layout.fileSize - layout.dataStart));
        expect([...again.tensors]).toEqual([...header.tensors]);
        const odd = parseFile(fileOf(withUnknownField(bytes, header.headerLength), layout.fileSize - layout.dataStart));
        expect([...odd.tensors]).toEqual([...header.tensors]);
      }),
      { numRuns: 300 },
    );
  });

  it('is either read or refused by a rule when a byte of it changes', () => {
    fc.assert(
      fc.property(SPECS, METADATA, fc.nat(), fc.nat(255), fc.boolean(), (specs, metadata, place, byte, cut) => {
        const bytes = fileBytes(layoutHeader(specs, metadata), new Map());
        const at = place % bytes.length;
        bytes[at] = byte;
        const tag = tagOf(() => parseFile(cut ? bytes.subarray(0, at) : bytes));
        expect(tag).toMatch(/^[a-z0-9-]+$/);
        expect(tag).not.toBe('internal');
      }),
      { numRuns: 1000 },
    );
  });

  function jsonOf(bytes: Uint8Array, length: number): string {
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(8, 8 + length));
  }

  /** The same JSON with whitespace between all tokens. */
  function spread(bytes: Uint8Array, length: number, indent: number): string {
    const tokens = /"(?:[^"\\]|\\.)*"|\d+|[^"\s]/gsu;
    return jsonOf(bytes, length).replace(tokens, (token) => `${token}${' '.repeat(indent)}`);
  }

  /** The same entries with a field that nobody knows, which takes them off the fast path. */
  function withUnknownField(bytes: Uint8Array, length: number): string {
    return jsonOf(bytes, length).replaceAll('{"dtype":', '{"x":0,"dtype":');
  }
});

it('refuses more tensors than are read from one file', () => {
  const specs = ['a', 'b'].map((name) => ({ name, dtype: 'U8', shape: [1] }) as const);
  expect(layoutHeader(specs, null, { maxTensors: 2 }).tensors).toHaveLength(2);
  expect(() => layoutHeader(specs, null, { maxTensors: 1 })).toThrow(
    'The header names more than 1 tensors, the most that is read from one file. Save the checkpoint in several shards.',
  );
});

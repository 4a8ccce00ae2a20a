import { describe, expect, it } from 'vitest';
import { isLoomError } from '../errors.ts';
import { INDEX_CASES, readCorpus } from './corpus.fixture.ts';
import { assertShardName, formatIndex, MAX_INDEX_BYTES } from './index-file.ts';
import { parseIndex } from './read-index.ts';
import type { ShardIndex } from './types.ts';

/** Verdicts that need the folder: another room gives them. */
const NEEDS_FOLDER = new Set(['index/bad-missing-tensor', 'index/bad-missing-shard']);
const S = 'model.safetensors';

function parse(text: string): ShardIndex {
  return parseIndex(new TextEncoder().encode(text), { file: 'i.json' });
}

function tagOf(work: () => unknown): string {
  try {
    work();
    return 'ok';
  } catch (error) {
    return isLoomError(error) ? error.tag : String(error);
  }
}

describe('the corpus of indexes', () => {
  it.each(INDEX_CASES.filter(({ dir }) => !NEEDS_FOLDER.has(dir)))('$dir: $reason', ({ dir, valid }) => {
    const bytes = readCorpus(`${dir}/model.safetensors.index.json`);
    expect(tagOf(() => parseIndex(bytes, { file: dir })) === 'ok').toBe(valid);
  });
});

describe('parseIndex', () => {
  it('gives the map, the size and the metadata', () => {
    const index = parse(
      `{"metadata":{"total_size":15,"__proto__":1},"weight_map":{"__proto__":"${S}","2":"sub/b.safetensors"},"x":[]}`,
    );
    expect([...index.weightMap]).toEqual([
      ['__proto__', S],
      ['2', 'sub/b.safetensors'],
    ]);
    expect(index.totalSize).toBe(15);
    expect(Object.keys(index.metadata)).toEqual(['total_size', '__proto__']);
  });

  it.each([
    ['{"total_size":"15"}', 15],
    ['{"total_size":15.0}', 15],
    ['{"total_size":"1e3"}', null],
    ['{"total_size":-1}', null],
    ['{}', null],
    ['[1]', null],
    ['null', null],
  ])('reads the total size of %s as %s', (metadata, size) => {
    expect(parse(`{"metadata":${metadata},"weight_map":{"a":"${S}"}}`).totalSize).toBe(size);
  });

  it.each([
    ['index-weight-map-invalid', '{}'],
    ['index-weight-map-invalid', '{"weight_map":null}'],
    ['index-weight-map-invalid', '{"weight_map":{"a":["x.safetensors"]}}'],
    ['index-json-invalid', `{"weight_map":{"a":"${S}","\\u0061":"${S}"}}`],
    ['index-json-invalid', `{"x":1,"x":1,"weight_map":{"a":"${S}"}}`],
    ['index-json-invalid', `{"metadata":{"x":1,"x":1},"weight_map":{"a":"${S}"}}`],
    ['index-json-invalid', `{"metadata":{"x":1e999},"weight_map":{"a":"${S}"}}`],
    ['index-json-invalid', `\ufeff{"weight_map":{"a":"${S}"}}`],
    ['index-json-invalid', `{"weight_map":{"a":"${S}"}}x`],
    ['index-json-invalid', '[]'],
    ['index-json-invalid', ''],
  ])('refuses with %s: %s', (tag, text) => {
    expect(tagOf(() => parse(text))).toBe(tag);
  });

  it('says which tensor and where', () => {
    expect(() => parse('{"weight_map":{"a":"../x.safetensors"}}')).toThrow(
      expect.objectContaining({ tag: 'index-file-name-invalid', fields: { file: 'i.json', byte: 19, tensor: 'a' } }),
    );
  });

  it('reads no index above the cap', () => {
    expect(tagOf(() => parseIndex(new Uint8Array(MAX_INDEX_BYTES + 1), { file: 'i' }))).toBe('index-json-invalid');
  });
});

describe('assertShardName', () => {
  it.each([S, 'sub/x.safetensors', 'a b.safetensors', '模型.safetensors', '..x.safetensors', 'a..b/c.safetensors'])(
    'accepts %j',
    (name) => {
      expect(tagOf(() => assertShardName(name, 'i'))).toBe('ok');
    },
  );

  it.each([
    '',
    'x.bin',
    'x.SAFETENSORS',
    '/x.safetensors',
    '//h/x.safetensors',
    '../x.safetensors',
    'a/../x.safetensors',
    './x.safetensors',
    'a//x.safetensors',
    'a\\x.safetensors',
    'C:x.safetensors',
    'https://h/x.safetensors',
    'x.safetensors?y.safetensors',
    '%2e%2e/x.safetensors',
    'x\u0000.safetensors',
    'x\n.safetensors',
    'x\u007f.safetensors',
    'x\u0085.safetensors',
    'x.safetensors#',
    'x.safetensors ',
    'x.safetensors/',
  ])('refuses %j', (name) => {
    expect(tagOf(() => assertShardName(name, 'i'))).toBe('index-file-name-invalid');
  });
});

describe('formatIndex', () => {
  it('writes what json.dumps(indent=2, sort_keys=True) writes', () => {
    const weightMap = new Map([
      ['b', S],
      ['10', S],
      ['2', S],
      ['\uffee', S],
      ['😀é\u007f"', S],
      ['__proto__', S],
    ]);
    expect(formatIndex({ weightMap, totalSize: 15, metadata: { z: [], a: { k: [1, true, null] } } })).toBe(`{
  "metadata": {
    "a": {
      "k": [
        1,
        true,
        null
      ]
    },
    "total_size": 15,
    "z": []
  },
  "weight_map": {
    "10": "${S}",
    "2": "${S}",
    "__proto__": "${S}",
    "b": "${S}",
    "\\uffee": "${S}",
    "\\ud83d\\ude00\\u00e9\\u007f\\"": "${S}"
  }
}
`);
  });

  it('is read back as it was', () => {
    const weightMap = new Map([
      ['__proto__', 'a/b.safetensors'],
      ['层', S],
    ]);
    const index = parse(formatIndex({ weightMap, totalSize: 7 }));
    expect([index.weightMap, index.totalSize]).toEqual([weightMap, 7]);
  });

  it.each([
    ['index-weight-map-invalid', []],
    ['index-file-name-invalid', [['a', '../x.safetensors']]],
    ['name-not-well-formed', [['\ud800', S]]],
  ] as [string, [string, string][]][])('refuses with %s', (tag, pairs) => {
    expect(tagOf(() => formatIndex({ weightMap: new Map(pairs), totalSize: 0 }))).toBe(tag);
  });
});

describe('an index of half a million names', () => {
  it('is read whole, each shard name held once', () => {
    const nameOf = (at: number) => `model.language_model.layers.${at % 92}.mlp.experts.${at}.gate_proj.weight_packed`;
    const shardOf = (at: number) => `model-${String(at % 163).padStart(5, '0')}-of-00163.safetensors`;
    const lines = Array.from({ length: 500_000 }, (_, at) => `    "${nameOf(at)}": "${shardOf(at)}"`);
    const text = `{\n  "metadata": {\n    "total_size": 12\n  },\n  "weight_map": {\n${lines.join(',\n')}\n  }\n}\n`;
    expect(text.length).toBeGreaterThan(50e6);
    const { weightMap, totalSize } = parse(text);
    expect([weightMap.size, totalSize, new Set(weightMap.values()).size]).toEqual([500_000, 12, 163]);
    for (const at of [0, 1, 250_000, 499_999]) expect(weightMap.get(nameOf(at))).toBe(shardOf(at));
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseToml, parseYaml } from '../programs/config.fixture.ts';
import { jsonText } from './json.ts';
import { tomlText } from './toml.ts';
import { yamlText } from './yaml.ts';

const scalars = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('true', 'No', 'null', '~', '1e3', '0x10', '- a', 'a: b', '#x', '"', "it's", '\\', '', '2026-01-01'),
  fc.integer({ min: 0 }),
  fc.boolean(),
);
const keys = fc.stringMatching(/^[a-z][a-z_0-9]{0,8}$/);

describe('yamlText', () => {
  it('is read back as what was written', () => {
    const flat = fc.dictionary(keys, fc.oneof(scalars, fc.array(scalars, { minLength: 1, maxLength: 3 })), {
      minKeys: 1,
    });
    fc.assert(
      fc.property(fc.dictionary(keys, fc.oneof(scalars, flat), { minKeys: 1 }), (value) => {
        expect(parseYaml(yamlText(value))).toEqual({ ...value });
      }),
    );
  });

  it('quotes what YAML would read as something else, and leaves names alone', () => {
    expect(yamlText({ a: 'Qwen/Qwen3-30B-A3B', b: 'yes', c: '1', d: ['x: y', 'z'], e: { f: true } })).toBe(
      'a: Qwen/Qwen3-30B-A3B\nb: "yes"\nc: "1"\nd:\n  - "x: y"\n  - z\ne:\n  f: true\n',
    );
  });
});

describe('tomlText', () => {
  it('is read back as what was written', () => {
    fc.assert(
      fc.property(fc.dictionary(keys, fc.dictionary(keys, scalars), { minKeys: 1 }), (tables) => {
        expect(parseToml(tomlText(tables))).toEqual({ ...tables });
      }),
    );
  });

  it('has the top first, then tables', () => {
    expect(tomlText({ '': { seed: 1 }, 'trainer.model': { name: 'a"b\u007f', ep: 8, cp: true } })).toBe(
      'seed = 1\n\n[trainer.model]\nname = "a\\"b\\u007f"\nep = 8\ncp = true\n',
    );
  });
});

describe('jsonText', () => {
  it('is JSON, and nothing around it', () => {
    const value = { a: [1, 2], b: { c: 'x' } };
    expect(JSON.parse(jsonText(value))).toEqual(value);
    expect(jsonText(value).startsWith('{')).toBe(true);
  });
});

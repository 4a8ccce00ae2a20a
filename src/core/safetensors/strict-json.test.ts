import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isJsonObject, parseStrictJson } from './strict-json.ts';

function parse(text: string): unknown {
  return parseStrictJson(new TextEncoder().encode(text), { file: 'config.json', tag: 'config-invalid' });
}

describe('parseStrictJson', () => {
  it('agrees with JSON.parse on whatever JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), fc.constantFrom('', ' ', '\t'), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        fc.pre(!/\\ud[89a-f]/.test(text));
        expect(JSON.stringify(parse(text))).toBe(JSON.stringify(JSON.parse(text)));
      }),
    );
  });

  it('refuses what JSON.parse refuses', () => {
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.nat(),
        fc.constantFrom('', '"', ',', '}', '[', '0', '.', 'e', '\\', '\u0001', 'x'),
        (value, place, piece) => {
          const text = JSON.stringify(value, null, 1);
          const at = place % text.length;
          const changed = text.slice(0, at) + piece + text.slice(at + 1);
          if (!isJson(changed))
            expect(() => parse(changed)).toThrow(expect.objectContaining({ tag: 'config-invalid' }));
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('keeps every key as a key', () => {
    const value = parse('{"__proto__":{"a":1},"constructor":2}');
    expect(isJsonObject(value) && Object.keys(value)).toEqual(['__proto__', 'constructor']);
  });

  it.each([
    '{"a":1,"\\u0061":2}',
    '{"__proto__":1,"__proto__":2}',
    '"\\ud800"',
    '1e999',
    '\ufeff{}',
    '[1] 2',
    'nul',
    '01',
    '+1',
    "'a'",
  ])('refuses %s', (text) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ tag: 'config-invalid' }));
  });

  function isJson(text: string): boolean {
    try {
      JSON.parse(text);
      return true;
    } catch {
      return false;
    }
  }
});

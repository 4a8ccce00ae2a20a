import { describe, expect, it } from 'vitest';
import { HOSTILE } from './hostile.fixture.ts';
import { jsonOf } from './json.ts';
import { visible, visibleParts } from './visible.ts';

const HIDING = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

describe('visible', () => {
  it('shows every character that a terminal or a reader would not see as itself', () => {
    for (const code of [...Array(0x20).keys(), ...Array.from({ length: 0x21 }, (_, at) => 0x7f + at)])
      expect(visible(`a${String.fromCharCode(code)}b`)).toMatch(/^a\\(?:[nrt]|u00[0-9a-f]{2})b$/);
    expect(visible('a\u202eb\u200bc\ufeffd\u2028e\u{e0041}f\ud800g\u2066')).toBe(
      'a\\u202eb\\u200bc\\ufeffd\\u2028e\\u{e0041}f\\ud800g\\u2066',
    );
    for (const name of HOSTILE) expect(visible(name)).not.toMatch(HIDING);
  });

  it('leaves all else as it is', () => {
    for (const text of ['model.layers.0.mlp', 'é模型 · – … ×', 'עברית', '😀', 'a\\nb'])
      expect(visible(text)).toBe(text);
  });
});

it('visibleParts says which parts were hidden', () => {
  expect(visibleParts('a\u202eb\n')).toEqual([
    { text: 'a', hidden: null },
    { text: '\\u202e', hidden: 'U+202E' },
    { text: 'b', hidden: null },
    { text: '\\n', hidden: 'U+000A' },
  ]);
  for (const name of HOSTILE)
    expect(
      visibleParts(name)
        .map(({ text }) => text)
        .join(''),
    ).toBe(visible(name));
});

it('jsonOf says the same as JSON without a character that hides', () => {
  for (const name of HOSTILE) {
    for (const indent of [undefined, 2]) {
      const text = jsonOf({ [name]: [name, 1, null] }, indent);
      expect(text.replaceAll('\n', '')).not.toMatch(HIDING);
      expect(JSON.parse(text)).toEqual({ [name]: [name, 1, null] });
    }
  }
});

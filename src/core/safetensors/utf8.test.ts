import { expect, it } from 'vitest';
import { asciiText, isUtf8 } from './utf8.ts';

const ENCODER = new TextEncoder();

it.each([0, 1, 60, 511, 512, 513, 5000])('gives %i ASCII bytes as the text that they spell', (length) => {
  const text = Array.from({ length }, (_, at) => String.fromCharCode(at % 0x80)).join('');
  const bytes = ENCODER.encode(`«${text}»`);
  expect(asciiText(bytes, 2, 2 + length)).toBe(text);
});

it('gives a text that later ones leave as it is', () => {
  const bytes = ENCODER.encode('model.layers.0.weight');
  const first = asciiText(bytes, 0, 12);
  const second = asciiText(bytes, 15, 21);
  expect([first, second]).toEqual(['model.layers', 'weight']);
});

it('finds a byte that is no UTF-8 wherever it stands, and lets every character pass', () => {
  for (let start = 0; start < 4; start++) {
    for (let at = 0; at < 12; at++) {
      const memory = new Uint8Array(20).fill(0x61);
      const bytes = memory.subarray(start, start + 12);
      expect(isUtf8(bytes)).toBe(true);
      memory[start + at] = 0xff;
      expect(isUtf8(bytes)).toBe(false);
    }
  }
  for (const text of ['é', 'aé', 'abcé', 'abcdeé€', '€abcdefgh', 'name😀.weight']) {
    const bytes = ENCODER.encode(text);
    expect(isUtf8(bytes)).toBe(true);
    expect(
      isUtf8(
        bytes.subarray(
          0,
          bytes.findLastIndex((byte) => byte >= 0x80),
        ),
      ),
    ).toBe(false);
  }
});

it('looks at nothing outside of the bytes given', () => {
  const memory = new Uint8Array(16).fill(0xff).fill(0x61, 3, 14);
  expect(isUtf8(memory.subarray(3, 14))).toBe(true);
});

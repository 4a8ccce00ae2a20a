import { expect, it } from 'vitest';
import { asciiText } from './utf8.ts';

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

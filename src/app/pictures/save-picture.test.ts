import { expect, it } from 'vitest';
import { fileName } from './save-picture.ts';

it('a file is named after what it shows, in plain letters', () => {
  expect(fileName('Qwen/Qwen3-235B-A22B', 'layer-47', 'glyph')).toBe('Qwen-Qwen3-235B-A22B-layer-47-glyph');
  expect(fileName('../../a b', '\u202e')).toBe('a-b--');
  expect(fileName('x'.repeat(500))).toHaveLength(120);
});

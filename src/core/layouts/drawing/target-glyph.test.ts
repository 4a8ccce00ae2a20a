import { expect, it } from 'vitest';
import { TARGET_ROWS } from '../target-rows.ts';
import type { TargetLayout } from '../types.ts';
import { targetGlyph } from './target-glyph.ts';

it('draws every target, small and without words', () => {
  for (const target of Object.keys(TARGET_ROWS) as TargetLayout[]) {
    const { width, height, marks, description } = targetGlyph(target);
    expect([target, width <= 120, height <= 44]).toEqual([target, true, true]);
    expect(marks.some(({ kind }) => kind === 'words')).toBe(false);
    for (const mark of marks) {
      if (mark.kind !== 'box') continue;
      expect(mark.x).toBeGreaterThanOrEqual(0);
      expect(mark.y).toBeGreaterThanOrEqual(-0.01);
      expect(mark.x + mark.width).toBeLessThanOrEqual(width + 0.01);
      expect(mark.y + mark.height).toBeLessThanOrEqual(height + 0.01);
    }
    expect(description).toMatch(/one for each expert|along its first dimension/);
  }
});

it('tells halves from stripes, and rows from columns', () => {
  const boxes = (target: TargetLayout) => targetGlyph(target).marks.filter(({ kind }) => kind === 'box').length;
  expect(boxes('gate-up-interleaved')).toBeGreaterThan(boxes('gate-up'));
  expect(targetGlyph('gate-up-transposed').description).toContain('rows are inputs');
  expect(targetGlyph('gate-up').description).toContain('rows are outputs');
});

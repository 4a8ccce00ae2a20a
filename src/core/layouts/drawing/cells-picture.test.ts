import { describe, expect, it } from 'vitest';
import { type Cells, cellRuns, cellsPicture } from './cells-picture.ts';
import { hexInk } from './picture.ts';
import { svgOf } from './svg.ts';

/** Pixels by letters: `.` is clear. */
function pixels(...rows: readonly string[]): Uint8ClampedArray {
  const colours: Readonly<Record<string, readonly number[]>> = { a: [255, 0, 0, 255], b: [0, 0, 255, 255] };
  return Uint8ClampedArray.from([...rows.join('')].flatMap((letter) => colours[letter] ?? [0, 0, 0, 0]));
}

const CELLS: Cells = {
  title: 'A map',
  description: 'Three layers.',
  rows: ['0', '1', '2'],
  columns: 4,
  pixels: pixels('aabb', 'a..a', '....'),
  legend: [{ colour: '#ff0000', text: 'file 1' }],
  note: '2 files',
  crossed: [7],
  chosen: { row: 1, column: 3 },
};

describe('cells as a picture', () => {
  it('are runs of one colour, none across rows, none of what is clear', () => {
    expect(cellRuns(CELLS).map(({ row, from, to, colour }) => [row, from, to, colour])).toEqual([
      [0, 0, 2, '#ff0000'],
      [0, 2, 4, '#0000ff'],
      [1, 0, 1, '#ff0000'],
      [1, 3, 4, '#ff0000'],
    ]);
    expect(cellRuns({ columns: 0, pixels: pixels() })).toEqual([]);
  });

  it('stay small where rows have few colours: 94 layers of 128 experts alike are a box a colour', () => {
    const wide = { ...CELLS, rows: Array.from({ length: 94 }, String), columns: 128, crossed: [], chosen: null };
    const row = 'a'.repeat(100) + 'b'.repeat(28);
    const picture = cellsPicture({ ...wide, pixels: pixels(...Array.from({ length: 94 }, () => row)) });
    expect(picture.marks.filter((mark) => mark.kind === 'box' && mark.ink?.startsWith('#'))).toHaveLength(2 + 1);
  });

  it('have lanes below each other, which fill a cell', () => {
    const laned = cellsPicture({
      ...CELLS,
      rows: ['0'],
      lanes: 2,
      pixels: pixels('aabb', 'bbbb'),
      crossed: [],
      chosen: null,
    });
    const boxes = laned.marks.flatMap((mark) => (mark.kind === 'box' && mark.ink?.startsWith('#') ? [mark] : []));
    expect(boxes.slice(0, 3).map(({ y, height, ink }) => [y - (boxes[0]?.y ?? 0), height, ink])).toEqual([
      [0, 4, '#ff0000'],
      [0, 4, '#0000ff'],
      [4, 3.5, '#0000ff'],
    ]);
  });

  it('say their title, rows, colours and notes in a file, in both schemes', () => {
    for (const scheme of ['light', 'dark'] as const) {
      const file = svgOf(cellsPicture(CELLS), { scheme, notes: ['org/name@1234'] });
      for (const text of ['A map', 'Three layers.', '>2<', '#ff0000', '#0000ff', 'file 1', '2 files', 'org/name@1234'])
        expect(file).toContain(text);
      expect(file).not.toMatch(/undefined|NaN/);
    }
  });

  it('are painted with colours alone', () => {
    expect(hexInk('#12aBef')).toBe('#12aBef');
    for (const text of ['red', '#12345', '#1234567', '#12345g', 'url(#x)', '#123456"/>'])
      expect(() => hexInk(text)).toThrow(RangeError);
  });
});

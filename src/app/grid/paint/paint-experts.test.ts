import { describe, expect, it } from 'vitest';
import { CELL, type ExpertMap } from '../../../core/index.ts';
import { fitGeometry } from '../geometry.ts';
import { INKS, mapOf, recorder, rowOf } from '../scene.fixture.ts';
import { groundOf, paintScene } from './paint-experts.ts';
import type { Scene } from './scene.ts';

const layer = {} as CanvasImageSource;

function painted(map: ExpertMap, more: Partial<Scene> = {}) {
  const geometry = fitGeometry(map.rows.length, map.columns, 600, 300, 1);
  const view = { left: 0, top: 0, width: 600, height: 300 };
  const rest = {
    lanes: 1,
    bands: null,
    marks: null,
    hatch: 'hatched',
    chosen: new Set<number>(),
    active: null,
    hover: null,
  };
  const { context, strokes } = recorder();
  paintScene(context, { map, layer, geometry, inks: INKS, view, ...rest, ...more });
  const of = (call: string, ink?: string) =>
    strokes.filter((stroke) => stroke.call === call && (ink === undefined || stroke.ink === ink));
  return { geometry, strokes, of, words: of('fillText').map(({ values }) => values[0]) };
}

const FOUR = [rowOf(0, null), rowOf(1, 4), rowOf(2, 4), rowOf(3, 4)];

describe('groundOf', () => {
  it('tells dense layers from layers whose experts are not counted', () => {
    expect(groundOf(rowOf(0, null), new Uint8Array(), false)).toBe('dense');
    expect(groundOf(rowOf(0, null, { kind: 'moe' }), new Uint8Array(), false)).toBe('uncounted');
    expect(groundOf(undefined, new Uint8Array(), false)).toBe('dense');
  });

  it('is hatched where a cell is not read yet, and under numbers', () => {
    expect(groundOf(rowOf(0, 2), Uint8Array.of(CELL.present, CELL.pending), false)).toBe('hatched');
    expect(groundOf(rowOf(0, 2), Uint8Array.of(CELL.present, CELL.present), false)).toBe('plain');
    expect(groundOf(rowOf(0, 2), Uint8Array.of(CELL.present, CELL.present), true)).toBe('hatched');
  });
});

describe('paintScene', () => {
  it('hatches the layers that are not read yet, over their own experts alone', () => {
    const { of, geometry } = painted(mapOf([rowOf(0, 4), rowOf(1, 2)], { 4: CELL.pending }));
    const { cellWidth, cellHeight } = geometry;
    expect(of('fillRect', 'hatched').map(({ values }) => values)).toEqual([[0, cellHeight, 2 * cellWidth, cellHeight]]);
  });

  it('puts the cells over the grounds and the lines over the cells', () => {
    const { strokes } = painted(mapOf(FOUR, { 4: CELL.pending }));
    const at = (call: string, ink: string) => strokes.findIndex((each) => each.call === call && each.ink === ink);
    const cells = strokes.findIndex(({ call }) => call === 'drawImage');
    expect(at('fillRect', 'hatched')).toBeLessThan(cells);
    expect(strokes.slice(cells).some(({ call, ink }) => call === 'fillRect' && ink === 'surface')).toBe(true);
    expect(strokes.filter(({ call }) => call === 'drawImage')).toHaveLength(1);
  });

  it('draws no cells where there are none', () => {
    expect(painted(mapOf([rowOf(0, null)])).of('drawImage')).toEqual([]);
  });

  it('crosses out every defect, and nothing else', () => {
    const lines = (map: ExpertMap) => painted(map).of('lineTo').length;
    expect(lines(mapOf(FOUR))).toBe(0);
    expect(lines(mapOf(FOUR, { 5: CELL.defect, 9: CELL.defect }))).toBe(4);
  });

  it('outlines a stacked layer, and draws no lines between its experts', () => {
    const apart = painted(mapOf([rowOf(0, 4)]));
    const stacked = painted(mapOf([rowOf(0, 4, { stacked: true })]));
    expect(apart.of('strokeRect', 'text')).toHaveLength(0);
    expect(stacked.of('strokeRect', 'text')).toHaveLength(1);
    expect(stacked.of('fillRect', 'surface').length).toBeLessThan(apart.of('fillRect', 'surface').length);
  });

  it('frames neighbouring chosen layers as one, the cursor and the pointer', () => {
    const { of } = painted(mapOf(FOUR), {
      chosen: new Set([1, 2]),
      active: { row: 1, column: 2 },
      hover: { row: 3, column: 0 },
    });
    // The chosen layers' frame, and the cursor's.
    expect(of('strokeRect', 'accent')).toHaveLength(2);
    expect(of('strokeRect', 'text')).toHaveLength(1);
    expect(of('fillRect', 'accentSoft')).toHaveLength(2);
  });

  it('frames no cell in the gutter', () => {
    expect(painted(mapOf(FOUR), { hover: { row: 3, column: -1 } }).of('strokeRect')).toEqual([]);
  });

  it('marks findings only where cells show numbers', () => {
    expect(painted(mapOf(FOUR), { marks: new Set([4, 6]) }).of('closePath')).toHaveLength(2);
    expect(painted(mapOf(FOUR)).of('closePath')).toEqual([]);
  });

  it('names dense layers and MTP blocks, and puts experts’ numbers above', () => {
    const { words } = painted(mapOf([...FOUR, rowOf(4, 4, { kind: 'mtp' }), rowOf(null, 4)]));
    expect(words).toEqual(expect.arrayContaining(['d 0', 'dense', '1', '2', '3', 'mtp 4', '–']));
    expect(words.slice(-4)).toEqual(['0', '1', '2', '3']);
  });

  it('writes the number of a layer with a defect in the ink of danger', () => {
    const broken = rowOf(1, 4, { defects: [{ tag: 'expert-missing', message: 'Expert 3 is missing.' }] });
    expect(painted(mapOf([rowOf(0, 4), broken])).of('fillText', 'danger')).toMatchObject([{ values: ['1', 52, 80.5] }]);
  });

  it('draws the lane of shared experts in their layers alone', () => {
    expect(painted(mapOf([rowOf(0, 4, { shared: 3 }), rowOf(1, 4)])).of('fillRect', 'lane')).toHaveLength(1);
  });

  it('draws columns beside the experts for what a layer has, and frames the cursor there', () => {
    const map = mapOf([rowOf(0, 4, { shared: 3, attention: 4 }), rowOf(1, 4, { router: 0 })]);
    const { of } = painted(map, {
      geometry: fitGeometry(2, 4, 600, 300, 1, 3),
      active: { row: 0, column: -3 },
    });
    for (const ink of ['router', 'shared', 'attention']) expect(of('fillRect', ink), ink).toHaveLength(1);
    expect(of('strokeRect', 'accent')).toHaveLength(1);
  });

  it('draws what is in sight, whatever the number of layers', () => {
    const rows = Array.from({ length: 300 }, (_, index) => rowOf(index, 8));
    const map = mapOf(rows);
    const few = painted(map, { view: { left: 0, top: 400, width: 600, height: 120 } });
    expect(few.words.every((word) => Number(word) < 8 || (Number(word) >= 75 && Number(word) < 110))).toBe(true);
    expect(few.strokes.length).toBeLessThan(150);
  });
});

import { describe, expect, it } from 'vitest';
import { CELL, type ExpertMap, NO_SHARD } from '../../../core/index.ts';
import { fitGeometry } from '../geometry.ts';
import { BANDS, INKS, mapOf, recorder, rowOf } from '../scene.fixture.ts';
import { paintScene } from './paint-experts.ts';
import { TEN } from './palette.ts';

/** A map painted in cells of about `side` pixels. */
function painted(map: ExpertMap, bands: 'roles' | 'files' | null, side = 24) {
  const geometry = { ...fitGeometry(map.rows.length, map.columns, 600, 300, 1), cellWidth: side, cellHeight: side };
  const view = { left: 0, top: 0, width: 600, height: 300 };
  const { context, strokes } = recorder();
  const rest = { marks: null, hatch: 'hatched', chosen: new Set<number>(), active: null, hover: null };
  const layer = {} as CanvasImageSource;
  paintScene(context, { map, layer, lanes: 1, bands, geometry, inks: INKS, view, ...rest });
  const rects = (ink: string) =>
    strokes.filter((stroke) => stroke.call === 'fillRect' && stroke.ink === ink).map(({ values }) => values);
  const texts = strokes.filter(({ call }) => call === 'fillText').map(({ values }) => values[0]);
  return { rects, texts, images: strokes.filter(({ call }) => call === 'drawImage').length };
}

describe('paintBands', () => {
  it('draws one bar a matrix over neighbouring experts, in the colours of gate, up and down', () => {
    const { rects, images } = painted(mapOf([rowOf(0, 8)]), 'roles');
    for (const ink of ['gate', 'up', 'down']) {
      expect(rects(ink)).toHaveLength(1);
      expect(rects(ink)[0]).toMatchObject([0, expect.any(Number), 8 * 24, expect.any(Number)]);
    }
    expect(images).toBe(0);
  });

  it('leaves out what is not read and what is a defect, which has a ground of its own', () => {
    const { rects } = painted(mapOf([rowOf(0, 8)], { 3: CELL.pending, 6: CELL.defect }), 'roles');
    expect(rects('gate').map(([x, , width]) => [x, width])).toEqual([
      [0, 72],
      [96, 48],
      [168, 24],
    ]);
    expect(rects('dangerSoft')).toHaveLength(1);
    expect(rects('hatched')).toHaveLength(1);
  });

  it('draws stripes across in every cell', () => {
    const { rects } = painted(mapOf([rowOf(0, 4, { stacked: true, bands: BANDS.interleavedTurned })]), 'roles');
    expect(rects('gate').length).toBe(rects('up').length);
    expect(rects('gate').length).toBeGreaterThanOrEqual(4 * 2);
    expect(rects('down')).toHaveLength(1);
  });

  it('gives each matrix the colour of its own file', () => {
    const map = mapOf([rowOf(0, 4)]);
    map.files.down.fill(1);
    map.files.up.set([0, 0, 1, NO_SHARD]);
    const { rects } = painted(map, 'files');
    // gate's bar, the first half of up's; down's bar, one cell of up's.
    expect(rects(TEN[0])).toHaveLength(2);
    expect(rects(TEN[1])).toHaveLength(2);
    expect(rects('#808080')).toHaveLength(1);
  });

  it('writes numbers from 28 pixels on, and draws one picture where bands have no room', () => {
    const map = mapOf([rowOf(0, 3)]);
    expect(painted(map, 'roles', 30).texts.filter((text) => text === '2')).toHaveLength(2);
    expect(painted(map, 'roles', 24).texts.filter((text) => text === '2')).toHaveLength(1);
    expect(painted(map, 'roles', 12)).toMatchObject({ images: 1 });
    expect(painted(map, null, 30)).toMatchObject({ images: 1 });
  });

  it('draws rows whose layout is not known as before', () => {
    const map = mapOf([rowOf(0, 3), rowOf(1, 3, { bands: [] })]);
    const { images, rects } = painted(map, 'roles');
    expect(images).toBe(1);
    expect(rects('gate')).toHaveLength(1);
  });
});

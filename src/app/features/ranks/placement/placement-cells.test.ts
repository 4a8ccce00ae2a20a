import { expect, it } from 'vitest';
import { cellRuns, cellsPicture } from '../../../../core/index.ts';
import { placementCells } from './placement-cells.ts';

type Placed = Parameters<typeof placementCells>[0];

/** Four ranks of two experts each, in two layers, the second without its last two. */
const PLACED = {
  rows: [{ index: 3 }, { index: 4 }],
  width: 8,
  holders: Int32Array.from([0, 0, 1, 1, 2, 2, 3, 3, 0, 0, 1, 1, 2, 2, -1, -1]),
  mesh: { world: 4 },
} as unknown as Placed;

it('a placement is a run a rank and layer, with each rank’s colour in words and the chosen expert framed', () => {
  const cells = placementCells(PLACED, 'Experts by rank', { layer: 4, expert: 2 });
  expect(cellRuns(cells).map(({ row, from, to }) => [row, from, to])).toEqual([
    ...[0, 2, 4, 6].map((from) => [0, from, from + 2]),
    ...[0, 2, 4].map((from) => [1, from, from + 2]),
  ]);
  expect(cells.rows).toEqual(['3', '4']);
  expect(cells.chosen).toEqual({ row: 1, column: 2 });
  const words = cellsPicture(cells).marks.flatMap((mark) => (mark.kind === 'words' ? [mark.text] : []));
  for (const rank of [0, 1, 2, 3]) expect(words).toContain(`rank ${rank}`);
  expect(placementCells({ ...PLACED, mesh: { ...PLACED.mesh, world: 64 } }, '', null).legend).toHaveLength(8);
});

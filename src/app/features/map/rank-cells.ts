import type { PlacedPicture, RankPicture } from '../../../../workers/ranks/protocol.ts';
import type { ExpertMap } from '../../../core/index.ts';
import type { CellPicture } from '../../grid/expert-grid-props.ts';
import type { Cell } from '../../grid/geometry.ts';
import { packed } from '../../grid/paint/palette.ts';
import { NODE_RANKS, rankColour, rankOfCell } from '../../placement/rank-colours.ts';
import type { Legend } from './colours.ts';

/** The map coloured by the rank that holds each expert. */
export interface RankCells extends CellPicture {
  /** The map that they are of. */
  readonly of: ExpertMap;
  readonly legend: Legend;
  readonly words: (cell: Cell) => string;
}

type Answer = Pick<RankPicture, 'placed' | 'error'>;

/** What the ranks of a placement are on the map; without a placement, cells stay clear and the legend says why. */
export function rankCells(map: ExpertMap, answer: Answer | null, program: string): RankCells {
  const placed = answer?.placed ?? null;
  const rankOf = placed ? rankReader(map, placed) : () => -1;
  const pixels = new Uint32Array(map.state.length);
  const { columns } = map;
  for (let cell = 0; cell < pixels.length; cell += 1) {
    const rank = rankOf({ row: Math.floor(cell / columns), column: cell % columns });
    if (placed && rank >= 0) pixels[cell] = packed(rankColour(rank, placed.mesh.world));
  }
  return {
    of: map,
    pixels: new Uint8ClampedArray(pixels.buffer),
    marks: null,
    words: (cell) => {
      const rank = rankOf(cell);
      return rank < 0 ? 'no rank' : `rank ${rank}`;
    },
    legend: legendOf(placed, answer, program),
  };
}

/** The first rank that holds a cell, by the layer's prefix; -1 for none. */
function rankReader(map: ExpertMap, placed: PlacedPicture): (cell: Cell) => number {
  const places = new Map(placed.rows.map(({ prefix }, at) => [prefix, at]));
  const rows = map.rows.map(({ prefix }) => places.get(prefix) ?? -1);
  return ({ row, column }) => {
    const at = rows[row] ?? -1;
    return at < 0 || column < 0 || column >= placed.width ? -1 : rankOfCell(placed, at, column);
  };
}

function legendOf(placed: PlacedPicture | null, answer: Answer | null, program: string): Legend {
  const rest = { ramp: null, pointing: false };
  if (!placed) {
    const note =
      answer === null ? 'computing the placement' : `no placement for ${program}: ${answer.error ?? 'see Ranks'}`;
    return { ...rest, items: [], note };
  }
  const { world } = placed.mesh;
  const shown = world <= NODE_RANKS ? world : 0;
  return {
    ...rest,
    items: Array.from({ length: shown }, (_, rank) => ({ colour: rankColour(rank, world), text: `rank ${rank}` })),
    note: `${program}, EP ${placed.ep}${shown === 0 ? `: ${world} ranks, one hue for each node of ${NODE_RANKS} ranks` : ''}`,
  };
}

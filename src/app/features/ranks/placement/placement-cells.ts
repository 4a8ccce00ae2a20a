import type { PlacedPicture } from '../../../../../workers/ranks/protocol.ts';
import { type Cells, plural, rowOfLayer } from '../../../../core/index.ts';
import { NODE_RANKS, pixelsOf, rankColour } from '../../../placement/rank-colours.ts';
import type { Selection } from '../../../state/selection.ts';

type Placed = Pick<PlacedPicture, 'rows' | 'width' | 'holders' | 'mesh'>;

/** So many ranks are named one by one; of more the first of each node. */
const NAMED = 16;

/** A placement as coloured cells. */
export function placementCells(placed: Placed, title: string, selection: Selection | null): Cells {
  const { rows, width, mesh } = placed;
  const row = rowOfLayer(rows, selection?.layer ?? null);
  const step = mesh.world <= NAMED ? 1 : NODE_RANKS;
  const named = Array.from({ length: Math.ceil(mesh.world / step) }, (_, at) => at * step);
  return {
    title,
    description: `${plural(rows.length, 'layer')} of ${plural(width, 'expert')}, each coloured by the first rank that holds it.`,
    rows: rows.map(({ index }, at) => String(index ?? at)),
    columns: width,
    pixels: pixelsOf(placed),
    legend: named.map((rank) => ({
      colour: rankColour(rank, mesh.world),
      text: step === 1 ? `rank ${rank}` : `ranks ${rank}–${Math.min(mesh.world, rank + step) - 1}`,
    })),
    note: step === 1 ? '' : `Nodes of ${NODE_RANKS} ranks by hue, ranks by shade.`,
    crossed: [],
    chosen: row === -1 || !selection ? null : { row, column: selection.expert },
  };
}

import type { PlacedPicture, RankQuery } from '../../../../../workers/ranks/protocol.ts';
import { formatBytes } from '../../../../core/index.ts';
import type { Cell } from '../../../grid/geometry.ts';
import { GridTooltip } from '../../../grid/grid-tooltip.tsx';
import { rankColour } from '../../../placement/rank-colours.ts';
import { useRankCell } from '../../../placement/use-ranks.ts';
import { Swatch } from '../rank-facts.tsx';
import { coordsText, layerName } from '../rank-format.ts';

/** More holders than this are counted, not named. */
const SHOWN = 12;

interface TooltipProps {
  readonly query: RankQuery;
  readonly placed: PlacedPicture;
  readonly cell: Cell;
  readonly rank: number | null;
  readonly x: number;
  readonly y: number;
}

/** Who holds the expert under the pointer, and its bytes. */
export function PlacementTooltip({ query, placed, cell, rank, x, y }: TooltipProps) {
  const found = useRankCell(query, cell.row, cell.column);
  const row = placed.rows[cell.row];
  return (
    <GridTooltip x={x} y={y}>
      <strong>
        {row && layerName(row)}, expert {cell.column}
      </strong>
      {rank === null ? (
        <span className="quiet">This layer has no such expert.</span>
      ) : (
        <span className="tooltip-rank">
          <Swatch colour={rankColour(rank, placed.mesh.world)} /> rank {rank}
          <span className="quiet mono">{coordsText(placed, rank)}</span>
        </span>
      )}
      {found && found.ranks.length > 1 && (
        <span>
          held by ranks {found.ranks.slice(0, SHOWN).join(', ')}
          {found.ranks.length > SHOWN && ` and ${found.ranks.length - SHOWN} more`}
        </span>
      )}
      {found && <span className="quiet mono">{formatBytes(found.bytes)}</span>}
    </GridTooltip>
  );
}

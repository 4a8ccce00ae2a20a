import { useLayoutEffect, useRef } from 'react';
import type { PlacedPicture, RankQuery } from '../../../../workers/ranks-protocol.ts';
import { formatExactBytes } from '../../parts/numbers.ts';
import type { Cell } from '../map/geometry.ts';
import { rankColour } from './rank-colours.ts';
import { Swatch } from './rank-facts.tsx';
import { useRankCell } from './use-ranks.ts';
import { coordsText, layerName } from './words.ts';

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
  const box = useRef<HTMLDivElement>(null);
  const found = useRankCell(query, cell.row, cell.column);
  useLayoutEffect(() => {
    const element = box.current;
    const frame = element?.parentElement;
    if (!element || !frame) return;
    const left = x > frame.clientWidth / 2 ? `calc(${x - 8}px - 100%)` : `${x + 24}px`;
    const top = y > frame.clientHeight / 2 ? `calc(${y - 8}px - 100%)` : `${y + 24}px`;
    element.style.translate = `${left} ${top}`;
  }, [x, y]);
  const row = placed.rows[cell.row];
  return (
    <div ref={box} className="tooltip" aria-hidden="true">
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
      {found && <span className="quiet mono">{formatExactBytes(found.bytes)}</span>}
    </div>
  );
}

import { type KeyboardEvent, type PointerEvent, useMemo, useRef, useState } from 'react';
import type { PlacedPicture, RankQuery } from '../../../../../workers/ranks-protocol.ts';
import { type Cell, cellAt, contentSize, scrollTo } from '../../../grid/geometry.ts';
import { moved } from '../../../grid/use-grid-keys.ts';
import { useViewport } from '../../../grid/use-viewport.ts';
import { styled } from '../../../parts/set-style.ts';
import { move, useAddress } from '../../../state/address-store.ts';
import { chooseRank, useShownRank } from '../rank-choices.ts';
import '../../../grid/grid.css';
import { useRankDetail } from '../use-ranks.ts';
import { coordsText, layerName } from '../words.ts';
import { placementGeometry, placementHeight } from './placement-geometry.ts';
import { PlacementTooltip } from './placement-tooltip.tsx';
import { NODE_RANKS, rankOfCell } from './rank-colours.ts';
import { usePlacementPainting } from './use-placement-painting.ts';

interface GridProps {
  readonly query: RankQuery;
  readonly placed: PlacedPicture;
}

interface Hover {
  readonly cell: Cell;
  readonly x: number;
  readonly y: number;
}

/** Layers by experts, coloured by rank: a canvas with an ARIA grid over it. */
export function PlacementGrid({ query, placed }: GridProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const { view, size } = useViewport(scroller);
  const [hover, setHover] = useState<Hover | null>(null);
  const { rows, width, mesh } = placed;
  const geometry = useMemo(
    () => placementGeometry(rows.length, width, size.width, size.height),
    [rows.length, width, size],
  );
  const active = useActiveCell(placed);
  const shown = useShownRank(mesh.world);
  const shared = useMemo(() => placed.redundant > 0 || placed.twins.some((twin, rank) => twin !== rank), [placed]);
  const detail = useRankDetail(query, shown);
  usePlacementPainting(canvas, {
    placed,
    shown,
    cells: detail?.cells ?? null,
    geometry,
    view,
    size,
    active,
    hover: hover?.cell ?? null,
  });
  const rankAt = (cell: Cell | null) => {
    const rank = cell === null || cell.column < 0 ? -1 : rankOfCell(placed, cell.row, cell.column);
    return rank < 0 ? null : rank;
  };
  const go = (cell: Cell) => {
    move({ layer: rows[cell.row]?.index ?? cell.row, expert: cell.column });
    chooseRank({ hovered: rankAt(cell) });
    const element = scroller.current;
    if (!element) return;
    const from = { left: element.scrollLeft, top: element.scrollTop };
    element.scrollTo(scrollTo(geometry, cell, from, { width: element.clientWidth, height: element.clientHeight }));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const last = { row: rows.length - 1, column: width - 1 };
    const next = event.altKey
      ? null
      : moved(event.key, active ?? { row: 0, column: 0 }, last, event.ctrlKey || event.metaKey);
    if (next) go(active ? next : { row: 0, column: 0 });
    else if (event.key === 'Enter' && active) chooseRank({ pinned: rankAt(active) });
    else if (event.key === 'Escape') {
      move({ layer: null, expert: null });
      chooseRank({ pinned: null, hovered: null });
    } else return;
    event.preventDefault();
  };
  const locate = (event: PointerEvent<HTMLElement>): Hover | null => {
    const element = event.currentTarget;
    const box = element.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    if (x >= element.clientWidth || y >= element.clientHeight) return null;
    const cell = cellAt(geometry, { left: element.scrollLeft, top: element.scrollTop }, x, y);
    return cell && cell.column >= 0 ? { cell, x, y } : null;
  };
  const onPointerMove = (event: PointerEvent<HTMLElement>) => {
    const at = locate(event);
    if (hover?.cell.row === at?.cell.row && hover?.cell.column === at?.cell.column) return;
    setHover(at);
    chooseRank({ hovered: rankAt(at?.cell ?? null) });
  };
  const onPointerLeave = () => {
    setHover(null);
    chooseRank({ hovered: null });
  };
  const onClick = () => {
    if (!hover) return;
    chooseRank({ pinned: rankAt(hover.cell) });
    move({ layer: rows[hover.cell.row]?.index ?? hover.cell.row, expert: hover.cell.column });
  };
  const content = contentSize(geometry);
  return (
    <section
      className="placement"
      aria-label="Layers by experts"
      ref={styled({ '--placement-height': `${placementHeight(rows.length)}px` })}
    >
      <div className="grid-frame">
        {/* biome-ignore lint/a11y/useSemanticElements: twelve thousand table cells would not pan */}
        <div
          ref={scroller}
          className="grid-scroller"
          role="grid"
          aria-label="Experts by rank"
          aria-rowcount={rows.length}
          aria-colcount={width}
          aria-activedescendant={active ? 'placement-cell' : undefined}
          tabIndex={0}
          onKeyDown={onKeyDown}
          onFocus={(event) =>
            active && event.currentTarget.matches(':focus-visible') && chooseRank({ hovered: rankAt(active) })
          }
          onBlur={() => chooseRank({ hovered: null })}
          onPointerMove={onPointerMove}
          onPointerLeave={onPointerLeave}
          onClick={onClick}
        >
          {/* biome-ignore lint/a11y/useSemanticElements: see above */}
          {/* biome-ignore lint/a11y/useFocusableInteractive: the grid holds the focus and names the cell */}
          <div className="hidden" role="row" aria-rowindex={(active?.row ?? 0) + 1}>
            {/* biome-ignore lint/a11y/useFocusableInteractive: see above */}
            {/* biome-ignore lint/a11y/useSemanticElements: see above */}
            <span id="placement-cell" role="gridcell" aria-colindex={(active?.column ?? 0) + 1}>
              {active ? describeCell(placed, active, rankAt(active)) : 'No cell yet: press an arrow key.'}
            </span>
          </div>
          <div
            className="grid-content"
            role="presentation"
            ref={styled({ width: `${content.width}px`, height: `${content.height}px` })}
          >
            <canvas ref={canvas} className="grid-canvas" />
          </div>
        </div>
        {hover && <PlacementTooltip query={query} placed={placed} rank={rankAt(hover.cell)} {...hover} />}
      </div>
      <p className="placement-note quiet small">
        {mesh.world <= NODE_RANKS
          ? 'A colour a rank.'
          : `Nodes of ${NODE_RANKS} ranks by hue, ranks by shade${mesh.world > 9 * NODE_RANKS ? '; nine hues repeat' : ''}.`}
        {shared && ' Where several ranks hold an expert, the first one’s colour is drawn.'}
      </p>
    </section>
  );
}

/** What a screen reader hears of a cell. */
function describeCell(placed: PlacedPicture, cell: Cell, rank: number | null): string {
  const row = placed.rows[cell.row];
  const where = `${row ? layerName(row) : ''}, expert ${cell.column}`;
  return rank === null ? `${where}: no such expert` : `${where}: rank ${rank}, ${coordsText(placed, rank)}`;
}

/** The cell that the address names, where this placement has it. */
function useActiveCell({ rows, width }: PlacedPicture): Cell | null {
  const layer = useAddress((address) => address.layer);
  const expert = useAddress((address) => address.expert);
  return useMemo(() => {
    const row = layer === null ? -1 : rows.findIndex((facts, at) => (facts.index ?? at) === layer);
    return row === -1 ? null : { row, column: Math.min(expert ?? 0, width - 1) };
  }, [rows, width, layer, expert]);
}

import { type FocusEvent, type KeyboardEvent, type PointerEvent, useMemo, useRef } from 'react';
import type { PlacedPicture, RankQuery } from '../../../../../workers/ranks/protocol.ts';
import { rowOfLayer } from '../../../../core/index.ts';
import type { Cell } from '../../../grid/geometry.ts';
import { GridFrame } from '../../../grid/grid-frame.tsx';
import type { Hover } from '../../../grid/hover.ts';
import { meaningOf } from '../../../grid/keys.ts';
import { bringCell, scrollToSpot, spotOf } from '../../../grid/place/spot.ts';
import { usePlace } from '../../../grid/place/use-place.ts';
import { showCell } from '../../../grid/use-grid-keys.ts';
import { useHover } from '../../../grid/use-hover.ts';
import { useViewport } from '../../../grid/use-viewport.ts';
import { styled } from '../../../parts/set-style.ts';
import { chooseRank, useRankChoices, useShownRank } from '../../../placement/rank-choices.ts';
import { NODE_RANKS, rankOfCell } from '../../../placement/rank-colours.ts';
import { useRankDetail } from '../../../placement/use-ranks.ts';
import { move, useAddress } from '../../../state/address-store.ts';
import type { Spot } from '../../../state/seen/place.ts';
import { movePlace } from '../../../state/seen/use-look.ts';
import { layerOfRow, useSelection } from '../../../state/selection.ts';
import { coordsText, layerName } from '../rank-format.ts';
import { placementGeometry, placementHeight } from './placement-geometry.ts';
import { PlacementTooltip } from './placement-tooltip.tsx';
import { SavePlacement } from './save-placement.tsx';
import { usePlacementPainting } from './use-placement-painting.ts';

interface GridProps {
  readonly query: RankQuery;
  readonly placed: PlacedPicture;
}

/** Layers by experts, coloured by rank: a canvas with an ARIA grid over it. */
export function PlacementGrid({ query, placed }: GridProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const viewport = useViewport(scroller);
  const { rows, width, mesh } = placed;
  const active = useActiveCell(placed);
  const geometry = useMemo(
    () => placementGeometry(rows.length, width, viewport.size.width, viewport.size.height),
    [rows.length, width, viewport.size],
  );
  usePlace({
    scroller,
    ready: viewport.size.width > 0,
    place: useAddress((address) => address.place.ranksAt),
    onPlace: placeRanks,
    chosen: active && `${active.row} ${active.column}`,
    showChosen: () => active && bringCell(scroller.current, geometry, active),
    spotOf: (view) => spotOf(geometry, view),
    scrollToSpot: (spot, view) => scrollToSpot(geometry, spot, view),
  });
  const pointed = useHover(scroller, geometry, viewport);
  const hover = overCells(pointed.hover);
  const shown = useShownRank(mesh.world);
  const shared = useMemo(() => placed.redundant > 0 || placed.twins.some((twin, rank) => twin !== rank), [placed]);
  const detail = useRankDetail(query, shown);
  usePlacementPainting(canvas, {
    placed,
    shown,
    cells: detail?.cells ?? null,
    geometry,
    viewport,
    active,
    hover: hover?.cell ?? null,
  });
  const rankAt = (cell: Cell | null) => {
    const rank = cell === null || cell.column < 0 ? -1 : rankOfCell(placed, cell.row, cell.column);
    return rank < 0 ? null : rank;
  };
  const go = (cell: Cell) => {
    move({ layer: layerOfRow(rows, cell.row), expert: cell.column });
    chooseRank({ hovered: rankAt(cell) });
    showCell(scroller.current, geometry, cell);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const meaning = meaningOf(event, active, { row: rows.length - 1, column: width - 1 });
    if (!meaning || meaning.kind === 'choose') return;
    event.preventDefault();
    if (meaning.kind === 'move') go(meaning.to);
    else if (meaning.kind === 'open') chooseRank({ pinned: rankAt(meaning.cell) });
    else {
      move({ layer: null, expert: null });
      chooseRank({ pinned: null, hovered: null });
    }
  };
  const onPointerMove = (event: PointerEvent<HTMLElement>) => {
    const hovered = rankAt(overCells(pointed.follow(event))?.cell ?? null);
    if (hovered !== useRankChoices.getState().hovered) chooseRank({ hovered });
  };
  const onPointerLeave = () => {
    pointed.leave();
    chooseRank({ hovered: null });
  };
  const onFocus = (event: FocusEvent<HTMLElement>) => {
    if (active && event.currentTarget.matches(':focus-visible')) chooseRank({ hovered: rankAt(active) });
  };
  const onBlur = () => chooseRank({ hovered: null });
  const onClick = () => {
    if (!hover) return;
    chooseRank({ pinned: rankAt(hover.cell) });
    move({ layer: layerOfRow(rows, hover.cell.row), expert: hover.cell.column });
  };
  return (
    <section
      className="placement"
      aria-label="Layers by experts"
      ref={styled({ '--placement-height': `${placementHeight(rows.length)}px` })}
    >
      <GridFrame
        label="Experts by rank"
        cellId="placement-cell"
        geometry={geometry}
        active={active}
        words={active && describeCell(placed, active, rankAt(active))}
        scroller={scroller}
        canvas={canvas}
        handlers={{ onKeyDown, onFocus, onBlur, onPointerMove, onPointerLeave, onClick }}
      >
        {hover && <PlacementTooltip query={query} placed={placed} rank={rankAt(hover.cell)} {...hover} />}
      </GridFrame>
      <p className="placement-note quiet small">
        {mesh.world <= NODE_RANKS
          ? 'Each rank has one colour.'
          : `Nodes of ${NODE_RANKS} ranks by hue, ranks by shade${mesh.world > 9 * NODE_RANKS ? '; nine hues repeat' : ''}.`}
        {shared && ' Where several ranks hold an expert, the first one’s colour is drawn.'}{' '}
        <SavePlacement placed={placed} framework={query.options.framework} />
      </p>
    </section>
  );
}

function placeRanks(ranksAt: Spot | null): void {
  movePlace({ ranksAt });
}

/** The hover where it is over a cell: the gutter says nothing here. */
function overCells(hover: Hover | null): Hover | null {
  return hover && hover.cell.column >= 0 ? hover : null;
}

/** What a screen reader hears of a cell. */
function describeCell(placed: PlacedPicture, cell: Cell, rank: number | null): string {
  const row = placed.rows[cell.row];
  const where = `${row ? layerName(row) : ''}, expert ${cell.column}`;
  return rank === null ? `${where}: no such expert` : `${where}: rank ${rank}, ${coordsText(placed, rank)}`;
}

/** The chosen expert's cell, where this placement has it. */
function useActiveCell({ rows, width }: PlacedPicture): Cell | null {
  const selection = useSelection();
  return useMemo(() => {
    const row = rowOfLayer(rows, selection?.layer ?? null);
    return row === -1 || !selection ? null : { row, column: Math.min(selection.expert, width - 1) };
  }, [rows, width, selection]);
}

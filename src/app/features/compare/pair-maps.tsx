import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { isDifference, rowOfLayer, STATUS_WORDS, STATUSES } from '../../../core/index.ts';
import { nameOf } from '../../grid/describe.ts';
import { ExpertGrid } from '../../grid/expert-grid.tsx';
import type { Cell, Geometry } from '../../grid/geometry.ts';
import { layoutColour } from '../../grid/paint/layout-colours.ts';
import { showCell } from '../../grid/use-grid-keys.ts';
import { useResting } from '../../grid/use-resting.ts';
import { Segments } from '../../parts/segments.tsx';
import { styled } from '../../parts/set-style.ts';
import { useAddress } from '../../state/address-store.ts';
import { useComparison } from '../../state/comparison.ts';
import type { PairColour, Spot } from '../../state/seen/place.ts';
import { movePlace } from '../../state/seen/use-look.ts';
import { layerOfRow } from '../../state/selection.ts';
import { createInStep } from './pair/scroll-in-step.ts';
import { PieceLine } from './piece-line.tsx';
import { usePairs } from './queries.ts';
import { ALONE_COLOUR, PROVEN_COLOUR, STATUS_COLOURS, statusLabel } from './status-labels.ts';
import { type SideMap, usePairMaps } from './use-pair-maps.ts';
import type { Selected } from './use-selected.ts';

const NONE: ReadonlySet<number> = new Set();

interface PairMapsProps {
  readonly selected: Selected;
}

/** The two maps side by side, with shared cursor, hover and selection. */
export function PairMaps({ selected }: PairMapsProps) {
  const colour = useAddress((address) => address.place.pairColour);
  const place = useAddress((address) => address.place.pairAt);
  const maps = usePairMaps(colour);
  const inStep = useInStep(maps, maps && cellOf(selected, maps.left.map.rows), place !== null);
  const [hover, setHover] = useState<{ readonly side: 'left' | 'right'; readonly cell: Cell | null }>({
    side: 'left',
    cell: null,
  });
  const hoverLeft = useCallback((cell: Cell | null) => setHover({ side: 'left', cell }), []);
  const hoverRight = useCallback((cell: Cell | null) => setHover({ side: 'right', cell }), []);
  if (!maps) return <div className="pair-maps" />;
  const { left, right } = maps;
  const active = cellOf(selected, left.map.rows);
  const choose = (cell: Cell | null, pinned: boolean) => selected.chooseCell(cell && rowFacts(left, cell), pinned);
  const chooseRight = (cell: Cell | null, pinned: boolean) => {
    const twin = cell && opposite(right, cell);
    if (cell === null || twin) choose(twin, pinned);
  };
  const shared = { zoom: 1, chosen: NONE, onChoose: () => {}, onOpen: selected.openDetails };
  return (
    <div className="pair-maps">
      <figure aria-label="Left">
        <ExpertGrid
          {...shared}
          side="left"
          inStep={inStep.left}
          place={place}
          onPlace={placePair}
          map={left.map}
          picture={left.picture}
          active={active}
          ghost={hover.side === 'right' && hover.cell ? opposite(right, hover.cell) : null}
          onActive={choose}
          onHover={hoverLeft}
          about={(cell) => <About side={left} cell={cell} />}
        />
      </figure>
      <figure aria-label="Right">
        <ExpertGrid
          {...shared}
          side="right"
          inStep={inStep.right}
          map={right.map}
          picture={right.picture}
          active={active && opposite(left, active)}
          ghost={hover.side === 'left' && hover.cell ? opposite(left, hover.cell) : null}
          onActive={chooseRight}
          onHover={hoverRight}
          about={(cell) => <About side={right} cell={cell} />}
        />
      </figure>
      <MapsLegend colour={colour} onColour={(pairColour) => movePlace({ pairColour })} layouts={[left, right]} />
    </div>
  );
}

function placePair(pairAt: Spot | null): void {
  movePlace({ pairAt });
}

function rowFacts({ map }: SideMap, { row, column }: Cell) {
  return { layer: layerOfRow(map.rows, row), expert: Math.max(0, column) };
}

function cellOf({ layer, expert }: Selected, rows: SideMap['map']['rows']): Cell | null {
  const row = rowOfLayer(rows, layer);
  return row === -1 ? null : { row, column: expert ?? 0 };
}

function opposite({ twins }: SideMap, { row, column }: Cell): Cell | null {
  const twin = twins[row] ?? -1;
  return twin < 0 ? null : { row: twin, column };
}

/** Both sides of the cell under the pointer. */
function About({ side, cell }: { readonly side: SideMap; readonly cell: Cell }) {
  const resting = useResting(cell);
  const facts = side.map.rows[cell.row];
  const group = side.groups[cell.row] ?? -1;
  const asked = resting && group >= 0 ? ({ kind: 'expert', group, expert: cell.column } as const) : null;
  const { data } = usePairs(asked);
  const mine = asked && data?.[0]?.facts.expert === cell.column ? data : [];
  if (!facts?.experts || cell.column >= facts.experts) return <strong>{facts ? nameOf(facts) : ''}</strong>;
  return (
    <>
      <strong>
        {nameOf(facts)}, expert {cell.column}
      </strong>
      <span>{side.words(cell)}</span>
      {mine.slice(0, 4).map(({ facts: pair, proof }) => (
        <span key={`${pair.projection} ${pair.part}`} className="tooltip-tensor">
          <span>
            {pair.projection} {pair.part}: {statusLabel(pair.status, proof)}
          </span>
          {pair.left && <PieceLine piece={pair.left} />}
          {pair.right && <PieceLine piece={pair.right} />}
        </span>
      ))}
    </>
  );
}

/** Both grids scroll as one: to the chosen cell when it changes, or when cells change their size and no place is `kept`. */
function useInStep(maps: ReturnType<typeof usePairMaps>, active: Cell | null, kept: boolean) {
  const [left, right] = [maps?.left.twins, maps?.right.twins];
  const leader = useRef<{ readonly scroller: HTMLElement; readonly geometry: Geometry } | null>(null);
  const chosen = useRef(active);
  chosen.current = kept ? null : active;
  const shown = useRef<string | null>(null);
  const { row = null, column = null } = active ?? {};
  // biome-ignore lint/correctness/useExhaustiveDependencies: the cell is the same until its row or column changes
  useEffect(() => {
    const isFirst = shown.current === null;
    shown.current = active && `${active.row} ${active.column}`;
    if (isFirst && kept) return;
    if (leader.current && active) showAround(leader.current.scroller, leader.current.geometry, active);
  }, [row, column]);
  return useMemo(() => {
    const { join } = createInStep({ left: left ?? [], right: right ?? [] });
    return {
      left: (scroller: HTMLElement, geometry: Geometry) => {
        const leave = join('left', scroller, geometry);
        leader.current = { scroller, geometry };
        if (chosen.current) showAround(scroller, geometry, chosen.current);
        return leave;
      },
      right: (scroller: HTMLElement, geometry: Geometry) => join('right', scroller, geometry),
    };
  }, [left, right]);
}

/** Cells that stay visible on each side of the chosen cell, so that its frame is not cut off. */
const AROUND = 2;

function showAround(scroller: HTMLElement, geometry: Geometry, { row, column }: Cell): void {
  const { rows, columns } = geometry;
  showCell(scroller, geometry, {
    row: Math.min(rows - 1, row + AROUND),
    column: Math.min(columns - 1, column + AROUND),
  });
  showCell(scroller, geometry, { row: Math.max(0, row - AROUND), column: Math.max(0, column - AROUND) });
}

interface LegendProps {
  readonly colour: PairColour;
  readonly onColour: (colour: PairColour) => void;
  readonly layouts: readonly SideMap[];
}

/** The legend. Differences also have a mark. */
function MapsLegend({ colour, onColour, layouts }: LegendProps) {
  const counts = useComparison((state) => state.head?.counts);
  const values = useComparison((state) => state.head?.values ?? null);
  const byLayout = colour === 'layout';
  const shown = STATUSES.filter((status) => (counts?.[status].entries ?? 0) > 0);
  const statuses = byLayout ? shown.filter((status) => isDifference({ status, outside: false })) : shown;
  const rows = layouts.flatMap(({ map }) => map.rows.filter(({ experts }) => experts !== null));
  const families = [...new Map(rows.map((row) => [row.family ?? 'unknown', row]))];
  return (
    <figcaption className="legend pair-legend">
      <Segments
        label="Colour"
        options={[
          ['layout', 'Layout'],
          ['status', 'Status'],
        ]}
        value={colour}
        onChange={onColour}
      />
      {byLayout &&
        families.map(([family, row]) => (
          <span key={family} className="legend-item">
            <span className="swatch" ref={styled({ background: layoutColour(row) })} />
            <span className="mono">{family}</span>
            <span className="quiet">{row.stacked ? 'one tensor holds all experts' : 'one tensor for each expert'}</span>
          </span>
        ))}
      {statuses.map((status) => (
        <span key={status} className="legend-item">
          <span className="swatch" ref={styled({ background: STATUS_COLOURS[status] })} />
          {STATUS_WORDS[status]}
        </span>
      ))}
      {layouts.some(({ map, groups }) => map.rows.some(({ experts }, at) => experts !== null && groups[at] === -1)) && (
        <span className="legend-item">
          <span className="swatch" ref={styled({ background: ALONE_COLOUR })} />
          not matched
        </span>
      )}
      {!byLayout && values !== null && (
        <span className="legend-item">
          <span className="swatch" ref={styled({ background: PROVEN_COLOUR })} />
          equal bytes
        </span>
      )}
      <span className="quiet">Differences have a mark.</span>
    </figcaption>
  );
}

import { useCallback, useState } from 'react';
import { STATUS_WORDS, STATUSES } from '../../../core/index.ts';
import { nameOf } from '../../grid/describe.ts';
import { ExpertGrid } from '../../grid/expert-grid.tsx';
import type { Cell } from '../../grid/geometry.ts';
import { useResting } from '../../grid/use-resting.ts';
import { styled } from '../../parts/set-style.ts';
import { useComparison } from '../../state/comparison.ts';
import { PieceLine } from './piece-line.tsx';
import { usePairs } from './queries.ts';
import { type SideMap, usePairMaps } from './use-pair-maps.ts';
import type { Selected } from './use-selected.ts';
import { PROVEN_COLOUR, STATUS_COLOURS, wordsOf } from './words.ts';

const NONE: ReadonlySet<number> = new Set();

interface PairMapsProps {
  readonly selected: Selected;
}

/** The two maps side by side: cursor, hover and selection of one are those of the other. */
export function PairMaps({ selected }: PairMapsProps) {
  const maps = usePairMaps();
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
          map={right.map}
          picture={right.picture}
          active={active && opposite(left, active)}
          ghost={hover.side === 'left' && hover.cell ? opposite(left, hover.cell) : null}
          onActive={chooseRight}
          onHover={hoverRight}
          about={(cell) => <About side={right} cell={cell} />}
        />
      </figure>
      <StatusLegend />
    </div>
  );
}

function rowFacts({ map }: SideMap, { row, column }: Cell) {
  return { layer: map.rows[row]?.index ?? row, expert: Math.max(0, column) };
}

function cellOf({ layer, expert }: Selected, rows: SideMap['map']['rows']): Cell | null {
  const row = layer === null ? -1 : rows.findIndex((facts, at) => (facts.index ?? at) === layer);
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
            {pair.projection} {pair.part}: {wordsOf(pair.status, proof)}
          </span>
          {pair.left && <PieceLine piece={pair.left} />}
          {pair.right && <PieceLine piece={pair.right} />}
        </span>
      ))}
    </>
  );
}

/** What the colours mean; a cross marks differences too. */
function StatusLegend() {
  const counts = useComparison((state) => state.head?.counts);
  const values = useComparison((state) => state.head?.values ?? null);
  const shown = STATUSES.filter((status) => (counts?.[status].entries ?? 0) > 0);
  return (
    <figcaption className="legend pair-legend">
      {shown.map((status) => (
        <span key={status} className="legend-item">
          <span className="swatch" ref={styled({ background: STATUS_COLOURS[status] })} />
          {STATUS_WORDS[status]}
        </span>
      ))}
      {values !== null && (
        <span className="legend-item">
          <span className="swatch" ref={styled({ background: PROVEN_COLOUR })} />
          equal bytes
        </span>
      )}
      <span className="quiet">Differences bear a mark.</span>
    </figcaption>
  );
}

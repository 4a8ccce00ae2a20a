import { type KeyboardEvent, type ReactNode, useEffect, useState } from 'react';
import type { CompareQuery, CompareRow } from '../../../../workers/compare/protocol.ts';
import { type EntryFacts, formatBytes, formatInteger, plural, visible } from '../../../core/index.ts';
import { usePlace } from '../../grid/place/use-place.ts';
import { styled } from '../../parts/set-style.ts';
import { Shown } from '../../parts/shown.tsx';
import { useNarrow, useOneColumn } from '../../parts/use-narrow.ts';
import { treeMeaning } from '../../parts/virtual-list/tree-keys.ts';
import { PAGE, ROW, type Show, useList } from '../../parts/virtual-list/use-list.ts';
import { useAddress } from '../../state/address-store.ts';
import { compareWorker, useComparison } from '../../state/comparison.ts';
import type { Spot } from '../../state/seen/place.ts';
import { movePlace } from '../../state/seen/use-look.ts';
import { useComparePage } from './queries.ts';
import { StatusBadge } from './status-badge.tsx';
import { PROOF_LABELS } from './status-labels.ts';
import { useOpenRows } from './use-open-rows.ts';
import type { Selected } from './use-selected.ts';

interface PairTreeProps {
  readonly selected: Selected;
}

/** Three lines, on a narrow screen. */
const NARROW_ROW = 68;

/** Every pair with both sides in one row, below its layer and expert. Only visible rows are drawn. */
export function PairTree({ selected }: PairTreeProps) {
  const show = useAddress((address) => address.compare.show);
  const rows = useOpenRows(show);
  const query: CompareQuery = { show, open: rows.open };
  const [count, setCount] = useState(0);
  const rowHeight = useNarrow() ? NARROW_ROW : ROW;
  const oneColumn = useOneColumn();
  const list = useList(count, show, rowHeight, oneColumn ? '.view' : null);
  const { scroller, cursor, active, setCursor, items, firstPage, height } = list;
  const pages = [useComparePage(query, firstPage, PAGE), useComparePage(query, firstPage + 1, PAGE)];
  const known = pages[0]?.data?.count ?? count;
  useEffect(() => setCount(known), [known]);
  const rowAt = (index: number) => pages[Math.floor(index / PAGE) - firstPage]?.data?.rows[index % PAGE];
  const place = useAddress((address) => address.place.pairsAt);
  useShowSelected(query, selected, list.show, place !== null);
  usePlace({
    scroller,
    ready: count > 0,
    place,
    // In one column the view scrolls, and the address does not keep how far.
    onPlace: oneColumn ? undefined : placePairs,
    chosen: selected.selection && JSON.stringify(selected.selection),
    showChosen: () => {},
    spotOf: ({ top }) => ({ row: top / rowHeight, column: 0 }),
    scrollToSpot: ({ row }) => ({ left: 0, top: row * rowHeight }),
  });
  const act = (row: CompareRow) => {
    if (row.kind === 'layer') return rows.toggle(row);
    if (row.expert !== null && row.layer !== null) selected.chooseCell({ layer: row.layer, expert: row.expert }, true);
    else if (row.facts) selected.chooseTensor(nameIn(row.facts));
    if (row.kind === 'expert' && !row.isOpen) rows.toggle(row);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (list.onMove(event)) return;
    const row = rowAt(cursor);
    if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
    const meaning = treeMeaning(event.key, { ...row, isLeaf: row.kind === 'entry' });
    if (meaning === null) return;
    if (meaning === 'toggle') rows.toggle(row);
    else if (meaning === 'in') list.show(Math.min(count - 1, cursor + 1));
    else if (meaning === 'out') list.show(row.parent);
    else {
      act(row);
      if (event.key === 'Enter' && row.kind !== 'layer') selected.openDetails();
    }
    event.preventDefault();
  };
  return (
    <div className="pair-list">
      <div className="tree-tools">
        <button type="button" className="button small" onClick={() => rows.setAll(true)}>
          Open all
        </button>
        <button type="button" className="button small" onClick={() => rows.setAll(false)}>
          Close all
        </button>
        {pages[0]?.data?.count === 0 && <span className="quiet">No pair has this status.</span>}
      </div>
      <div
        ref={scroller}
        className="pair-scroller"
        role="treegrid"
        aria-label="Pairs of both checkpoints"
        aria-rowcount={count}
        aria-activedescendant={active === null ? undefined : `pair-${active}`}
        tabIndex={0}
        onKeyDown={onKeyDown}
      >
        {/* biome-ignore lint/a11y/useSemanticElements: see above */}
        <div className="pair-rows" role="rowgroup" ref={styled({ height: `${height}px` })}>
          {/* biome-ignore lint/a11y/useSemanticElements: see above */}
          {/* biome-ignore lint/a11y/useFocusableInteractive: the grid holds the focus */}
          <div className="pair-row pair-row-head" role="row">
            {['Left', 'Status', 'Right', 'Shapes', 'Bytes', 'Values'].map((name) => (
              // biome-ignore lint/a11y/useSemanticElements: see above
              // biome-ignore lint/a11y/useFocusableInteractive: see above
              <span key={name} role="columnheader" className={name === 'Bytes' ? 'number' : undefined}>
                {name}
              </span>
            ))}
          </div>
          {items.map(({ index, start }) => (
            <Row
              key={index}
              index={index}
              start={start}
              row={rowAt(index)}
              current={index === cursor}
              selected={selected}
              onPick={(row) => {
                setCursor(index);
                act(row);
              }}
            />
          ))}
        </div>
      </div>
    </div>
  );
}

function nameIn({ left, right }: EntryFacts): string {
  return left?.tensor ?? right?.tensor ?? '';
}

function placePairs(pairsAt: Spot | null): void {
  movePlace({ pairsAt });
}

/** Scrolls to the pair in the address when rows are available, unless a place is `kept`. */
function useShowSelected(query: CompareQuery, { selection }: Selected, show: Show, kept: boolean) {
  const ready = useComparison((state) => state.head !== null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is chosen later is in sight already
  useEffect(() => {
    if (!ready || !selection || kept) return;
    compareWorker()
      .placeOf(query, selection)
      .then((row) => row !== null && show(row))
      .catch(() => {});
  }, [ready]);
}

interface RowProps {
  readonly index: number;
  readonly start: number;
  readonly row: CompareRow | undefined;
  readonly current: boolean;
  readonly selected: Selected;
  readonly onPick: (row: CompareRow) => void;
}

function Row({ index, start, row, current, selected, onPick }: RowProps) {
  const cells = row ? cellsOf(row) : null;
  return (
    // biome-ignore lint/a11y/useSemanticElements: see above
    // biome-ignore lint/a11y/useFocusableInteractive: the grid holds the focus and names the row
    // biome-ignore lint/a11y/useKeyWithClickEvents: the grid's arrow keys and Enter do the same
    <div
      id={`pair-${index}`}
      className="pair-row"
      role="row"
      aria-rowindex={index + 1}
      aria-level={row?.level ?? 1}
      aria-expanded={row && row.kind !== 'entry' ? row.isOpen : undefined}
      aria-selected={row !== undefined && isSelected(row, selected)}
      data-current={current}
      data-kind={row?.kind}
      data-level={row?.level}
      ref={styled({ translate: `0 ${start}px` })}
      onClick={() => row && onPick(row)}
    >
      <GridCell className="pair-name mono" title={visible(row?.facts?.left?.tensor ?? '')}>
        {row && row.kind !== 'entry' && (
          <span className="twist" aria-hidden="true">
            {row.isOpen ? '▾' : '▸'}
          </span>
        )}
        <Shown text={cells?.left ?? (row ? '' : '…')} />
      </GridCell>
      <GridCell>{row && <StatusBadge status={row.status} />}</GridCell>
      <GridCell className="pair-name mono" title={visible(row?.facts?.right?.tensor ?? '')}>
        <Shown text={cells?.right ?? ''} />
      </GridCell>
      <GridCell className="mono" title={cells?.shapes}>
        {cells?.shapes}
      </GridCell>
      <GridCell className="number mono" title={row && bytesTitle(row)}>
        {cells?.bytes}
      </GridCell>
      <GridCell className="quiet">{row ? PROOF_LABELS[row.proof] : ''}</GridCell>
    </div>
  );
}

interface GridCellProps {
  readonly className?: string | undefined;
  readonly title?: string | undefined;
  readonly children: ReactNode;
}

function GridCell({ className, title, children }: GridCellProps) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: rows come and go as they are scrolled to
    // biome-ignore lint/a11y/useFocusableInteractive: the grid holds the focus and names the row
    <span role="gridcell" className={className} title={title}>
      {children}
    </span>
  );
}

function isSelected(row: CompareRow, { layer, expert, tensor }: Selected): boolean {
  if (row.kind === 'layer') return false;
  if (tensor !== null) return row.facts !== null && nameIn(row.facts) === tensor;
  return row.expert !== null && row.layer === layer && row.expert === (expert ?? 0);
}

function cellsOf(row: CompareRow) {
  const { facts, leftBytes, rightBytes, pairs, differences } = row;
  const bytes = formatBytes(Math.max(leftBytes, rightBytes));
  if (!facts) {
    const right = `${plural(pairs, 'pair')}${differences > 0 ? `, ${formatInteger(differences)} ${differences === 1 ? 'differs' : 'differ'}` : ''}`;
    return { left: row.label, right, shapes: '', bytes };
  }
  const { left, right, projection, part } = facts;
  const of = (piece: EntryFacts['left']) =>
    piece &&
    (piece.matrix && piece.shape.length > 2
      ? `${piece.tensor} · ${projection}${part === 'weight' ? '' : ` ${part}`}`
      : piece.tensor);
  const shapes = [left, right].map((piece) => (piece ? `[${piece.shape.join(', ')}]` : '—'));
  return { left: of(left) ?? '', right: of(right) ?? '', shapes: [...new Set(shapes)].join(' → '), bytes };
}

function bytesTitle({ leftBytes, rightBytes }: CompareRow): string {
  return `${formatInteger(leftBytes)} bytes on the left, ${formatInteger(rightBytes)} on the right`;
}

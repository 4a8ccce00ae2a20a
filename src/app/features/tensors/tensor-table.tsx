import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, useRef, useState } from 'react';
import type { TensorAnswer, TensorColumn, TensorQuery, TensorRow } from '../../../../workers/protocol.ts';
import { formatInteger } from '../../../core/index.ts';
import { styled } from '../../parts/set-style.ts';
import { useTensorPage } from '../../queries/queries.ts';

const ROW = 24;
const PAGE = 200;

const COLUMNS: readonly {
  readonly id: TensorColumn;
  readonly name: string;
  readonly number: boolean;
  readonly text: (row: TensorRow) => string;
}[] = [
  { id: 'name', name: 'Name', number: false, text: (row) => row.name },
  { id: 'dtype', name: 'Dtype', number: false, text: (row) => row.dtype },
  { id: 'shape', name: 'Shape', number: true, text: (row) => `[${row.shape.map(formatInteger).join(', ')}]` },
  { id: 'bytes', name: 'Bytes', number: true, text: (row) => formatInteger(row.end - row.start) },
  { id: 'file', name: 'Shard', number: false, text: (row) => row.file },
  {
    id: 'start',
    name: 'Bytes of the file',
    number: true,
    text: (row) => `${formatInteger(row.start)}–${formatInteger(row.end)}`,
  },
];

interface TensorTableProps {
  readonly answer: TensorAnswer;
  readonly query: TensorQuery;
  readonly onSort: (column: TensorColumn) => void;
}

/** The rows of a search, those in sight alone. */
export function TensorTable({ answer, query, onSort }: TensorTableProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const [cursor, setCursor] = useState(0);
  const rows = useVirtualizer({
    count: answer.count,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 12,
    paddingStart: 28,
    scrollPaddingStart: 28,
  });
  const items = rows.getVirtualItems();
  const first = Math.floor((items[0]?.index ?? 0) / PAGE);
  const pages = [useTensorPage(answer.id, first, PAGE), useTensorPage(answer.id, first + 1, PAGE)];
  const rowAt = (index: number) => pages[Math.floor(index / PAGE) - first]?.data?.[index % PAGE];
  const onKeyDown = (event: KeyboardEvent) => {
    const visible = Math.floor((scroller.current?.clientHeight ?? 0) / ROW) - 1;
    const to = target(event.key, cursor, answer.count, visible);
    if (to === null) return;
    event.preventDefault();
    setCursor(to);
    rows.scrollToIndex(to);
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: rows come and go as they are scrolled to
    <div
      ref={scroller}
      className="tensors-scroller"
      role="grid"
      aria-label="Tensors"
      aria-rowcount={answer.count + 1}
      aria-colcount={COLUMNS.length}
      aria-activedescendant={answer.count > 0 ? `tensor-${cursor}` : undefined}
      tabIndex={0}
      onKeyDown={onKeyDown}
    >
      {/* biome-ignore lint/a11y/useSemanticElements: see above */}
      <div className="tensors-body" role="rowgroup" ref={styled({ height: `${rows.getTotalSize()}px` })}>
        {/* biome-ignore lint/a11y/useSemanticElements: see above */}
        {/* biome-ignore lint/a11y/useFocusableInteractive: its buttons take the focus */}
        <div className="tensors-row tensors-head" role="row" aria-rowindex={1}>
          {COLUMNS.map(({ id, name, number }) => (
            // biome-ignore lint/a11y/useSemanticElements: see above
            // biome-ignore lint/a11y/useFocusableInteractive: its button takes the focus
            <span
              key={id}
              role="columnheader"
              className={number ? 'number' : undefined}
              aria-sort={query.sort === id ? (query.descending ? 'descending' : 'ascending') : 'none'}
            >
              <button type="button" onClick={() => onSort(id)}>
                {name}
                {query.sort === id ? (query.descending ? ' ↓' : ' ↑') : ''}
              </button>
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
            onPick={setCursor}
          />
        ))}
      </div>
    </div>
  );
}

interface RowProps {
  readonly index: number;
  readonly start: number;
  readonly row: TensorRow | undefined;
  readonly current: boolean;
  readonly onPick: (index: number) => void;
}

function Row({ index, start, row, current, onPick }: RowProps) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: see above
    // biome-ignore lint/a11y/useFocusableInteractive: the grid holds the focus and names the row
    // biome-ignore lint/a11y/useKeyWithClickEvents: the grid's arrow keys do the same
    <div
      id={`tensor-${index}`}
      className="tensors-row"
      role="row"
      aria-rowindex={index + 2}
      aria-selected={current}
      ref={styled({ translate: `0 ${start}px` })}
      onClick={() => onPick(index)}
    >
      {COLUMNS.map(({ id, number, text }) => (
        // biome-ignore lint/a11y/useSemanticElements: see above
        // biome-ignore lint/a11y/useFocusableInteractive: see above
        <span key={id} role="gridcell" className={number ? 'number' : undefined} title={row && text(row)}>
          {row ? text(row) : '…'}
        </span>
      ))}
    </div>
  );
}

/** Where a key leads from a row; null for keys that do not move. */
export function target(key: string, from: number, count: number, page: number): number | null {
  const steps: Record<string, number> = {
    ArrowDown: from + 1,
    ArrowUp: from - 1,
    PageDown: from + page,
    PageUp: from - page,
    Home: 0,
    End: count - 1,
  };
  const to = steps[key];
  return to === undefined || count === 0 ? null : Math.min(count - 1, Math.max(0, to));
}

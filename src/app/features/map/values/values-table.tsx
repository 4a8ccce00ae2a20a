import { useVirtualizer } from '@tanstack/react-virtual';
import { useDeferredValue, useMemo, useRef, useState } from 'react';
import type { ExpertMap } from '../../../../core/index.ts';
import type { Cell } from '../../../grid/geometry.ts';
import { styled } from '../../../parts/set-style.ts';
import { formatNumber, formatStatistic, type ProjectionId, statisticsAt } from './statistics.ts';
import { useValues } from './values-store.ts';

const ROW = 24;

interface ValuesTableProps {
  readonly map: ExpertMap;
  readonly projection: ProjectionId | null;
  readonly active: Cell | null;
  readonly onActive: (cell: Cell | null, pinned: boolean) => void;
}

interface ValueRow {
  readonly cell: Cell;
  readonly layer: string;
  readonly expert: number;
  readonly rms: number;
  readonly maxAbs: number;
  readonly mean: number;
  readonly zeros: number;
  readonly nan: number;
  readonly infinite: number;
}

type Column = Exclude<keyof ValueRow, 'cell'>;

const COLUMNS: readonly (readonly [Column, string, (row: ValueRow) => string])[] = [
  ['layer', 'Layer', (row) => row.layer],
  ['expert', 'Expert', (row) => String(row.expert)],
  ['rms', 'RMS', (row) => formatNumber(row.rms)],
  ['maxAbs', 'Largest', (row) => formatNumber(row.maxAbs)],
  ['mean', 'Mean', (row) => formatNumber(row.mean)],
  ['zeros', 'Zeros', (row) => formatStatistic('zeros', row.zeros)],
  ['nan', 'NaN', (row) => String(row.nan)],
  ['infinite', 'Inf', (row) => String(row.infinite)],
];

/** Measured values as a table, one row for each expert, sortable by any column. A row links to its expert. */
export function ValuesTable({ map, projection, active, onActive }: ValuesTableProps) {
  const measured = useDeferredValue(useValues((state) => state.measured));
  const [sort, setSort] = useState<{ column: Column; descending: boolean }>({ column: 'layer', descending: false });
  const rows = useMemo(() => {
    const all = map.rows.flatMap((facts, row) =>
      measured.has(facts.prefix)
        ? Array.from({ length: facts.experts ?? 0 }, (_, expert) => {
            const values = statisticsAt(measured, facts.prefix, expert, projection);
            return values ? [rowOf({ row, column: expert }, facts.index ?? row, values)] : [];
          }).flat()
        : [],
    );
    const { column, descending } = sort;
    const key = (row: ValueRow) => (column === 'layer' ? row.cell.row : row[column]);
    return all.sort((a, b) => (Number(key(a)) - Number(key(b))) * (descending ? -1 : 1));
  }, [map, measured, projection, sort]);
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 10,
    paddingStart: ROW + 4,
  });
  const sortBy = (column: Column) =>
    setSort((before) => ({ column, descending: before.column === column ? !before.descending : column !== 'layer' }));
  if (rows.length === 0) return <p className="values-empty quiet">No layer is measured yet. Press Measure above.</p>;
  return (
    // biome-ignore lint/a11y/useSemanticElements: rows come and go as they are scrolled to
    <div ref={scroller} className="values-scroller" role="table" aria-label="Values" aria-rowcount={rows.length + 1}>
      {/* biome-ignore lint/a11y/useSemanticElements: see above */}
      <div role="rowgroup" className="values-rows" ref={styled({ height: `${virtual.getTotalSize()}px` })}>
        {/* biome-ignore lint/a11y/useSemanticElements: see above */}
        {/* biome-ignore lint/a11y/useFocusableInteractive: its buttons take the focus */}
        <div className="values-row values-head" role="row" aria-rowindex={1}>
          {COLUMNS.map(([column, name]) => (
            // biome-ignore lint/a11y/useSemanticElements: see above
            // biome-ignore lint/a11y/useFocusableInteractive: its button takes the focus
            <span
              key={column}
              role="columnheader"
              className="number"
              aria-sort={sort.column !== column ? 'none' : sort.descending ? 'descending' : 'ascending'}
            >
              <button type="button" onClick={() => sortBy(column)}>
                {name}
                {sort.column === column ? (sort.descending ? ' ↓' : ' ↑') : ''}
              </button>
            </span>
          ))}
        </div>
        {virtual.getVirtualItems().map(({ index, start }) => {
          const row = rows[index];
          if (!row) return null;
          const current = active?.row === row.cell.row && active.column === row.expert;
          return (
            // biome-ignore lint/a11y/useSemanticElements: see above
            // biome-ignore lint/a11y/useFocusableInteractive: its button takes the focus
            <div
              key={index}
              className="values-row"
              role="row"
              aria-rowindex={index + 2}
              aria-current={current ? 'true' : undefined}
              ref={styled({ translate: `0 ${start}px` })}
            >
              {COLUMNS.map(([column, , text]) => (
                // biome-ignore lint/a11y/useSemanticElements: see above
                <span key={column} role="cell" className="number mono" title={String(row[column])}>
                  {column === 'expert' ? (
                    <button type="button" className="link" onClick={() => onActive(row.cell, true)}>
                      {text(row)}
                    </button>
                  ) : (
                    text(row)
                  )}
                </span>
              ))}
            </div>
          );
        })}
      </div>
    </div>
  );
}

function rowOf(cell: Cell, layer: number, values: NonNullable<ReturnType<typeof statisticsAt>>): ValueRow {
  const { rms, maxAbs, mean, zeros, count, nan, infinite } = values;
  const share = zeros / Math.max(1, count);
  return { cell, layer: String(layer), expert: cell.column, rms, maxAbs, mean, zeros: share, nan, infinite };
}

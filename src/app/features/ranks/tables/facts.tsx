import { useVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { styled } from '../../../parts/set-style.ts';
import { useNarrow } from '../../../parts/use-narrow.ts';

const ROW = 28;
/** Pixels of a line of a list's item, and of the space around the lines. */
const LINE = 20;
const AROUND = 12;

/** One column of a table; in a list, one line or half of a line of each item. */
export interface Column {
  readonly head: string;
  /** Numbers stand at the right. */
  readonly number?: boolean;
  /** Takes a whole line of a list's item. */
  readonly wide?: boolean;
  cell(row: number): ReactNode;
}

interface FactsProps {
  /** The section's name for assistive technology, and the heading that is seen. */
  readonly section: string;
  readonly title: string;
  /** The table's name. */
  readonly label: string;
  readonly columns: readonly Column[];
  readonly count: number;
  /** The row that is marked, and scrolled to at first. */
  readonly current?: number | null;
  readonly height: 'tall' | 'short';
  tsv(): string;
}

/** Rows of facts: a table, or a list on a narrow screen. Only rows in sight are drawn. */
export function Facts(props: FactsProps) {
  const { section, title, tsv } = props;
  return (
    <section aria-label={section}>
      <Head title={title} tsv={tsv} />
      {useNarrow() ? <List {...props} /> : <Table {...props} />}
    </section>
  );
}

function useRows(count: number, height: number, current: number | null) {
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    overscan: 12,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: a row that is chosen later is in sight already
  useEffect(() => {
    if (current !== null) rows.scrollToIndex(current, { align: 'center' });
  }, [count]);
  return { scroller, items: rows.getVirtualItems(), total: rows.getTotalSize() };
}

function Table({ label, columns, count, current = null, height }: FactsProps) {
  const { scroller, items, total } = useRows(count, ROW, current);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section ref={scroller} className={`table-scroller ${height}`} aria-label={`${label}, scrolling`} tabIndex={0}>
      <table className="table" aria-label={label} aria-rowcount={count + 1}>
        <thead>
          <tr>
            {columns.map(({ head, number }) => (
              <th key={head} scope="col" className={number ? 'number' : undefined}>
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <Space height={items[0]?.start ?? 0} />
          {items.map(({ index }) => (
            <tr key={index} aria-rowindex={index + 2} aria-current={index === current ? 'true' : undefined}>
              {columns.map(({ head, number, cell }) => (
                <td key={head} className={number ? 'number mono' : 'mono'}>
                  {cell(index)}
                </td>
              ))}
            </tr>
          ))}
          <Space height={total - (items.at(-1)?.end ?? 0)} />
        </tbody>
      </table>
    </section>
  );
}

/** Rows that are not drawn. */
function Space({ height }: { readonly height: number }) {
  return height <= 0 ? null : <tr className="space" ref={styled({ height: `${height}px` })} />;
}

function List({ label, columns, count, current = null, height }: FactsProps) {
  const { scroller, items, total } = useRows(count, linesOf(columns) * LINE + AROUND, current);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section ref={scroller} className={`table-scroller ${height}`} aria-label={`${label}, scrolling`} tabIndex={0}>
      <ul className="facts-list" aria-label={label} ref={styled({ height: `${total}px` })}>
        {items.map(({ index, start }) => (
          <li
            key={index}
            aria-posinset={index + 1}
            aria-setsize={count}
            aria-current={index === current ? 'true' : undefined}
            ref={styled({ translate: `0 ${start}px` })}
          >
            {columns.map(({ head, wide, cell }) => (
              <span key={head} className={wide ? 'wide' : undefined}>
                <span className="quiet">{head}</span> <span className="mono">{cell(index)}</span>
              </span>
            ))}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Lines of an item: columns stand in pairs, wide ones alone. */
export function linesOf(columns: readonly Pick<Column, 'wide'>[]): number {
  let [lines, half] = [0, false];
  for (const { wide = false } of columns) {
    if (wide || !half) lines++;
    half = wide ? false : !half;
  }
  return lines;
}

function Head({ title, tsv }: Pick<FactsProps, 'title' | 'tsv'>) {
  const [told, setTold] = useState('');
  const copy = () =>
    navigator.clipboard.writeText(tsv()).then(
      () => setTold('Copied.'),
      () => setTold('The browser did not allow copying.'),
    );
  return (
    <div className="tables-head">
      <h2>{title}</h2>
      <span className="quiet small" role="status">
        {told}
      </span>
      <button type="button" className="button small" aria-label={`Copy as TSV: ${title}`} onClick={() => void copy()}>
        Copy as TSV
      </button>
    </div>
  );
}

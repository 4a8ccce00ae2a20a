import { type KeyboardEvent, memo, useCallback, useEffect, useMemo } from 'react';
import { formatInteger, type TensorAnswer, type TensorColumn, type TensorRow, visible } from '../../../core/index.ts';
import { styled } from '../../parts/set-style.ts';
import { Shown } from '../../parts/shown.tsx';
import { useNarrow } from '../../parts/use-narrow.ts';
import { PAGE, ROW, type Show, useList } from '../../parts/virtual-list/use-list.ts';
import { useTensorPage } from '../../queries/queries.ts';
import { inspectWorker } from '../../state/inspection.ts';
import { COLUMNS } from './columns.ts';
import { ShareBar, shareWords } from './share-bar.tsx';
import { type Jump, type OfExpert, useJump } from './use-selected-tensors.ts';

interface TensorTableProps {
  readonly answer: TensorAnswer;
  readonly sort: TensorColumn;
  readonly descending: boolean;
  readonly chosen: string | null;
  readonly ofExpert: OfExpert;
  readonly jump: Jump | null;
  readonly onSort: (column: TensorColumn) => void;
  readonly onOpen: (name: string) => void;
}

/** Two lines, on a narrow screen. */
const LIST_ROW = 52;

/** The rows of a search, those in sight alone; on a narrow screen a list. */
export const TensorTable = memo(function TensorTable(props: TensorTableProps) {
  const { answer, sort, descending, chosen, ofExpert, jump, onSort, onOpen } = props;
  const { scroller, cursor, active, setCursor, show, onMove, items, firstPage, nextPage, height } = useList(
    answer.count,
    answer.id,
    useNarrow() ? LIST_ROW : ROW,
  );
  const pages = [useTensorPage(answer, firstPage, PAGE), useTensorPage(answer, nextPage, PAGE)];
  const rowAt = (index: number) => pages[Math.floor(index / PAGE) - firstPage]?.data?.[index % PAGE];
  useShowChosen(answer.id, chosen, show);
  useJump(jump, true, (name) => void showTensor(answer.id, name, show));
  const pick = useCallback(
    (index: number, name: string) => {
      setCursor(index);
      onOpen(name);
    },
    [setCursor, onOpen],
  );
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target !== event.currentTarget || onMove(event)) return;
    const row = rowAt(cursor);
    if ((event.key === 'Enter' || event.key === ' ') && row) {
      event.preventDefault();
      onOpen(row.name);
    }
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
      aria-activedescendant={active === null ? undefined : `tensor-${active}`}
      tabIndex={0}
      onKeyDown={onKeyDown}
    >
      {/* biome-ignore lint/a11y/useSemanticElements: see above */}
      <div className="tensors-rows" role="rowgroup" ref={styled({ height: `${height}px` })}>
        <Head sort={sort} descending={descending} onSort={onSort} />
        {items.map(({ index, start }) => (
          <Row
            key={index}
            index={index}
            start={start}
            row={rowAt(index)}
            listed={answer.bytes}
            current={index === cursor}
            chosen={rowAt(index)?.name === chosen}
            badge={ofExpert.names.has(rowAt(index)?.name ?? '') ? ofExpert.badge : null}
            onPick={pick}
          />
        ))}
      </div>
    </div>
  );
});

/** Brings the tensor that an address names into sight, once. */
function useShowChosen(id: number, chosen: string | null, show: Show): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is chosen later is in sight already
  useEffect(() => {
    if (chosen === null) return;
    void showTensor(id, chosen, show);
  }, []);
}

/** Brings a tensor into sight, where the answer has it. */
async function showTensor(id: number, name: string, show: Show): Promise<void> {
  const row = await inspectWorker()
    .tensorPlace(id, name, null)
    .catch(() => null);
  if (row !== null) show(row, 'center');
}

function Head({ sort, descending, onSort }: Pick<TensorTableProps, 'sort' | 'descending' | 'onSort'>) {
  const arrow = descending ? ' ↓' : ' ↑';
  return (
    // biome-ignore lint/a11y/useSemanticElements: see above
    // biome-ignore lint/a11y/useFocusableInteractive: its buttons take the focus
    <div className="tensors-row tensors-head" role="row" aria-rowindex={1}>
      {COLUMNS.map(({ id, name, number }) => (
        // biome-ignore lint/a11y/useSemanticElements: see above
        // biome-ignore lint/a11y/useFocusableInteractive: its button takes the focus
        <span
          key={id}
          data-column={id}
          role="columnheader"
          className={number ? 'number' : undefined}
          aria-sort={sort === id ? (descending ? 'descending' : 'ascending') : 'none'}
        >
          <button type="button" onClick={() => onSort(id)}>
            <Shown text={name} />
            {sort === id ? arrow : ''}
          </button>
        </span>
      ))}
    </div>
  );
}

interface RowProps {
  readonly index: number;
  readonly start: number;
  readonly row: TensorRow | undefined;
  /** Bytes of all that is listed. */
  readonly listed: number;
  readonly current: boolean;
  readonly chosen: boolean;
  /** The chosen expert, where the tensor holds it. */
  readonly badge: string | null;
  readonly onPick: (index: number, name: string) => void;
}

const Row = memo(function Row({ index, start, row, listed, current, chosen, badge, onPick }: RowProps) {
  const place = useMemo(() => styled({ translate: `0 ${start}px` }), [start]);
  return (
    // biome-ignore lint/a11y/useSemanticElements: see above
    // biome-ignore lint/a11y/useFocusableInteractive: the grid holds the focus and names the row
    // biome-ignore lint/a11y/useKeyWithClickEvents: the grid's arrow keys and Enter do the same
    <div
      id={`tensor-${index}`}
      className="tensors-row"
      role="row"
      aria-rowindex={index + 2}
      aria-selected={chosen}
      data-current={current}
      data-of-expert={badge !== null}
      ref={place}
      onClick={() => row && onPick(index, row.name)}
    >
      {COLUMNS.map(({ id, number, text }) => (
        // biome-ignore lint/a11y/useSemanticElements: see above
        // biome-ignore lint/a11y/useFocusableInteractive: see above
        <span
          key={id}
          data-column={id}
          role="gridcell"
          className={number ? 'number' : undefined}
          title={row && visible(id === 'bytes' ? bytesTitle(row, listed) : text(row))}
        >
          {id === 'bytes' && row && <ShareBar bytes={row.end - row.start} of={listed} />}
          {id === 'name' && badge !== null && <span className="of-expert">{badge}</span>}
          <Shown text={row ? text(row) : '…'} />
        </span>
      ))}
    </div>
  );
});

function bytesTitle({ start, end }: TensorRow, listed: number): string {
  return `${formatInteger(end - start)} bytes, ${shareWords(end - start, listed)}`;
}

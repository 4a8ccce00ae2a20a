import { type KeyboardEvent, memo, useEffect, useMemo, useState } from 'react';
import { formatBytes, formatInteger, plural, type TensorAnswer, type TreeRow, visible } from '../../../core/index.ts';
import { styled } from '../../parts/set-style.ts';
import { Shown } from '../../parts/shown.tsx';
import { PAGE, type Show, useList } from '../../parts/virtual-list/use-list.ts';
import { useTreePage } from '../../queries/queries.ts';
import { inspectWorker } from '../../state/inspection.ts';
import { shapeOf } from './columns.ts';
import { ShareBar, shareWords } from './share-bar.tsx';
import { type Branches, useBranches } from './use-branches.ts';
import { type Jump, type OfExpert, useJump } from './use-selected-tensors.ts';

interface TensorTreeProps {
  readonly answer: TensorAnswer;
  /** True when a search or a filter leaves something out. */
  readonly narrowed: boolean;
  readonly chosen: string | null;
  readonly ofExpert: OfExpert;
  readonly jump: Jump | null;
  readonly onOpen: (name: string) => void;
}

/** The tensors of a search as a tree of the parts of their names, those in sight alone. */
export const TensorTree = memo(function TensorTree(props: TensorTreeProps) {
  const { answer, narrowed, chosen, ofExpert, jump, onOpen } = props;
  const branches = useBranches(narrowed, answer.count, chosen);
  const [count, setCount] = useState(0);
  const list = useList(count, answer.id);
  const { scroller, cursor, active, setCursor, show, items, firstPage, nextPage, height } = list;
  const pages = [
    useTreePage(answer, branches.open, firstPage, PAGE),
    useTreePage(answer, branches.open, nextPage, PAGE),
  ];
  const known = pages[0]?.data?.count ?? count;
  useEffect(() => setCount(known), [known]);
  const rowAt = (index: number) => pages[Math.floor(index / PAGE) - firstPage]?.data?.rows[index % PAGE];
  useShowChosen(count > 0, answer.id, chosen, branches, show);
  useJumpInTree(jump, answer.id, branches, show);
  const act = (row: TreeRow) => (row.isLeaf ? onOpen(row.path) : branches.toggle(row));
  const onKeyDown = (event: KeyboardEvent) => {
    if (list.onMove(event)) return;
    const row = rowAt(cursor);
    if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
    const done = onTreeKey(event.key, row, { branches, act, show, cursor, count });
    if (done) event.preventDefault();
  };
  return (
    <div className="tensors-list">
      <div className="tree-tools">
        <button type="button" className="button small" onClick={() => branches.setAll(true)}>
          Open all
        </button>
        <button type="button" className="button small" onClick={() => branches.setAll(false)}>
          Close all
        </button>
      </div>
      <div
        ref={scroller}
        className="tensors-scroller"
        role="tree"
        aria-label="Tensors by the parts of their names"
        aria-activedescendant={active === null ? undefined : `node-${active}`}
        tabIndex={0}
        onKeyDown={onKeyDown}
      >
        <div className="tree-rows" role="presentation" ref={styled({ height: `${height}px` })}>
          <div className="tree-row tensors-head" role="presentation">
            <span>Name</span>
            <span>Dtype</span>
            <span className="number">Shape</span>
            <span className="number">Tensors</span>
            <span className="number">Bytes</span>
          </div>
          {items.map(({ index, start }) => (
            <Node
              key={index}
              index={index}
              start={start}
              row={rowAt(index)}
              listed={answer.bytes}
              current={index === cursor}
              chosen={chosen}
              badge={ofExpert.names.has(rowAt(index)?.path ?? '') ? ofExpert.badge : null}
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
});

interface TreeActions {
  readonly branches: Branches;
  readonly act: (row: TreeRow) => void;
  readonly show: Show;
  readonly cursor: number;
  readonly count: number;
}

/** Right opens or goes in, Left closes or goes out, Enter and Space act, * opens all. */
function onTreeKey(key: string, row: TreeRow, { branches, act, show, cursor, count }: TreeActions): boolean {
  if (key === 'ArrowRight') {
    if (row.isLeaf) return true;
    if (!row.isOpen) branches.toggle(row);
    else if (cursor + 1 < count) show(cursor + 1);
  } else if (key === 'ArrowLeft') {
    if (row.isOpen) branches.toggle(row);
    else if (row.parent >= 0) show(row.parent);
  } else if (key === 'Enter' || key === ' ') act(row);
  else if (key === '*') branches.setAll(true);
  else return false;
  return true;
}

/** Brings what a link chose into sight once the tree has rows: before that there is nowhere to scroll to. */
function useShowChosen(isFilled: boolean, id: number, chosen: string | null, { open }: Branches, show: Show): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is chosen later is in sight already
  useEffect(() => {
    if (!isFilled || chosen === null) return;
    inspectWorker()
      .tensorPlace(id, chosen, open)
      .then((row) => row !== null && show(row, 'center'))
      .catch(() => {});
  }, [isFilled]);
}

/** Opens the branches above the tensor of a jump, then brings it into sight. */
function useJumpInTree(jump: Jump | null, id: number, { open, reveal }: Branches, show: Show): void {
  const [wanted, setWanted] = useState<Jump | null>(null);
  useJump(jump, true, (name) => {
    reveal(name);
    setWanted({ name });
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the branches are open when the wish is known
  useEffect(() => {
    if (!wanted) return;
    inspectWorker()
      .tensorPlace(id, wanted.name, open)
      .then((row) => row !== null && show(row, 'center'))
      .catch(() => {});
  }, [wanted]);
}

interface NodeProps {
  readonly index: number;
  readonly start: number;
  readonly row: TreeRow | undefined;
  /** Bytes of all that is listed. */
  readonly listed: number;
  readonly current: boolean;
  readonly chosen: string | null;
  /** The chosen expert, where the tensor holds it. */
  readonly badge: string | null;
  readonly onPick: (row: TreeRow) => void;
}

/** Pixels by which a level is moved in. */
const INDENT = 16;

function Node({ index, start, row, listed, current, chosen, badge, onPick }: NodeProps) {
  const level = row?.level ?? 1;
  const place = useMemo(() => styled({ translate: `0 ${start}px` }), [start]);
  const indent = useMemo(() => styled({ 'padding-left': `${12 + INDENT * (level - 1)}px` }), [level]);
  const tensor = row?.tensor;
  return (
    // biome-ignore lint/a11y/useFocusableInteractive: the tree holds the focus and names the node
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree's arrow keys and Enter do the same
    <div
      id={`node-${index}`}
      className="tree-row"
      role="treeitem"
      aria-level={level}
      aria-posinset={row?.position}
      aria-setsize={row?.siblings}
      aria-expanded={row && !row.isLeaf ? row.isOpen : undefined}
      aria-selected={row?.isLeaf === true && row.path === chosen}
      aria-label={row && visible(badge === null ? nameOf(row) : `${nameOf(row)}, ${badge}`)}
      data-current={current}
      data-of-expert={badge !== null}
      ref={place}
      onClick={() => row && onPick(row)}
    >
      <span title={row && visible(row.path)} ref={indent}>
        <span className="twisty" aria-hidden="true">
          {row && !row.isLeaf ? (row.isOpen ? '▾' : '▸') : ''}
        </span>
        {badge !== null && <span className="of-expert">{badge}</span>}
        <Shown text={row ? row.label || '(empty)' : '…'} />
      </span>
      <span>{tensor?.dtype}</span>
      <span className="number">{tensor ? shapeOf(tensor) : ''}</span>
      <span className="number">{row && !row.isLeaf ? formatInteger(row.tensors) : ''}</span>
      <span
        className="number"
        data-column="bytes"
        title={row && `${formatInteger(row.bytes)} bytes, ${shareWords(row.bytes, listed)}`}
      >
        {row && <ShareBar bytes={row.bytes} of={listed} />}
        {row ? formatBytes(row.bytes) : ''}
      </span>
    </div>
  );
}

function nameOf(row: TreeRow): string {
  const size = formatBytes(row.bytes);
  return row.tensor
    ? `${row.label}, ${row.tensor.dtype} ${shapeOf(row.tensor)}, ${size}`
    : `${row.label}, ${plural(row.tensors, 'tensor')}, ${size}`;
}

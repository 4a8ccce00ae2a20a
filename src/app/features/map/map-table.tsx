import { useVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, useEffect, useRef } from 'react';
import { type ExpertMap, formatBytes, formatInteger, NO_SHARD, visible } from '../../../core/index.ts';
import { describeCell, layoutOf, nameOf } from '../../grid/describe.ts';
import type { Cell } from '../../grid/geometry.ts';
import { styled } from '../../parts/set-style.ts';

interface MapTableProps {
  readonly map: ExpertMap;
  readonly active: Cell | null;
  readonly chosen: ReadonlySet<number>;
  readonly onActive: (cell: Cell | null, pinned: boolean) => void;
  readonly onChoose: (rows: readonly number[], how: 'toggle') => void;
  /** Shown instead of the list of experts; null for the list. */
  readonly below: ReactNode;
}

const ROW = 28;

/** The map as tables: layers, and the experts of the pinned layer. */
export function MapTable({ map, active, chosen, onActive, onChoose, below }: MapTableProps) {
  const layers = useRef<HTMLDivElement>(null);
  const pinned = active?.row ?? null;
  useEffect(() => {
    if (pinned !== null) layers.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest' });
  }, [pinned]);
  return (
    <div className={below ? 'map-tables with-values' : 'map-tables'}>
      <div ref={layers} className="table-scroller">
        <table className="table" aria-label="Layers">
          <thead>
            <tr>
              <th scope="col">Choose</th>
              <th scope="col">Layer</th>
              <th scope="col">Stored as</th>
              <th scope="col" className="number">
                Experts
              </th>
              <th scope="col" className="number">
                Bytes of experts
              </th>
              <th scope="col">Shards</th>
              <th scope="col" className="number">
                Defects
              </th>
            </tr>
          </thead>
          <tbody>
            {map.rows.map((facts, row) => (
              <tr key={`${facts.prefix} ${facts.index}`} aria-current={active?.row === row ? 'true' : undefined}>
                <td>
                  {facts.experts !== null && facts.index !== null && (
                    <input
                      type="checkbox"
                      aria-label={`Choose ${nameOf(facts).toLowerCase()}`}
                      checked={chosen.has(facts.index)}
                      onChange={() => onChoose([row], 'toggle')}
                    />
                  )}
                </td>
                <td>
                  <button
                    type="button"
                    className="link"
                    onClick={() => onActive({ row, column: Math.max(0, active?.column ?? 0) }, true)}
                  >
                    {nameOf(facts)}
                  </button>
                </td>
                <td>{layoutOf(facts)}</td>
                <td className="number mono">{facts.experts === null ? '–' : formatInteger(facts.experts)}</td>
                <td className="number mono" title={`${formatInteger(facts.bytes)} bytes`}>
                  {facts.experts === null ? '–' : formatBytes(facts.bytes)}
                </td>
                <td
                  className="mono"
                  title={filesOf(map, row)
                    .map(({ name }) => name)
                    .join('\n')}
                >
                  {shardsOf(map, row)}
                </td>
                <td className="number mono">{facts.defects.length}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {below ?? (active && <Experts map={map} active={active} onActive={onActive} />)}
    </div>
  );
}

/** The files that hold a layer's experts, in their order. */
function filesOf(map: ExpertMap, row: number): readonly { readonly at: number; readonly name: string }[] {
  const { gate, up, down, besides } = map.files;
  const ends = [row * map.columns, (row + 1) * map.columns] as const;
  const found = new Set([gate, up, down, besides].flatMap((column) => [...column.subarray(...ends)]));
  found.delete(NO_SHARD);
  return [...found].sort((a, b) => a - b).map((at) => ({ at, name: visible(map.shards[at] ?? '') }));
}

/** Numbers of the shards that hold a layer's experts: `1–2`. */
function shardsOf(map: ExpertMap, row: number): string {
  const numbers = filesOf(map, row).map(({ at }) => at + 1);
  const [first] = numbers;
  if (first === undefined) return '–';
  return numbers.length > 2 ? `${first}–${numbers.at(-1)}` : numbers.join(', ');
}

function Experts({ map, active, onActive }: Pick<MapTableProps, 'map' | 'onActive'> & { readonly active: Cell }) {
  const scroller = useRef<HTMLDivElement>(null);
  const facts = map.rows[active.row];
  const count = Math.min(facts?.experts ?? 0, map.columns);
  const rows = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 8,
  });
  const at = Math.max(0, active.column);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the list moves when another expert is pinned, and else stays where a person scrolled it
  useEffect(() => {
    if (at < count) rows.scrollToIndex(at);
  }, [active.row, at, count]);
  if (!facts || count === 0) return null;
  return (
    <section className="expert-list" aria-label={`Experts of ${nameOf(facts).toLowerCase()}`}>
      <h2>{nameOf(facts)}</h2>
      <div ref={scroller} className="table-scroller">
        <ul ref={styled({ height: `${rows.getTotalSize()}px` })}>
          {rows.getVirtualItems().map(({ index, start }) => (
            <li key={index} ref={styled({ translate: `0 ${start}px` })}>
              <button
                type="button"
                className="link"
                aria-pressed={index === active.column}
                onClick={() => onActive({ row: active.row, column: index }, true)}
              >
                {describeCell(map, { row: active.row, column: index }).split(', ').slice(1).join(' · ')}
              </button>
            </li>
          ))}
        </ul>
      </div>
    </section>
  );
}

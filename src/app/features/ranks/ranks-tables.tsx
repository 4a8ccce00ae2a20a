import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef, useState } from 'react';
import type { PlacedPicture, RankDetail, RankPicture, RankQuery } from '../../../../workers/ranks/protocol.ts';
import { formatInteger, tsvText } from '../../../core/index.ts';
import { styled } from '../../parts/set-style.ts';
import { Shown } from '../../parts/shown.tsx';
import { chooseRank, usePinnedRank } from '../../placement/rank-choices.ts';
import { useRankDetail } from '../../placement/use-ranks.ts';
import { KINDS } from './rank-facts.tsx';
import { coordsText, countOf, formatIntervals, layerName, totalOf } from './words.ts';

const ROW = 28;

interface TablesProps {
  readonly query: RankQuery;
  readonly picture: RankPicture;
  readonly placed: PlacedPicture;
}

/** The same facts as tables: ranks, then layers, files and ranges of the rank that is pinned. */
export function RanksTables({ query, picture, placed }: TablesProps) {
  const pinned = usePinnedRank();
  const rank = pinned !== null && pinned < placed.mesh.world ? pinned : null;
  const detail = useRankDetail(query, rank);
  return (
    <div className="ranks-tables">
      <RankTable placed={placed} rank={rank} />
      {detail && <LayerTable placed={placed} detail={detail} />}
      {detail && <FileTable picture={picture} detail={detail} />}
      {detail && <RangeTable picture={picture} detail={detail} />}
    </div>
  );
}

function RankTable({ placed, rank: pinned }: { readonly placed: PlacedPicture; readonly rank: number | null }) {
  const scroller = useRef<HTMLDivElement>(null);
  const { world } = placed.mesh;
  const rows = useVirtualizer({
    count: world,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 12,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is pinned later is in sight already
  useEffect(() => {
    if (pinned !== null) rows.scrollToIndex(pinned, { align: 'center' });
  }, [world]);
  const items = rows.getVirtualItems();
  const before = items[0]?.start ?? 0;
  const after = rows.getTotalSize() - (items.at(-1)?.end ?? 0);
  return (
    <section aria-label="Ranks and their bytes">
      <TableHead title="Ranks" tsv={() => ranksTsv(placed)} />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section ref={scroller} className="table-scroller tall" aria-label="Ranks, scrolling" tabIndex={0}>
        <table className="table" aria-label="Ranks" aria-rowcount={world + 1}>
          <thead>
            <tr>
              <th scope="col">Rank</th>
              <th scope="col">Coordinates</th>
              <th scope="col">Which experts</th>
              <th scope="col" className="number">
                Count
              </th>
              {[...KINDS, 'Held, bytes'].map((kind) => (
                <th key={kind} scope="col" className="number">
                  {kind}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            <Space height={before} />
            {items.map(({ index: rank }) => (
              <tr key={rank} aria-rowindex={rank + 2} aria-current={rank === pinned ? 'true' : undefined}>
                <td>
                  <button
                    type="button"
                    className="link"
                    aria-label={`Rank ${rank}`}
                    aria-pressed={rank === pinned}
                    onClick={() => chooseRank({ pinned: rank === pinned ? null : rank, hovered: null })}
                  >
                    {rank}
                  </button>
                </td>
                <td className="mono">{coordsText(placed, rank)}</td>
                <td className="mono">{formatIntervals(placed.experts[rank] ?? [])}</td>
                <td className="number mono">{countOf(placed.experts[rank] ?? [])}</td>
                {KINDS.map((kind, at) => (
                  <td key={kind} className="number mono">
                    {formatInteger(placed.held[rank * 4 + at] ?? 0)}
                  </td>
                ))}
                <td className="number mono">{formatInteger(totalOf(placed, rank))}</td>
              </tr>
            ))}
            <Space height={after} />
          </tbody>
        </table>
      </section>
    </section>
  );
}

/** Rows that are not drawn. */
function Space({ height }: { readonly height: number }) {
  return height <= 0 ? null : <tr className="space" ref={styled({ height: `${height}px` })} />;
}

function ranksTsv(placed: PlacedPicture): string {
  const head = ['rank', ...placed.axes, 'experts', ...KINDS, 'held'];
  const lines = placed.experts.map((experts, rank) => [
    rank,
    ...placed.coords.subarray(rank * placed.axes.length, (rank + 1) * placed.axes.length),
    formatIntervals(experts),
    ...placed.held.subarray(rank * 4, rank * 4 + 4),
    totalOf(placed, rank),
  ]);
  return tsvText([head, ...lines]);
}

function LayerTable({ placed, detail }: { readonly placed: PlacedPicture; readonly detail: RankDetail }) {
  const { rows, width } = placed;
  const lines = rows.map((row, at) => [layerName(row), expertsIn(detail.cells, at, width)] as const);
  return (
    <section aria-label={`Layers of rank ${detail.rank}`}>
      <TableHead
        title={`Experts of rank ${detail.rank} by layer`}
        tsv={() => tsvText([['layer', 'experts'], ...lines])}
      />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section className="table-scroller short" aria-label="Layers, scrolling" tabIndex={0}>
        <table className="table" aria-label="Experts by layer">
          <thead>
            <tr>
              <th scope="col">Layer</th>
              <th scope="col">Experts</th>
            </tr>
          </thead>
          <tbody>
            {lines.map(([name, experts], at) => (
              <tr key={rows[at]?.prefix}>
                <td>
                  <Shown text={name} />
                </td>
                <td className="mono">{experts}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </section>
  );
}

function expertsIn(cells: Uint8Array, row: number, width: number): string {
  const found: [number, number][] = [];
  for (let expert = 0; expert < width; expert++) {
    if (cells[row * width + expert] !== 1) continue;
    const last = found.at(-1);
    if (last && last[1] === expert) last[1]++;
    else found.push([expert, expert + 1]);
  }
  return formatIntervals(found);
}

interface DetailProps {
  readonly picture: RankPicture;
  readonly detail: RankDetail;
}

function FileTable({ picture, detail }: DetailProps) {
  const lines = picture.files
    .map((file, at) => [file.name, detail.perFile[at] ?? 0, file.byteLength] as const)
    .filter(([, bytes]) => bytes > 0);
  return (
    <section aria-label={`Files of rank ${detail.rank}`}>
      <TableHead
        title={`Files that rank ${detail.rank} reads`}
        tsv={() => tsvText([['file', 'read', 'size'], ...lines])}
      />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section className="table-scroller short" aria-label="Files, scrolling" tabIndex={0}>
        <table className="table" aria-label="Files read">
          <thead>
            <tr>
              <th scope="col">File</th>
              <th scope="col" className="number">
                Bytes read
              </th>
              <th scope="col" className="number">
                Size
              </th>
            </tr>
          </thead>
          <tbody>
            {lines.map(([name, bytes, size]) => (
              <tr key={name}>
                <td className="mono">
                  <Shown text={name} />
                </td>
                <td className="number mono">{formatInteger(bytes)}</td>
                <td className="number mono">{formatInteger(size)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </section>
  );
}

function RangeTable({ picture, detail }: DetailProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const { rangeFile, rangeOffset, rangeLength, rangeParts } = detail;
  const rows = useVirtualizer({
    count: rangeFile.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 12,
  });
  const items = rows.getVirtualItems();
  const line = (at: number) =>
    [picture.files[rangeFile[at] ?? 0]?.name, rangeOffset[at] ?? 0, rangeLength[at] ?? 0, rangeParts[at] ?? 0] as const;
  const tsv = () => tsvText([['file', 'offset', 'length', 'parts'], ...Array.from(rangeFile, (_, at) => line(at))]);
  return (
    <section aria-label={`Ranges of rank ${detail.rank}`}>
      <TableHead title={`Ranges that rank ${detail.rank} reads`} tsv={tsv} />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section ref={scroller} className="table-scroller short" aria-label="Ranges, scrolling" tabIndex={0}>
        <table className="table" aria-label="Ranges read" aria-rowcount={rangeFile.length + 1}>
          <thead>
            <tr>
              <th scope="col">File</th>
              <th scope="col" className="number">
                From byte
              </th>
              <th scope="col" className="number">
                Bytes
              </th>
              <th scope="col" className="number">
                Parts
              </th>
            </tr>
          </thead>
          <tbody>
            <Space height={items[0]?.start ?? 0} />
            {items.map(({ index }) => {
              const [file, offset, length, parts] = line(index);
              return (
                <tr key={index} aria-rowindex={index + 2}>
                  <td className="mono">
                    <Shown text={file ?? ''} />
                  </td>
                  <td className="number mono">{formatInteger(offset)}</td>
                  <td className="number mono">{formatInteger(length)}</td>
                  <td className="number mono">{formatInteger(parts)}</td>
                </tr>
              );
            })}
            <Space height={rows.getTotalSize() - (items.at(-1)?.end ?? 0)} />
          </tbody>
        </table>
      </section>
    </section>
  );
}

function TableHead({ title, tsv }: { readonly title: string; readonly tsv: () => string }) {
  const [told, setTold] = useState('');
  const copy = () =>
    navigator.clipboard.writeText(tsv()).then(
      () => setTold('Copied.'),
      () => setTold('The browser did not let it be copied.'),
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

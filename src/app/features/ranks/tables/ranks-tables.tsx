import type { PlacedPicture, RankDetail, RankPicture, RankQuery } from '../../../../../workers/ranks/protocol.ts';
import { formatInteger, tsvText } from '../../../../core/index.ts';
import { Shown } from '../../../parts/shown.tsx';
import { chooseRank, usePinnedRank } from '../../../placement/rank-choices.ts';
import { useRankDetail } from '../../../placement/use-ranks.ts';
import { ByteCount } from '../byte-count.tsx';
import { KINDS } from '../rank-facts.tsx';
import { coordsText, countOf, formatIntervals, layerName, totalOf } from '../rank-format.ts';
import { type Column, Facts } from './facts.tsx';
import '../../../theme/table.css';
import './tables.css';

interface TablesProps {
  readonly query: RankQuery;
  readonly picture: RankPicture;
  readonly placed: PlacedPicture;
}

/** The placement as tables: all ranks, then layers, files and byte ranges of the pinned rank. */
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
  const columns: readonly Column[] = [
    { head: 'Rank', cell: (rank) => <PinButton rank={rank} pinned={rank === pinned} /> },
    { head: 'Coordinates', cell: (rank) => coordsText(placed, rank) },
    { head: 'Which experts', wide: true, cell: (rank) => <Experts intervals={placed.experts[rank] ?? []} /> },
    { head: 'Count', number: true, cell: (rank) => countOf(placed.experts[rank] ?? []) },
    { head: 'Weights', number: true, cell: (rank) => <ByteCount bytes={totalOf(placed, rank)} /> },
    ...KINDS.map((kind, at) => ({
      head: kind,
      number: true,
      cell: (rank: number) => <ByteCount bytes={placed.held[rank * 4 + at] ?? 0} />,
    })),
  ];
  return (
    <Facts
      section="Ranks and their weights"
      title="Ranks"
      label="Ranks"
      columns={columns}
      count={placed.mesh.world}
      current={pinned}
      height="tall"
      tsv={() => ranksTsv(placed)}
    />
  );
}

function PinButton({ rank, pinned }: { readonly rank: number; readonly pinned: boolean }) {
  return (
    <button
      type="button"
      className="link"
      aria-label={`Rank ${rank}`}
      aria-pressed={pinned}
      onClick={() => chooseRank({ pinned: pinned ? null : rank, hovered: null })}
    >
      {rank}
    </button>
  );
}

function Experts({ intervals }: { readonly intervals: PlacedPicture['experts'][number] }) {
  const text = formatIntervals(intervals);
  return <span title={text}>{text}</span>;
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
    <Facts
      section={`Layers of rank ${detail.rank}`}
      title={`Experts of rank ${detail.rank} by layer`}
      label="Experts by layer"
      columns={[
        { head: 'Layer', wide: true, cell: (at) => <Shown text={lines[at]?.[0] ?? ''} /> },
        { head: 'Experts', wide: true, cell: (at) => lines[at]?.[1] },
      ]}
      count={lines.length}
      height="short"
      tsv={() => tsvText([['layer', 'experts'], ...lines])}
    />
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
    <Facts
      section={`Files of rank ${detail.rank}`}
      title={`Files that rank ${detail.rank} reads`}
      label="Files read"
      columns={[
        { head: 'File', wide: true, cell: (at) => <Shown text={lines[at]?.[0] ?? ''} /> },
        { head: 'Read', number: true, cell: (at) => <ByteCount bytes={lines[at]?.[1] ?? 0} /> },
        { head: 'Size', number: true, cell: (at) => <ByteCount bytes={lines[at]?.[2] ?? 0} /> },
      ]}
      count={lines.length}
      height="short"
      tsv={() => tsvText([['file', 'read', 'size'], ...lines])}
    />
  );
}

function RangeTable({ picture, detail }: DetailProps) {
  const { rangeFile, rangeOffset, rangeLength, rangeParts } = detail;
  const line = (at: number) =>
    [picture.files[rangeFile[at] ?? 0]?.name, rangeOffset[at] ?? 0, rangeLength[at] ?? 0, rangeParts[at] ?? 0] as const;
  return (
    <Facts
      section={`Ranges of rank ${detail.rank}`}
      title={`Byte ranges that rank ${detail.rank} reads`}
      label="Ranges read"
      columns={[
        { head: 'File', wide: true, cell: (at) => <Shown text={line(at)[0] ?? ''} /> },
        { head: 'From byte', number: true, wide: true, cell: (at) => formatInteger(line(at)[1]) },
        { head: 'Length', number: true, cell: (at) => <ByteCount bytes={line(at)[2]} /> },
        { head: 'Parts', number: true, cell: (at) => formatInteger(line(at)[3]) },
      ]}
      count={rangeFile.length}
      height="short"
      tsv={() => tsvText([['file', 'offset', 'length', 'parts'], ...Array.from(rangeFile, (_, at) => line(at))])}
    />
  );
}

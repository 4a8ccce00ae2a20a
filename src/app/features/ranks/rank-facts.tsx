import type { PlacedPicture, RankDetail, RankPicture, RankQuery } from '../../../../workers/ranks/protocol.ts';
import { formatBytes, formatInteger, frameworkOf, plural } from '../../../core/index.ts';
import { formatRange } from '../../parts/numbers.ts';
import { chooseRank, holdsSame, useHolder, useShownRank, useToldRank } from '../../placement/rank-choices.ts';
import { rankColour } from '../../placement/rank-colours.ts';
import { useRankDetail } from '../../placement/use-ranks.ts';
import { coordsText, formatFactor, formatIntervals, totalOf } from './words.ts';

/** Ranges shown here; the table has all of them. */
const SHOWN = 6;
/** What a rank's bytes are, in the order of the picture. */
export const KINDS = ['Experts', 'Redundant experts', 'Dense, replicated', 'Dense, sharded'] as const;

interface FactsProps {
  readonly query: RankQuery;
  readonly picture: RankPicture;
  readonly placed: PlacedPicture;
}

/** The rank that is pointed at or pinned: experts, bytes, ranges, files, amplification. */
export function RankFacts({ query, picture, placed }: FactsProps) {
  const shown = useShownRank(placed.mesh.world);
  const holder = useHolder(placed);
  const rank = useToldRank(placed);
  const detail = useRankDetail(query, rank);
  return (
    <section className="rank-facts" aria-label="Rank">
      <div className="details-head">
        <h2>
          <Swatch colour={rankColour(rank, placed.mesh.world)} /> Rank {rank}{' '}
          <span className="quiet mono">{coordsText(placed, rank)}</span>
        </h2>
        {shown !== null && (
          <button type="button" className="button small" onClick={() => chooseRank({ pinned: null, hovered: null })}>
            Unpin
          </button>
        )}
      </div>
      {shown === null && (
        <p className="quiet small">
          Point at a rank or a cell to see another, click to pin it. By keyboard: arrows move, Enter pins, Esc unpins.
        </p>
      )}
      <p className="small">
        Experts <span className="mono">{formatIntervals(placed.experts[rank] ?? [])}</span>
        {placed.uniform ? ' of each layer' : ', all layers together'}
      </p>
      {holder && holdsSame(placed, rank, holder.rank) && (
        <p className="small">
          Holds the chosen expert: layer {holder.layer}, expert {holder.expert}.
        </p>
      )}
      <HeldTable placed={placed} rank={rank} />
      {detail ? <Loading detail={detail} picture={picture} query={query} /> : <p className="quiet small">Counting …</p>}
    </section>
  );
}

/** A coloured square; SVG, since the page allows no inline styles. */
export function Swatch({ colour }: { readonly colour: string }) {
  return (
    <svg className="swatch" viewBox="0 0 12 12" aria-hidden="true">
      <rect width="12" height="12" fill={colour} />
    </svg>
  );
}

function HeldTable({ placed, rank }: { readonly placed: PlacedPicture; readonly rank: number }) {
  return (
    <table className="facts-table" aria-label={`Bytes of rank ${rank}`}>
      <tbody>
        {KINDS.map((kind, at) => {
          const bytes = placed.held[rank * 4 + at] ?? 0;
          return bytes === 0 ? null : (
            <tr key={kind}>
              <th scope="row">{kind}</th>
              <td className="number mono">{formatInteger(bytes)}</td>
            </tr>
          );
        })}
        <tr className="sum">
          <th scope="row">Held, bytes</th>
          <td className="number mono">{formatInteger(totalOf(placed, rank))}</td>
        </tr>
      </tbody>
    </table>
  );
}

interface LoadingProps {
  readonly detail: RankDetail;
  readonly picture: RankPicture;
  readonly query: RankQuery;
}

function Loading({ detail, picture, query }: LoadingProps) {
  const { loading, rangeFile, rangeOffset, rangeLength } = detail;
  const own = frameworkOf(query.options.framework)?.title ?? '';
  const rows: readonly (readonly [name: string, bytes: number, way: typeof loading.way])[] = [
    ['Slices alone', loading.slices, 'spans'],
    ['Its files, whole', loading.wholeFiles, null],
    ['vLLM’s weight filter', loading.filtered, null],
    ['Everything', loading.everything, 'everything'],
  ];
  return (
    <>
      <p className="small">
        {plural(loading.ranges, 'range')} of {formatInteger(loading.files)} of {plural(picture.files.length, 'file')}.{' '}
        {loading.real === null
          ? `${own} has no loader of these files; a slice reader reads `
          : `${own} reads ${formatBytes(loading.real)}: `}
        <strong>{formatFactor(loading.amplification)}</strong> what it keeps.
      </p>
      <table className="facts-table" aria-label="Bytes read, by how it is loaded">
        <tbody>
          {rows.map(([name, bytes, way]) => (
            <tr key={name}>
              <th scope="row">
                {name}
                {way !== null && way === loading.way && <span className="quiet"> (as {own} reads)</span>}
              </th>
              <td className="number mono">{formatInteger(bytes)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <ul className="ranges">
        {Array.from(rangeFile.subarray(0, SHOWN), (file, at) => {
          const start = rangeOffset[at] ?? 0;
          return (
            <li key={`${file} ${start}`} className="mono">
              {picture.files[file]?.name}
              <br />
              <span className="quiet">{formatRange({ start, end: start + (rangeLength[at] ?? 0) })}</span>
            </li>
          );
        })}
      </ul>
      {rangeFile.length > SHOWN && (
        <p className="quiet small">and {formatInteger(rangeFile.length - SHOWN)} more: the table has them all.</p>
      )}
    </>
  );
}

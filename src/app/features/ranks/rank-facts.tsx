import type { PlacedPicture, RankDetail, RankPicture, RankQuery } from '../../../../workers/ranks/protocol.ts';
import { formatInteger, frameworkOf, plural } from '../../../core/index.ts';
import { formatRange } from '../../parts/numbers.tsx';
import { chooseRank, holdsSame, useHolder, useShownRank, useToldRank } from '../../placement/rank-choices.ts';
import { rankColour } from '../../placement/rank-colours.ts';
import { useRankDetail } from '../../placement/use-ranks.ts';
import { ByteCount } from './byte-count.tsx';
import { Fold } from './fold.tsx';
import { coordsText, formatFactor, formatIntervals, totalOf } from './rank-format.ts';

/** Ranges that are listed here; the table lists all of them. */
const SHOWN = 6;
/** Kinds of weights, in the order of `held`. */
export const KINDS = ['Experts', 'Redundant experts', 'Dense, replicated', 'Dense, sharded'] as const;

interface FactsProps {
  readonly query: RankQuery;
  readonly picture: RankPicture;
  readonly placed: PlacedPicture;
}

/** The rank that is pointed at or pinned: its experts, its bytes of weights, and what it reads to load them. */
export function RankFacts({ query, picture, placed }: FactsProps) {
  const shown = useShownRank(placed.mesh.world);
  const holder = useHolder(placed);
  const rank = useToldRank(placed);
  const detail = useRankDetail(query, rank);
  return (
    <Fold
      part="rank"
      label="Rank"
      className="rank-facts"
      title={
        <>
          <Swatch colour={rankColour(rank, placed.mesh.world)} /> Rank {rank}{' '}
          <span className="quiet mono">{coordsText(placed, rank)}</span>
        </>
      }
    >
      {shown === null ? (
        <p className="quiet small">
          Point at a rank or a cell to see another rank, and click to pin it. With the keyboard, arrow keys move, Enter
          pins and Esc unpins.
        </p>
      ) : (
        <div>
          <button type="button" className="button small" onClick={() => chooseRank({ pinned: null, hovered: null })}>
            Unpin
          </button>
        </div>
      )}
      <p className="small">
        Experts <span className="mono">{formatIntervals(placed.experts[rank] ?? [])}</span>
        {placed.uniform ? ' of each layer' : ' (in some layer; the layers differ)'}
      </p>
      {holder && holdsSame(placed, rank, holder.rank) && (
        <p className="small">
          Holds the chosen expert: layer {holder.layer}, expert {holder.expert}.
        </p>
      )}
      <HeldTable placed={placed} rank={rank} />
      {detail ? (
        <Loading detail={detail} picture={picture} query={query} />
      ) : (
        <p className="quiet small">Counting the bytes to read …</p>
      )}
    </Fold>
  );
}

/** A coloured square. It is SVG because the page allows no inline styles. */
export function Swatch({ colour }: { readonly colour: string }) {
  return (
    <svg className="swatch" viewBox="0 0 12 12" aria-hidden="true">
      <rect width="12" height="12" fill={colour} />
    </svg>
  );
}

function HeldTable({ placed, rank }: { readonly placed: PlacedPicture; readonly rank: number }) {
  return (
    <table className="facts-table" aria-label={`Weights of rank ${rank}`}>
      <tbody>
        {KINDS.map((kind, at) => {
          const bytes = placed.held[rank * 4 + at] ?? 0;
          return bytes === 0 ? null : (
            <tr key={kind}>
              <th scope="row">{kind}</th>
              <td className="number mono">
                <ByteCount bytes={bytes} />
              </td>
            </tr>
          );
        })}
        <tr className="sum">
          <th scope="row">Weights of the rank</th>
          <td className="number mono">
            <ByteCount bytes={totalOf(placed, rank)} />
          </td>
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
    ['Only the slices it keeps', loading.slices, 'spans'],
    ['Each file with such a slice', loading.wholeFiles, null],
    ['With vLLM’s weight filter', loading.filtered, null],
    ['All files', loading.everything, 'everything'],
  ];
  return (
    <>
      <p className="small">
        {plural(loading.ranges, 'range')} of {formatInteger(loading.files)} of {plural(picture.files.length, 'file')}.{' '}
        {loading.real === null ? `${own} cannot load these files. A reader of slices reads ` : `${own} reads `}
        <strong>{formatFactor(loading.amplification)}</strong> the bytes that the rank keeps.
      </p>
      <table className="facts-table" aria-label="Bytes read, by way of loading">
        <tbody>
          {rows.map(([name, bytes, way]) => (
            <tr key={name}>
              <th scope="row">
                {name}
                {way !== null && way === loading.way && <span className="quiet"> ({own} does this)</span>}
              </th>
              <td className="number mono">
                <ByteCount bytes={bytes} />
              </td>
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
        <p className="quiet small">
          and {formatInteger(rangeFile.length - SHOWN)} more ranges. “Table” lists all of them.
        </p>
      )}
    </>
  );
}

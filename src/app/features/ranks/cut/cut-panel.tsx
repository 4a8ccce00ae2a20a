import { useState } from 'react';
import type { PlacedPicture, RankCut, RankQuery, RankRow } from '../../../../../workers/ranks/protocol.ts';
import { formatInteger, visible } from '../../../../core/index.ts';
import { useFindingsSentence } from '../../../checkpoint/use-findings-sentence.ts';
import { formatRange } from '../../../parts/numbers.tsx';
import { PictureLegend, PictureView } from '../../../pictures/picture-view.tsx';
import { SaveLayer } from '../../../pictures/save-layer.tsx';
import { useWidth } from '../../../pictures/use-width.ts';
import { chooseRank, useToldRank } from '../../../placement/rank-choices.ts';
import { useRankCut } from '../../../placement/use-ranks.ts';
import { move, useAddress } from '../../../state/address-store.ts';
import { useInspection } from '../../../state/inspection.ts';
import { movePlace } from '../../../state/seen/use-look.ts';
import './cut.css';

/** A window less high than this begins with the panel closed. */
const HIGH = '(min-height: 880px)';
/** Ranges in sight before the others are asked for. */
const SHOWN = 12;

interface CutPanelProps {
  readonly query: RankQuery;
  readonly placed: PlacedPicture;
}

/** One rank's part of one layer: lit in the stored tensors and in the files, with its ranges. */
export function CutPanel({ query, placed }: CutPanelProps) {
  const said = useAddress((address) => address.place.readsShown);
  const [high] = useState(() => matchMedia(HIGH).matches);
  const open = said ?? high;
  const rank = useToldRank(placed);
  const layer = useAddress((address) => address.layer);
  const found = placed.rows.findIndex(({ index }) => index !== null && index === layer);
  const [chosen, setChosen] = useState(0);
  const row = found === -1 ? Math.min(chosen, placed.rows.length - 1) : found;
  const [panel, width] = useWidth();
  const shown = placed.rows[row];
  const cut = useRankCut(query, open && shown && width !== null ? { rank, row, width } : null);
  if (!shown) return null;
  const title = `Bytes that rank ${rank} reads from ${nameOf(shown)}`;
  return (
    <section ref={panel} className="cut-panel" aria-label="Bytes that a rank reads from a layer">
      <header className="cut-head">
        <h2>
          <button type="button" className="link" aria-expanded={open} onClick={() => movePlace({ readsShown: !open })}>
            {title}
          </button>
        </h2>
        {open && (
          <Choosers
            placed={placed}
            rank={rank}
            row={row}
            onRow={(at) => {
              setChosen(at);
              move({ layer: placed.rows[at]?.index ?? null });
            }}
          />
        )}
      </header>
      {open && cut && <Drawn cut={cut} title={title} />}
      {open && !cut && <p className="quiet cut-wait">Drawing …</p>}
    </section>
  );
}

function nameOf({ index, prefix }: RankRow): string {
  return index === null ? visible(prefix) : `layer ${index}`;
}

interface ChoosersProps {
  readonly placed: PlacedPicture;
  readonly rank: number;
  readonly row: number;
  readonly onRow: (row: number) => void;
}

/** The rank is the one that the grid and the list mark. */
function Choosers({ placed, rank, row, onRow }: ChoosersProps) {
  const { mesh, rows } = placed;
  return (
    <>
      <label className="cut-rank">
        Rank
        <input
          type="range"
          min={0}
          max={mesh.world - 1}
          step={1}
          value={rank}
          aria-valuetext={`Rank ${rank} of ${mesh.world}`}
          disabled={mesh.world === 1}
          onChange={(event) => chooseRank({ pinned: event.target.valueAsNumber, hovered: null })}
        />
        <span className="mono">{rank}</span>
      </label>
      <label>
        Layer{' '}
        <select value={row} onChange={(event) => onRow(Number(event.target.value))}>
          {rows.map((each, at) => (
            <option key={each.prefix} value={at}>
              {each.index === null ? visible(each.prefix) : each.index}
            </option>
          ))}
        </select>
      </label>
    </>
  );
}

function Drawn({ cut, title }: { readonly cut: RankCut; readonly title: string }) {
  const { glyph, strip, words, ranges } = cut;
  const identity = useInspection((state) => state.summary?.identity ?? '');
  const found = useFindingsSentence();
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className="cut-body" tabIndex={0} aria-label="Drawing of the bytes that the rank reads">
      <p className="cut-words" role="status">
        {words}
      </p>
      <div className="cut-save">
        <PictureLegend pictures={[strip]} />
        <SaveLayer
          glyph={glyph}
          strip={strip}
          notes={[identity, found, `${title}. ${words}`]}
          name={[identity, title]}
          expert={null}
          what="the bytes that the rank reads"
        />
      </div>
      <div className="cut-pictures">
        {glyph && <PictureView picture={glyph} expert={null} />}
        <PictureView picture={strip} expert={null} />
      </div>
      <Ranges ranges={ranges} />
    </section>
  );
}

function Ranges({ ranges }: Pick<RankCut, 'ranges'>) {
  const [all, setAll] = useState(false);
  if (ranges.length === 0) return null;
  const rows = all ? ranges : ranges.slice(0, SHOWN);
  return (
    <>
      <table className="facts-table cut-ranges" aria-label="Ranges read">
        <thead>
          <tr>
            <th scope="col">File</th>
            <th scope="col">Range</th>
            <th scope="col" className="number">
              Bytes
            </th>
            <th scope="col">Tensors</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ file, start, end, parts }) => (
            <tr key={`${file} ${start}`}>
              <td className="mono">{visible(file)}</td>
              <td className="mono">{formatRange({ start, end })}</td>
              <td className="number mono">{formatInteger(end - start)}</td>
              <td className="mono">{visible(partsText(parts))}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {ranges.length > SHOWN && (
        <button type="button" className="button small" onClick={() => setAll(!all)}>
          {all ? `First ${SHOWN} ranges` : `All ${formatInteger(ranges.length)} ranges`}
        </button>
      )}
    </>
  );
}

/** Names of the tensors of a range, with the expert range of stacked tensors. */
function partsText(parts: RankCut['ranges'][number]['parts']): string {
  const [first, ...others] = parts;
  if (!first) return '';
  const short = first.tensor.split('.').slice(-3).join('.');
  const [from, to] = first.experts ?? [0, 0];
  const slab = to - from > 1 ? `[${from}:${to}]` : '';
  return `${short}${slab}${others.length > 0 ? ` and ${formatInteger(others.length)} more` : ''}`;
}

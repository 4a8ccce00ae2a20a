import { memo, type PointerEvent } from 'react';
import type { PlacedPicture } from '../../../../workers/ranks/protocol.ts';
import { formatBytes, formatInteger } from '../../../core/index.ts';
import { styled } from '../../parts/set-style.ts';
import { chooseRank } from '../../placement/rank-choices.ts';
import { rankColour } from '../../placement/rank-colours.ts';
import { KINDS, Swatch } from './rank-facts.tsx';
import { coordsText, formatIntervals, totalOf } from './rank-format.ts';

interface RowProps {
  readonly rank: number;
  readonly top: number;
  readonly placed: PlacedPicture;
  /** What a place on the row's strip of files says; the strips themselves are drawn for all rows at once. */
  readonly stripTitle: (rank: number, part: number) => string;
  /** Bytes of the fullest rank: the length of the longest bar. */
  readonly most: number;
  readonly shown: boolean;
  readonly pinned: boolean;
  /** The chosen expert, where the rank holds it. */
  readonly holds: string | null;
  readonly onPick: (rank: number) => void;
}

/** One rank of the list. */
export const RankRow = memo(function RankRow(props: RowProps) {
  const { rank, top, placed, stripTitle, most, shown, pinned, holds, onPick } = props;
  const total = totalOf(placed, rank);
  const experts = formatIntervals(placed.experts[rank] ?? []);
  const pick = () => {
    onPick(rank);
    chooseRank({ pinned: pinned ? null : rank });
  };
  const point = (event: PointerEvent<HTMLElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    event.currentTarget.title = stripTitle(rank, (event.clientX - box.left) / box.width);
  };
  return (
    // biome-ignore lint/a11y/useFocusableInteractive: the list holds the focus and names the row
    // biome-ignore lint/a11y/useKeyWithClickEvents: the list hears the keys
    <div
      id={`rank-${rank}`}
      className="rank-row"
      role="option"
      aria-selected={pinned}
      aria-posinset={rank + 1}
      aria-setsize={placed.mesh.world}
      aria-label={`Rank ${rank}, ${coordsText(placed, rank)}: experts ${experts}, ${formatInteger(total)} bytes${holds === null ? '' : `, holds ${holds}`}`}
      data-holds={holds !== null}
      data-shown={shown}
      ref={styled({ translate: `0 ${top}px` })}
      onPointerEnter={() => chooseRank({ hovered: rank })}
      onClick={pick}
    >
      <span className="rank-name mono">
        <Swatch colour={rankColour(rank, placed.mesh.world)} /> {rank}
      </span>
      <span className="rank-experts mono" title={experts}>
        {holds !== null && <strong>◆ </strong>}
        {experts}
      </span>
      <HeldBar placed={placed} rank={rank} most={most} />
      <span className="number mono" title={`${formatInteger(total)} bytes`}>
        {formatBytes(total)}
      </span>
      <span className="rank-strip" onPointerMove={point} />
    </div>
  );
});

/** Bytes by why they are kept, stacked; the exact values on hover. */
function HeldBar({ placed, rank, most }: { placed: PlacedPicture; rank: number; most: number }) {
  let from = 0;
  const parts = KINDS.map((kind, at) => {
    const bytes = placed.held[rank * 4 + at] ?? 0;
    const part = { kind, at, bytes, from };
    from += bytes;
    return part;
  }).filter(({ bytes }) => bytes > 0);
  const title = parts.map(({ kind, bytes }) => `${kind}: ${formatInteger(bytes)} bytes`).join('\n');
  return (
    <span className="rank-bar" title={title}>
      <svg viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">
        {parts.map(({ kind, at, bytes, from: start }) => (
          <rect
            key={kind}
            className={`kind-${at}`}
            x={(start / most) * 1000}
            width={(bytes / most) * 1000}
            y="0"
            height="10"
          />
        ))}
      </svg>
    </span>
  );
}

import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { PlacedPicture, RankPicture, RankQuery } from '../../../../workers/ranks/protocol.ts';
import { formatInteger } from '../../../core/index.ts';
import { usePlace } from '../../grid/place/use-place.ts';
import { styled } from '../../parts/set-style.ts';
import { useNarrow } from '../../parts/use-narrow.ts';
import { target } from '../../parts/virtual-list/use-list.ts';
import { chooseRank, holdsSame, useHolder, usePinnedRank, useShownRank } from '../../placement/rank-choices.ts';
import { useRankFiles } from '../../placement/use-ranks.ts';
import { useAddress } from '../../state/address-store.ts';
import type { Spot } from '../../state/seen/place.ts';
import { movePlace } from '../../state/seen/use-look.ts';
import { FileStrips, stripTitle } from './file-strips.tsx';
import { KINDS } from './rank-facts.tsx';
import { sizeText, totalOf } from './rank-format.ts';
import { RankRow } from './rank-row.tsx';

const WIDE_ROW = 24;
/** Two lines, on a narrow screen: the bar stands below the numbers. */
const NARROW_ROW = 44;
const PAGE = 10;

interface ListProps {
  readonly query: RankQuery;
  readonly picture: RankPicture;
  readonly placed: PlacedPicture;
}

/** One row for each rank: its experts, its weights as a bar and a number, the files that it reads. */
export function RankList({ query, picture, placed }: ListProps) {
  const list = useRef<HTMLElement>(null);
  const narrow = useNarrow();
  const height = narrow ? NARROW_ROW : WIDE_ROW;
  const scroller = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState(0);
  const { world } = placed.mesh;
  const shown = useShownRank(world);
  const pinned = usePinnedRank();
  const holder = useHolder(placed);
  const files = useRankFiles(query);
  const most = useMemo(() => mostBytes(placed), [placed]);
  // FileStrips draws in its own effect, which runs before this one.
  useEffect(() => {
    if (list.current && files !== null) list.current.dataset.counted = sizeText(placed);
  }, [placed, files]);
  const rows = useVirtualizer({
    count: world,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    overscan: 8,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: sizes are measured again when the rows change their height
  useEffect(() => rows.measure(), [height]);
  const place = useAddress((address) => address.place.rankListAt);
  const kept = useRef(place !== null);
  usePlace({
    scroller,
    ready: true,
    place,
    onPlace: placeList,
    chosen: pinned === null ? null : String(pinned),
    showChosen: () => {},
    spotOf: ({ top }) => ({ row: top / height, column: 0 }),
    scrollToSpot: ({ row }) => ({ left: 0, top: row * height }),
  });
  const first = holder?.rank ?? null;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the list scrolls when another rank holds the chosen expert; otherwise it keeps its position
  useEffect(() => {
    if (first !== null && !kept.current) rows.scrollToIndex(first);
  }, [first, world]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is pinned later is in sight already
  useEffect(() => {
    if (pinned !== null && pinned < world) {
      setAt(pinned);
      if (!kept.current) rows.scrollToIndex(pinned);
    }
    kept.current = false;
  }, [world]);
  const items = rows.getVirtualItems();
  const latest = useRef({ files, picture });
  latest.current = { files, picture };
  const titleAt = useCallback(
    (rank: number, part: number) => stripTitle(rank, part, latest.current.files, latest.current.picture),
    [],
  );
  const focused = Math.min(at, world - 1);
  const go = (next: number) => {
    setAt(next);
    chooseRank({ hovered: next });
    rows.scrollToIndex(next);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const next = target(event.key, focused, world, PAGE);
    if (next !== null) go(next);
    else if (event.key === 'Enter' || event.key === ' ') chooseRank({ pinned: focused });
    else if (event.key === 'Escape') chooseRank({ pinned: null, hovered: null });
    else return;
    event.preventDefault();
  };
  const kinds = KINDS.map((kind, number) => ({ kind, number })).filter(({ number }) => hasKind(placed, number));
  return (
    <section ref={list} className="rank-list" aria-label="Weights and files of ranks">
      <div className="rank-list-head small">
        <span>Rank</span>
        <span>Experts</span>
        <span className="rank-kinds">
          {kinds.map(({ kind, number }) => (
            <span key={kind} className="legend-item">
              <svg className="swatch" viewBox="0 0 12 12" aria-hidden="true">
                <rect width="12" height="12" className={`kind-${number}`} />
              </svg>
              {kind}
            </span>
          ))}
        </span>
        <span className="number">Weights</span>
        <span>
          Files read, 1–{formatInteger(picture.files.length)}
          {files === null && ' …'}
        </span>
      </div>
      <div
        ref={scroller}
        className="rank-scroller"
        role="listbox"
        aria-label="Ranks"
        aria-activedescendant={items.some(({ index }) => index === focused) ? `rank-${focused}` : undefined}
        tabIndex={0}
        onKeyDown={onKeyDown}
        onFocus={(event) => event.currentTarget.matches(':focus-visible') && chooseRank({ hovered: focused })}
        onBlur={() => chooseRank({ hovered: null })}
        onPointerLeave={() => chooseRank({ hovered: null })}
      >
        <div role="presentation" className="rank-rows" ref={styled({ height: `${rows.getTotalSize()}px` })}>
          {items.map(({ index, start }) => (
            <RankRow
              key={index}
              rank={index}
              top={start}
              placed={placed}
              stripTitle={titleAt}
              most={most}
              shown={index === shown}
              pinned={index === pinned}
              holds={
                holder && holdsSame(placed, index, holder.rank)
                  ? `layer ${holder.layer}, expert ${holder.expert}`
                  : null
              }
              onPick={setAt}
            />
          ))}
          <FileStrips
            files={files}
            picture={picture}
            from={items[0]?.index ?? 0}
            to={(items.at(-1)?.index ?? -1) + 1}
            row={height}
          />
        </div>
      </div>
    </section>
  );
}

function placeList(rankListAt: Spot | null): void {
  movePlace({ rankListAt });
}

function mostBytes(placed: PlacedPicture): number {
  return placed.experts.reduce((most, _, rank) => Math.max(most, totalOf(placed, rank)), 1);
}

function hasKind({ held }: PlacedPicture, kind: number): boolean {
  for (let at = kind; at < held.length; at += 4) if ((held[at] ?? 0) > 0) return true;
  return false;
}

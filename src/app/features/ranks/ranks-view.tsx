import { useEffect } from 'react';
import type { RankPicture, RankQuery } from '../../../../workers/ranks-protocol.ts';
import { useChoices } from '../../state/choices.ts';
import { CommunicationCard } from './communication-card.tsx';
import { MeshCard } from './mesh-card.tsx';
import { PlacementGrid } from './placement-grid.tsx';
import { PlanCard } from './plan-card.tsx';
import { chooseRank } from './rank-choices.ts';
import { RankFacts } from './rank-facts.tsx';
import { RankList } from './rank-list.tsx';
import { RanksHeader } from './ranks-header.tsx';
import { RanksTables } from './ranks-tables.tsx';
import { Refused } from './refused.tsx';
import { SetupBar } from './setup-bar.tsx';
import { TakeAlong } from './take-along.tsx';
import { useRankPicture, useRankQuery } from './use-ranks.ts';
import { WarningsCard } from './warnings-card.tsx';
import '../../theme/map.css';
import '../../theme/ranks.css';

/** Which rank holds which experts, how many bytes, and what it reads. */
export function RanksView() {
  const query = useRankQuery();
  const { picture, error, current } = useRankPicture(query);
  useEffect(() => () => chooseRank({ hovered: null }), []);
  return (
    <div className="ranks-view" aria-busy={!current && error === null}>
      <h1 className="hidden">Ranks</h1>
      <SetupBar query={query} picture={picture} />
      {error !== null ? (
        <p className="ranks-wait danger" role="alert">
          {error.message}
        </p>
      ) : picture === null ? (
        <p className="ranks-wait quiet" role="status">
          Working out who holds what …
        </p>
      ) : (
        <Body query={query} picture={picture} current={current} />
      )}
    </div>
  );
}

interface BodyProps {
  readonly query: RankQuery;
  readonly picture: RankPicture;
  readonly current: boolean;
}

function Body({ query, picture, current }: BodyProps) {
  const shape = useChoices((choices) => choices.shape);
  const { placed } = picture;
  if (!placed) return <Refused query={query} picture={picture} />;
  return (
    <>
      <RanksHeader picture={picture} placed={placed} />
      <div className={current ? 'ranks-body' : 'ranks-body stale'}>
        {shape === 'table' ? (
          <RanksTables query={query} picture={picture} placed={placed} current={current} />
        ) : (
          <div className="ranks-drawn">
            <PlacementGrid query={query} placed={placed} current={current} />
            <RankList query={query} picture={picture} placed={placed} current={current} />
          </div>
        )}
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
        <aside className="map-side ranks-side" aria-label="About this placement" tabIndex={0}>
          <WarningsCard warnings={placed.warnings} />
          <RankFacts query={query} picture={picture} placed={placed} current={current} />
          <MeshCard placed={placed} />
          <CommunicationCard placed={placed} picture={picture} />
          <PlanCard query={query} picture={picture} />
          <TakeAlong query={query} />
        </aside>
      </div>
    </>
  );
}

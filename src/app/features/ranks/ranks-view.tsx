import { memo, useEffect } from 'react';
import type { RankQuery } from '../../../../workers/ranks/protocol.ts';
import { DEFAULT_MEMORY_PROGRAM, isMemoryFramework } from '../../../core/index.ts';
import { Segments } from '../../parts/segments.tsx';
import { chooseRank } from '../../placement/rank-choices.ts';
import { type RankAnswer, useNeighbours, useRankAnswer, useRankQuery } from '../../placement/use-ranks.ts';
import { move, useAddress } from '../../state/address-store.ts';
import { useLook } from '../../state/seen/use-look.ts';
import { CommunicationCard } from './communication-card.tsx';
import { CutPanel } from './cut/cut-panel.tsx';
import { ExportCard } from './export-card.tsx';
import { MemoryPart } from './memory/memory-part.tsx';
import { formatSetup } from './memory/setup-address.ts';
import { MeshCard } from './mesh-card.tsx';
import { PlacementGrid } from './placement/placement-grid.tsx';
import { PlanCard } from './plan-card.tsx';
import { RankFacts } from './rank-facts.tsx';
import { RankList } from './rank-list.tsx';
import { RanksHeader } from './ranks-header.tsx';
import { Refused } from './refused.tsx';
import { AskFile } from './setup/ask-file.tsx';
import { SetupBar } from './setup/setup-bar.tsx';
import { RanksTables } from './tables/ranks-tables.tsx';
import { WarningsCard } from './warnings-card.tsx';
import './ranks.css';
import './rank-list.css';
import { Shown } from '../../parts/shown.tsx';

/** Two parts of one view: which rank holds which experts, and how much memory one GPU needs. */
export function RanksView() {
  const planning = useAddress((address) => address.memory !== null);
  return (
    <div className="ranks-view">
      <h1 className="hidden">Ranks</h1>
      <PartTabs planning={planning} />
      {planning ? <MemoryPart /> : <PlacementPart />}
    </div>
  );
}

function PartTabs({ planning }: { readonly planning: boolean }) {
  const { options } = useRankQuery();
  return (
    <div className="ranks-parts">
      <Segments
        label="Part"
        options={[
          ['placement', 'Placement'],
          ['memory', 'Memory: will it fit'],
        ]}
        value={planning ? 'memory' : 'placement'}
        onChange={(part) =>
          move(part === 'memory' ? { memory: memorySetupOf(options) } : { memory: null, against: null })
        }
      />
    </div>
  );
}

/** The planner starts with the placement's program and sizes, or with the default program where it does not model that one. */
function memorySetupOf({ framework, ep, tp, pp, cp, dp, etp }: RankQuery['options']): string {
  const known = isMemoryFramework(framework) ? framework : DEFAULT_MEMORY_PROGRAM;
  return formatSetup({ framework: known, ep, tp, pp, cp, dp, etp });
}

/** Which rank holds which experts, how many bytes of weights, and which bytes of the files it reads. */
function PlacementPart() {
  const query = useRankQuery();
  const { answer, error, current } = useRankAnswer(query);
  useEffect(() => () => chooseRank({ hovered: null }), []);
  const waiting = !current && error === null;
  return (
    <div className={waiting ? 'ranks-part stale' : 'ranks-part'} aria-busy={waiting}>
      <SetupBar query={query} picture={answer?.picture ?? null} />
      {error !== null ? (
        <p className="ranks-wait danger" role="alert">
          <Shown text={error.message} />
        </p>
      ) : answer === null ? (
        <p className="ranks-wait quiet" role="status">
          Calculating the placement …
        </p>
      ) : (
        <>
          <Body answer={answer} />
          <Neighbours answer={answer} current={current} />
        </>
      )}
    </div>
  );
}

function Neighbours({ answer, current }: { readonly answer: RankAnswer; readonly current: boolean }) {
  useNeighbours(answer, current);
  return null;
}

/** One answer; it is not drawn again while the next one is calculated. */
const Body = memo(function Body({ answer: { query, picture } }: { readonly answer: RankAnswer }) {
  const shape = useLook('shape');
  const { placed } = picture;
  if (picture.needs !== null) return <AskFile needs={picture.needs} />;
  if (!placed) return <Refused query={query} picture={picture} />;
  return (
    <>
      <RanksHeader picture={picture} placed={placed} />
      <div className="ranks-body">
        {shape === 'table' ? (
          <RanksTables query={query} picture={picture} placed={placed} />
        ) : (
          <div className="ranks-drawn">
            <PlacementGrid query={query} placed={placed} />
            <RankList query={query} picture={picture} placed={placed} />
            <CutPanel query={query} placed={placed} />
          </div>
        )}
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
        <aside className="side ranks-side" aria-label="About this placement" tabIndex={0}>
          <WarningsCard warnings={placed.warnings} />
          <RankFacts query={query} picture={picture} placed={placed} />
          <MeshCard placed={placed} />
          <CommunicationCard placed={placed} picture={picture} />
          <PlanCard query={query} picture={picture} />
          <ExportCard query={query} />
        </aside>
      </div>
    </>
  );
});

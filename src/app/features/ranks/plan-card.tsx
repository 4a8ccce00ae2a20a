import type { RankPicture, RankQuery } from '../../../../workers/ranks/protocol.ts';
import { frameworkOf } from '../../../core/index.ts';
import { BrokenName } from '../../parts/broken-name.tsx';
import { Fold } from './fold.tsx';

interface PlanProps {
  readonly query: RankQuery;
  readonly picture: RankPicture;
}

/** The framework's expert-parallel plan for this architecture, with the meaning of each style. */
export function PlanCard({ query, picture }: PlanProps) {
  if (!frameworkOf(query.options.framework)?.placement.plan) return null;
  const { plan, modelType } = picture;
  const styles = [...new Set((plan ?? []).map((entry) => entry.style))];
  return (
    <Fold
      part="plan"
      label="Plan entries"
      title={
        <>
          Plan for <span className="mono">{modelType ?? 'this model'}</span>
        </>
      }
    >
      {plan === null && <p className="quiet">This architecture has no expert-parallel plan.</p>}
      {styles.map((style) => (
        <div key={style} className="plan-style">
          <h3 className="mono">{style}</h3>
          <p className="small">{plan?.find((entry) => entry.style === style)?.meaning}</p>
          <ul>
            {(plan ?? [])
              .filter((entry) => entry.style === style)
              .map((entry) => (
                <li key={entry.name}>
                  <BrokenName name={`layers.*.${entry.name}`} />
                </li>
              ))}
          </ul>
        </div>
      ))}
    </Fold>
  );
}

import type { RankPicture, RankQuery } from '../../../../workers/ranks/protocol.ts';
import { frameworkOf } from '../../../core/index.ts';
import { BrokenName } from '../../parts/broken-name.tsx';

interface PlanProps {
  readonly query: RankQuery;
  readonly picture: RankPicture;
}

/** The entries of the framework's plan for this architecture, and what each style does. */
export function PlanCard({ query, picture }: PlanProps) {
  if (!frameworkOf(query.options.framework)?.placement.plan) return null;
  const { plan, modelType } = picture;
  const styles = [...new Set((plan ?? []).map((entry) => entry.style))];
  return (
    <section aria-label="Plan entries">
      <h2>
        Plan for <span className="mono">{modelType ?? 'this model'}</span>
      </h2>
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
    </section>
  );
}

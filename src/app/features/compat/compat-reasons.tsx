import { type CompatPage, type CompatReason, compatReasons, EVIDENCE_WORDS } from '../../../core/index.ts';
import { VerdictBadge } from '../../checkpoint/verdict-badge.tsx';
import { RichText } from '../../parts/rich-text.tsx';
import { LayoutName } from './layout-name.tsx';

interface Props {
  readonly page: CompatPage;
}

/** Why each program does what it does, with the evidence and the conversion to choose. */
export function CompatReasons({ page }: Props) {
  const reasons = compatReasons(page);
  const programs = [...new Set(reasons.map(({ id }) => id))];
  return (
    <section aria-labelledby="compat-why">
      <h2 id="compat-why">Why</h2>
      <ul className="compat-why">
        {programs.map((program) => {
          const own = reasons.filter(({ id }) => id === program);
          return (
            <li key={program}>
              <h3>
                {own[0]?.title} <span className="quiet">{own[0]?.version}</span>
              </h3>
              <ul>
                {own.map((reason) => (
                  <Reason key={reason.layouts.join()} reason={reason} page={page} />
                ))}
              </ul>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function Reason({ reason, page }: Props & { readonly reason: CompatReason }) {
  const { verdict, needs, inference, evidence, cure, layouts } = reason;
  return (
    <li className="compat-reason" data-verdict={verdict}>
      <VerdictBadge verdict={verdict} />
      <div className="compat-what">
        <p className="compat-for">
          {layouts.map((at) => {
            const layout = page.layouts[at];
            return layout && <LayoutName key={at} layout={layout} />;
          })}
        </p>
        {needs.map((need) => (
          <p key={need}>
            Needs: <RichText text={need} />
          </p>
        ))}
        {inference !== undefined && <p>Assumed: {inference}</p>}
        <p className="quiet">
          {EVIDENCE_WORDS[evidence.kind]}, <time dateTime={evidence.date}>{evidence.date}</time>:{' '}
          <RichText text={evidence.source} />
        </p>
        {cure !== null && (
          <p>
            Convert with <code>moe-loom convert … --to {cure}</code>
          </p>
        )}
      </div>
    </li>
  );
}

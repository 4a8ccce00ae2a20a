import type { LoadVerdict } from '../../../../workers/inspect/protocol.ts';
import { VerdictBadge } from '../../checkpoint/verdict-badge.tsx';
import { damageOf, isGoodVerdict, VERDICT_ORDER } from '../../checkpoint/verdict-words.ts';
import { Shown } from '../../parts/shown.tsx';
import { useLoads, usePlanLoads } from '../../queries/queries.ts';
import type { Order } from './use-plan.ts';

/** Who will load the result, before it is written. */
export function PlanLoads({ order }: { readonly order: Order }) {
  const { data, error } = usePlanLoads(order.target, order.options);
  const now = useLoads().data;
  if (error)
    return (
      <p className="callout">
        Who loads the result is not known: <Shown text={error.message} />
      </p>
    );
  if (!data) return data === undefined ? <p className="plan-loads-wait quiet">Asking each loader …</p> : null;
  return (
    <table className="sheet plan-loads">
      <caption>
        Who loads the result: {data.filter(isGoodVerdict).length} of {data.length}
        {now && (
          <span className="option-note">
            {' '}
            (as it is now: {now.filter(isGoodVerdict).length} of {now.length})
          </span>
        )}
      </caption>
      <tbody>
        {VERDICT_ORDER.map((verdict) => (
          <Row key={verdict} verdicts={data.filter((one) => one.verdict === verdict)} />
        ))}
      </tbody>
    </table>
  );
}

/** Consumers of one verdict. */
function Row({ verdicts }: { readonly verdicts: readonly LoadVerdict[] }) {
  const [first] = verdicts;
  if (!first) return null;
  return (
    <tr data-verdict={first.verdict}>
      <th scope="row">
        <VerdictBadge verdict={first.verdict} />
      </th>
      <td>
        {verdicts.map(({ title }) => title).join(', ')}
        {first.verdict === 'partial' && <strong> – would start with {damageOf(verdicts)}, without an error</strong>}
      </td>
    </tr>
  );
}

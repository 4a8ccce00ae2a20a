import type { LoadVerdict } from '../../../../workers/inspect/protocol.ts';
import { countGood, damagedPrograms, isDamaged, namesInWords, VERDICT_ORDER } from '../../../core/index.ts';
import { countsOf } from '../../checkpoint/program-order.ts';
import { VerdictBadge } from '../../checkpoint/verdict-badge.tsx';
import { Shown } from '../../parts/shown.tsx';
import { useLoads, usePlanLoads } from '../../queries/queries.ts';
import type { TargetOrder } from './use-plan.ts';

/** Which programs load the result, before it is written. */
export function PlanLoads({ order }: { readonly order: TargetOrder }) {
  const { data, error } = usePlanLoads(order.target, order.options);
  const now = useLoads().data;
  if (error)
    return (
      <p className="callout">
        Which programs load the result is not known: <Shown text={error.message} />
      </p>
    );
  if (!data)
    return data === undefined ? <p className="plan-loads-wait quiet">Predicting what each program does …</p> : null;
  return (
    <table className="sheet plan-loads">
      <caption>
        Programs that load the result: {countGood(data)} of {data.length}
        {now && <span className="option-note"> (they load the checkpoint now: {countGood(now)})</span>}
      </caption>
      <tbody>
        {VERDICT_ORDER.map((verdict) => (
          <Row key={verdict} verdicts={data.filter((one) => one.verdict === verdict)} />
        ))}
      </tbody>
    </table>
  );
}

/** Programs with one verdict. */
function Row({ verdicts }: { readonly verdicts: readonly LoadVerdict[] }) {
  const [first] = verdicts;
  if (!first) return null;
  return (
    <tr data-verdict={first.verdict}>
      <th scope="row">
        <VerdictBadge verdict={first.verdict} />
      </th>
      <td>{verdicts.map(({ title }) => title).join(', ')}</td>
    </tr>
  );
}

/** The id of the warning, for the button that it stands beside. */
export const DAMAGE_ID = 'convert-damage';

/** Beside the button that starts: which programs start with wrong weights on the result, without an error. */
export function DamageNote({ order }: { readonly order: TargetOrder }) {
  const { data } = usePlanLoads(order.target, order.options);
  const now = useLoads().data ?? [];
  if (!data) return null;
  const damaged = data.filter(isDamaged);
  const words = damagedPrograms(damaged.map((each) => ({ ...countsOf(each), title: each.title })));
  if (words === null) return null;
  const before = now.filter((each) => isDamaged(each) && damaged.some(({ id }) => id === each.id));
  const lost = damaged.filter(({ id }) => now.some((each) => each.id === id && countGood([each]) === 1));
  return (
    <p id={DAMAGE_ID} className={lost.length > 0 ? 'callout bad' : 'callout warn'}>
      <span>
        <strong>With this result, {words}</strong>
        {lost.length > 0 &&
          ` ${namesInWords(lost.map(({ title }) => title))} ${lost.length === 1 ? 'loads' : 'load'} the checkpoint now.`}
        {before.length > 0 &&
          ` ${namesInWords(before.map(({ title }) => title))} ${before.length === 1 ? 'does' : 'do'} so with the checkpoint now too.`}
      </span>
    </p>
  );
}

import { CopyButton } from '../../parts/copy-button.tsx';
import { useLoads } from '../../queries/queries.ts';
import { useInspection } from '../../state/inspection.ts';
import { ConsumerRow } from './consumer-row.tsx';
import './loads.css';
import { silentOnes, summaryOf, worstFirst } from '../../checkpoint/verdict-words.ts';
import { Shown } from '../../parts/shown.tsx';

/** Which programs load this layout, half-load it without a word, or refuse it. */
export function LoadsView() {
  const { data, error } = useLoads();
  const summary = useInspection((state) => state.summary);
  if (error)
    return (
      <p className="loads-problem">
        <Shown text={error.message} />
      </p>
    );
  if (!data || !summary) return <p className="loads-problem quiet">Asking each loader …</p>;
  const said = summaryOf(data);
  const silent = silentOnes(data);
  return (
    <div className="loads-view">
      <header className="loads-header">
        <h1>{said.good}</h1>
        {said.rest !== '' && <p>{said.rest}</p>}
        <p className="loads-layout quiet">
          <span className="mono">{[summary.layout, ...summary.dialects].join(' · ')}</span>
          {summary.modelType !== null && <span className="mono">{summary.modelType}</span>}
        </p>
      </header>
      {silent !== null && (
        <p className="loads-silent">
          <strong>{silent}</strong> Whatever is trained or answered with such a model is worthless, and nothing says so.
        </p>
      )}
      <ul className="consumers" aria-label="Consumers">
        {worstFirst(data).map((verdict) => (
          <ConsumerRow key={verdict.id} verdict={verdict} />
        ))}
      </ul>
      <NotFromNames />
    </div>
  );
}

const VERIFY = 'moe-loom verify <original> <this checkpoint>';

/** What no name and no shape shows, and how to find out. */
function NotFromNames() {
  return (
    <section className="loads-limits" aria-labelledby="loads-limits">
      <h2 id="loads-limits">What names cannot show</h2>
      <p>
        These verdicts come from names, shapes and config alone. Experts in another order, gate and up swapped, or a
        square matrix turned would load without a word; only values tell. Compare them with the original:
      </p>
      <div className="row">
        <code>{VERIFY}</code>
        <CopyButton label="Copy command" text={() => VERIFY} />
      </div>
    </section>
  );
}

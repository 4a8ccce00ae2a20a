import type { MemoryReport, MemorySetup } from '../../../../core/index.ts';
import { move, useAddress } from '../../../state/address-store.ts';
import { Refusal } from '../refusal.tsx';
import { CardPanel } from './card-panel.tsx';
import { CompareActions } from './compare-actions.tsx';
import { ConfigPanel } from './config-panel.tsx';
import { SetupFields } from './fields/setup-fields.tsx';
import { FitGridTable } from './fit-grid.tsx';
import { MemoryBars } from './memory-bars.tsx';
import { Outcome } from './outcome.tsx';
import { Presets } from './presets.tsx';
import { formatSetup, parseSetup } from './setup-address.ts';
import { TermTable } from './term-table.tsx';
import { useMemory } from './use-memory.ts';
import './memory.css';

/** What one GPU needs for a set-up: the result first, then the fields, then terms, other sizes and configurations. */
export function MemoryPart() {
  const text = useAddress((address) => address.memory) ?? '';
  const other = useAddress((address) => address.against);
  const setup = parseSetup(text);
  const against = other === null ? null : parseSetup(other);
  const { answer, error } = useMemory(setup);
  const { answer: beside } = useMemory(against);
  const change = (next: MemorySetup) => move({ memory: formatSetup(next) });
  if (error !== null) return <NotCalculated message={error.message} />;
  if (answer !== null && 'error' in answer.report && answer.report.by === 'checkpoint')
    return <NotCalculated message={answer.report.error} />;
  if (answer === null)
    return (
      <p className="ranks-wait quiet" role="status">
        Calculating the memory of one GPU …
      </p>
    );
  const pair = beside === null ? [answer.report] : [answer.report, beside.report];
  const reports = pair.filter((report): report is MemoryReport => !('error' in report));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className="memory-part" aria-label="Memory" tabIndex={0}>
      <Presets setup={setup} clusters={answer.presets} onChange={change} />
      <div className="memory-results">
        <Outcome name="This set-up" report={answer.report} />
        {beside !== null && <Outcome name="Other set-up" report={beside.report} />}
        <MemoryBars reports={reports} />
        <CompareActions setup={setup} against={against} reports={reports} />
      </div>
      <SetupFields setup={setup} choices={answer.choices} report={answer.report} onChange={change} />
      <div className="memory-details">
        <TermTable reports={reports} />
        <FitGridTable setup={setup} onChoose={(ep, gpus) => change({ ...setup, ep, gpus, dp: undefined })} />
        {reports[0] && <Assumptions report={reports[0]} />}
        <ConfigPanel setup={setup} />
        <CardPanel />
      </div>
    </section>
  );
}

/** The checkpoint is the reason, whatever the set-up. */
function NotCalculated({ message }: { readonly message: string }) {
  return <Refusal name="Memory" title="The memory cannot be calculated" message={message} />;
}

function Assumptions({ report: { assumed } }: { readonly report: MemoryReport }) {
  return (
    <section aria-label="Assumptions">
      <h2>Assumptions</h2>
      <ul className="small memory-assumed">
        {assumed.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
    </section>
  );
}

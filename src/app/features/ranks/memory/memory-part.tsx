import {
  clusterSentence,
  DEFAULT_MEMORY_PROGRAM,
  loraSentence,
  type MemoryReport,
  type MemorySetup,
  type PlacementError,
  plural,
  speedLines,
} from '../../../../core/index.ts';
import { SaveButtons } from '../../../pictures/save-buttons.tsx';
import { move, useAddress } from '../../../state/address-store.ts';
import { useInspection } from '../../../state/inspection.ts';
import { CardPanel } from './card-panel.tsx';
import { ConfigPanel } from './config-panel.tsx';
import { FitGridTable } from './fit-grid.tsx';
import { MemoryBars } from './memory-bars.tsx';
import { memoryPicture } from './memory-picture.ts';
import { formatBand, VERDICTS } from './memory-words.ts';
import { formatSetup, parseSetup } from './setup-address.ts';
import { SetupFields } from './setup-fields.tsx';
import { TermTable } from './term-table.tsx';
import { useMemory } from './use-memory.ts';
import './memory.css';
import { Shown } from '../../../parts/shown.tsx';

/** Will it fit: a set-up, what it needs of each GPU, what else would fit, another beside it, configurations. */
export function MemoryPart() {
  const text = useAddress((address) => address.memory) ?? '';
  const other = useAddress((address) => address.against);
  const setup = parseSetup(text);
  const against = other === null ? null : parseSetup(other);
  const { answer, error } = useMemory(setup);
  const { answer: beside } = useMemory(against);
  const identity = useInspection((state) => state.summary?.identity ?? '');
  const change = (next: MemorySetup) => move({ memory: formatSetup(next) });
  if (error !== null)
    return (
      <p className="ranks-wait danger" role="alert">
        <Shown text={error.message} />
      </p>
    );
  if (answer === null)
    return (
      <p className="ranks-wait quiet" role="status">
        Counting what a GPU holds …
      </p>
    );
  const pair = beside === null ? [answer.report] : [answer.report, beside.report];
  const reports = pair.filter((report): report is MemoryReport => !('error' in report));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className="memory-part" aria-label="Memory" tabIndex={0}>
      <SetupFields setup={setup} choices={answer.choices} report={answer.report} onChange={change} />
      <Outcome name="This set-up" report={answer.report} />
      {beside !== null && <Outcome name="Beside it" report={beside.report} />}
      <MemoryBars reports={reports} />
      <div className="row memory-actions">
        <button type="button" className="button" onClick={() => move({ against: formatSetup(setup) })}>
          Keep to compare
        </button>
        {against !== null && (
          <>
            <button
              type="button"
              className="button"
              onClick={() => move({ memory: formatSetup(against), against: formatSetup(setup) })}
            >
              Swap
            </button>
            <button type="button" className="button" onClick={() => move({ against: null })}>
              Stop comparing
            </button>
            <code>{formatSetup(against)}</code>
          </>
        )}
        {reports.length > 0 && (
          <SaveButtons
            picture={() => memoryPicture(reports, `Memory of a GPU: ${formatSetup(setup)}`)}
            notes={[identity, ...reports.map(verdictOf)]}
            name={[identity, 'memory', setup.framework ?? DEFAULT_MEMORY_PROGRAM]}
            what="the bars"
          />
        )}
      </div>
      <div className="memory-columns">
        <TermTable reports={reports} />
        <FitGridTable setup={setup} onChoose={(ep, gpus) => change({ ...setup, ep, gpus, dp: undefined })} />
      </div>
      {reports[0] && <Assumed report={reports[0]} />}
      <ConfigPanel setup={setup} />
      <CardPanel />
    </section>
  );
}

function verdictOf({ verdict, capacity, mesh, decides, ...band }: MemoryReport): string {
  return `${VERDICTS[verdict].said}: ${formatBand(band)} of ${capacity.toFixed(1)} GB on each of ${plural(mesh.gpus, 'GPU')}. ${decides}`;
}

interface OutcomeProps {
  readonly name: string;
  readonly report: MemoryReport | PlacementError;
}

function Outcome({ name, report }: OutcomeProps) {
  if ('error' in report)
    return (
      <p className="memory-outcome refusal" role="alert">
        <strong>{name} cannot be: </strong>
        <span className="mono">{report.error}</span>
      </p>
    );
  const { verdict, mesh, capacity, decides, changes, offload, lora, throughput } = report;
  return (
    <section className="memory-outcome" aria-label={name}>
      <p className="verdict-line">
        <strong className={`fit fit-${verdict}`}>
          <span aria-hidden="true">{VERDICTS[verdict].sign} </span>
          {VERDICTS[verdict].said}
        </strong>{' '}
        <span>
          {formatBand(report)} of {capacity.toFixed(1)} GB on each of {plural(mesh.gpus, 'GPU')} (dp {mesh.dp})
        </span>
      </p>
      <p className="small">
        {decides}
        {offload &&
          ` The host holds ${offload.host.toFixed(1)} GB a GPU; each step ${offload.down.toFixed(1)} GB go down and ${offload.up.toFixed(1)} GB come up over PCIe.`}
      </p>
      {lora && <p className="small">LoRA: {loraSentence(lora)}.</p>}
      <p className="small">In all {clusterSentence(report)}</p>
      {throughput && <SpeedList {...speedLines(throughput)} />}
      {changes.length > 0 && (
        <ul className="small memory-changes" aria-label="What would need less">
          {changes.map((change) => (
            <li key={change.change}>
              With {change.change}: <span className="mono">{formatBand(change)} GB</span>,{' '}
              {VERDICTS[change.verdict].said}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function SpeedList({ head, rates }: ReturnType<typeof speedLines>) {
  return (
    <>
      <p className="small">Speed: {head}.</p>
      <ul className="small memory-changes" aria-label="Speed">
        {rates.map((rate) => (
          <li key={rate}>{rate}</li>
        ))}
      </ul>
    </>
  );
}

function Assumed({ report }: { readonly report: MemoryReport }) {
  return (
    <section aria-label="Taken for granted">
      <h2>Taken for granted</h2>
      <ul className="small memory-assumed">
        {report.assumed.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
    </section>
  );
}

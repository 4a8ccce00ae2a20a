import { useEffect, useRef } from 'react';
import { formatBytes, visible } from '../../../core/index.ts';
import { useInspection } from '../../state/inspection.ts';
import { memoryOf, useConvertChoices, useWorkChoices } from './options/choices.ts';
import './convert.css';
import './job.css';
import { isBusy, type JobStatus, useJob } from '../../jobs/job-store.ts';
import { startJob, warmUp } from '../../jobs/run-job.ts';
import { UnfinishedList } from '../../jobs/unfinished-list.tsx';
import { Shown } from '../../parts/shown.tsx';
import { EndedPanel } from './ended-panel.tsx';
import { FlowPanel } from './flow/flow-panel.tsx';
import { LayerChoice } from './options/layer-choice.tsx';
import { OutputChoice } from './options/output-choice.tsx';
import { ShardSize } from './options/shard-size.tsx';
import { TargetChoice } from './options/target-choice.tsx';
import { UnpackChoice } from './options/unpack-choice.tsx';
import { WorkChoice } from './options/work-choice.tsx';
import { bytesOf, fitsMemory, placeOf, usePlaces } from './places.ts';
import { PlanPanel } from './plan-panel.tsx';
import { ProgressPanel } from './progress-panel.tsx';
import { Refusals } from './refusals.tsx';
import { ReportPanel } from './report-panel.tsx';
import { StoredList } from './stored-list.tsx';
import { type Order, useOrder, usePlan } from './use-plan.ts';

/** Choose, look at the plan, convert, and see what was proven. */
export function ConvertView() {
  const order = useOrder();
  const planned = usePlan(order);
  const status = useJob((state) => state.status);
  const start = useStart(order, planned);
  const busy = isBusy(status);
  useEffect(() => {
    if (!busy) warmUp();
  }, [busy]);
  return (
    <div className="convert">
      <h1 className="hidden">Convert</h1>
      <div className="convert-setup">
        <form className="panel" onSubmit={(event) => event.preventDefault()}>
          <fieldset className="plain" disabled={busy}>
            <legend className="hidden">What to convert, and where to</legend>
            <TargetChoice />
            <UnpackChoice />
            <LayerChoice />
            <ShardSize />
            <OutputChoice />
            <WorkChoice />
          </fieldset>
        </form>
        <UnfinishedList />
        <StoredList />
      </div>
      <div className="convert-main">
        <JobPanel onAgain={start.act} />
        <section className="panel" aria-label="Plan" aria-busy={!planned.current}>
          <div className="plan-head">
            <h2>Plan</h2>
            <p className="option-note" role="status">
              {start.note}
            </p>
            <button
              type="button"
              className="button primary"
              disabled={start.act === null}
              onClick={() => start.act?.()}
            >
              Start conversion
            </button>
          </div>
          <PlanBody order={order} planned={planned} />
        </section>
        {planned.plan && planned.plan.refusals.length === 0 && order.problem === null && (
          <FlowPanel plan={planned.plan} order={order} />
        )}
      </div>
    </div>
  );
}

type Planned = ReturnType<typeof usePlan>;

function PlanBody({ order, planned }: { readonly order: Order; readonly planned: Planned }) {
  if (order.problem !== null)
    return (
      <p className="callout">
        <Shown text={order.problem} />
      </p>
    );
  if (planned.error)
    return (
      <p className="callout bad">
        <Shown text={planned.error.message} />
      </p>
    );
  if (!planned.plan) return <p className="quiet">Making the plan …</p>;
  return (
    <div className={planned.current ? 'plan' : 'plan stale'}>
      {planned.plan.refusals.length > 0 ? (
        <Refusals plan={planned.plan} />
      ) : (
        <PlanPanel plan={planned.plan} order={order} />
      )}
    </div>
  );
}

/** How to start, or why not yet. */
function useStart(
  order: Order,
  { plan, current }: Planned,
): { readonly act: (() => void) | null; readonly note: string } {
  const { source, hub } = useInspection();
  const status = useJob((state) => state.status);
  const { output, folder } = useConvertChoices();
  const places = usePlaces();
  const { engine, memory, sha256, checkSource } = useWorkChoices();
  const memoryBytes = memoryOf(memory);
  const place = placeOf(output, places);
  const no = (note: string) => ({ act: null, note });
  if (isBusy(status)) return no('A conversion is running; one runs at a time.');
  if (order.problem !== null) return no(order.problem);
  if (!plan || !current || !source) return no('The plan comes first.');
  if (plan.refusals.length > 0) return no('This plan cannot be run; it says why.');
  if (place === 'folder' && !folder) return no('Pick the folder to write to.');
  if (place === 'memory' && !fitsMemory(bytesOf(plan)))
    return no(
      `The result of ${formatBytes(bytesOf(plan))} is too large for the memory of a tab. Choose another output.`,
    );
  if (memoryBytes === null) return no('Name an amount of memory, such as 256 MiB.');
  const { target, options } = order;
  const settings = { engine, memoryBytes, sha256, checkSource };
  const to = place === 'folder' ? folder : null;
  const act = () =>
    void startJob({ source, hub, plan, target, options, settings, folder: to, inMemory: place === 'memory' });

  return { act, note: 'Nothing is written before you start.' };
}

const HEADINGS: Readonly<Record<JobStatus, string>> = {
  none: '',
  asking: 'Conversion',
  running: 'Converting',
  paused: 'Paused',
  cancelling: 'Cancelling',
  cancelled: 'Cancelled',
  failed: 'The conversion stopped',
  done: 'Report',
};

function JobPanel({ onAgain }: { readonly onAgain: (() => void) | null }) {
  const { status, source, target } = useJob();
  const heading = useRef<HTMLHeadingElement>(null);
  const stage = isBusy(status) ? 'busy' : status;
  const before = useRef(stage);
  useEffect(() => {
    if (before.current !== stage && stage !== 'none') heading.current?.focus({ preventScroll: false });
    before.current = stage;
  }, [stage]);
  if (status === 'none') return null;
  const label = status === 'done' ? 'Report' : 'Conversion';
  return (
    <section className="panel job" aria-label={label}>
      <h2 ref={heading} tabIndex={-1}>
        {HEADINGS[status]}
        <span className="job-what">
          <span className="mono" title={visible(source)}>
            <Shown text={source.replace(/@([0-9a-f]{7})[0-9a-f]{33}$/, '@$1')} />
          </span>{' '}
          → <span className="mono">{target}</span>
        </span>
      </h2>
      {stage === 'busy' && <ProgressPanel />}
      {(status === 'failed' || status === 'cancelled') && <EndedPanel onAgain={onAgain} />}
      {status === 'done' && <ReportPanel />}
    </section>
  );
}

import { useEffect } from 'react';
import { countGood, formatBytes } from '../../../core/index.ts';
import { sampleWithoutWeights } from '../../sources/samples.ts';
import { isDense, useInspection } from '../../state/inspection.ts';
import { memoryOf, useConvertChoices, useWorkChoices } from './options/convert-options.ts';
import './convert.css';
import { NoWeights } from '../../checkpoint/no-weights.tsx';
import { isBusy, useJob } from '../../jobs/job-store.ts';
import { startJob, warmUp } from '../../jobs/run-job.ts';
import { StoredLists } from '../../jobs/stored/stored-lists.tsx';
import { late } from '../../parts/late.tsx';
import { Shown } from '../../parts/shown.tsx';
import { DroppedNote, useDropUnfit } from './dropped-note.tsx';
import { FlowPanel } from './flow/flow-panel.tsx';
import { ConvertHere } from './here/convert-here.tsx';
import { JobPanel } from './job-panel.tsx';
import { LayerChoice } from './options/layer-choice.tsx';
import { OutputChoice } from './options/output-choice.tsx';
import { ProgramChoice } from './options/program-choice.tsx';
import { ReadingChoice } from './options/reading-choice.tsx';
import { ShardSize } from './options/shard-size.tsx';
import { TargetChoice } from './options/target-choice.tsx';
import { UnpackChoice } from './options/unpack-choice.tsx';
import { WorkChoice } from './options/work-choice.tsx';
import { bytesOf, fitsMemory, placeOf, usePlaces } from './places.ts';
import { DamageNote } from './plan-loads.tsx';
import { PlanPanel } from './plan-panel.tsx';
import { Refusals } from './refusals/refusals.tsx';
import { StartButton } from './start-button.tsx';
import type { Outcomes } from './use-outcomes.ts';
import { type Order, type TargetOrder, useOrder, usePlan } from './use-plan.ts';

const ClusterPanel = late(async () => (await import('./cluster/cluster-panel.tsx')).ClusterPanel);

/** Chooses a target, shows the plan, converts, and shows what was proven. */
export function ConvertView() {
  const dense = useInspection(isDense);
  return dense ? <NothingToConvert /> : <Conversion />;
}

function NothingToConvert() {
  return (
    <div className="convert">
      <h1 className="hidden">Convert</h1>
      <div className="convert-main alone">
        <section className="panel" aria-label="Plan">
          <h2>Nothing to convert</h2>
          <p>
            Conversion changes how routed experts are stored. This model has none: its dense layers are stored in one
            way that every program reads. See Loads in for the programs that load it.
          </p>
        </section>
        <StoredLists except={null} />
      </div>
    </div>
  );
}

function Conversion() {
  const { order, chosen, outcomes } = useOrder();
  const planned = usePlan(order);
  const withTarget = order.target === null ? null : { ...order, target: order.target };
  useDropUnfit(order, planned);
  const status = useJob((state) => state.status);
  const start = useStart(order, planned);
  const startable = planned.current ? planned.plan : null;
  const shown = useJob(({ output }) => (output && 'job' in output ? output.job : null));
  const busy = isBusy(status);
  const sample = useInspection((state) => sampleWithoutWeights(state.source));
  useEffect(() => {
    if (!busy) warmUp();
  }, [busy]);
  return (
    <div className="convert">
      <h1 className="hidden">Convert</h1>
      <div className="convert-setup">
        <form className="panel" onSubmit={(event) => event.preventDefault()}>
          <fieldset className="plain" disabled={busy}>
            <legend className="hidden">Options of the conversion</legend>
            <DroppedNote />
            <ReadingChoice order={order} />
            <ProgramChoice chosen={chosen} outcomes={outcomes} />
            <TargetChoice chosen={chosen} />
            <UnpackChoice />
            <LayerChoice />
            <ShardSize />
            <OutputChoice />
            <WorkChoice />
          </fieldset>
        </form>
        <StoredLists except={shown} />
      </div>
      <div className="convert-main">
        <JobPanel again={{ start, plan: startable }} />
        <section className="panel" aria-label="Plan" aria-busy={!planned.current}>
          <div className="plan-head">
            <h2>Plan</h2>
            <p className="option-note" role="status">
              {start.note}
            </p>
            {!sample && <StartButton start={start} plan={startable} />}
          </div>
          {sample && <NoWeights sample={sample} />}
          {withTarget && planned.plan && order.problem === null && <DamageNote order={withTarget} />}
          {withTarget ? (
            <PlanBody order={withTarget} planned={planned} />
          ) : (
            <NoTarget pending={chosen.pending} outcomes={outcomes} />
          )}
        </section>
        {withTarget && planned.plan && <ConvertHere order={withTarget} plan={planned.plan} />}
        {withTarget && planned.plan && planned.plan.refusals.length === 0 && order.problem === null && (
          <>
            {planned.current && <ClusterPanel plan={planned.plan} order={withTarget} />}
            <FlowPanel plan={planned.plan} order={withTarget} />
          </>
        )}
      </div>
    </div>
  );
}

type Planned = ReturnType<typeof usePlan>;

/** Shown instead of a plan until a target is chosen: how many programs load the checkpoint now, and why none is selected. */
function NoTarget({ pending, outcomes }: { readonly pending: boolean; readonly outcomes: Outcomes }) {
  const { current } = outcomes;
  if (pending || !current) return <p className="quiet">Finding the layouts that programs load …</p>;
  return (
    <p className="callout">
      {countGood(current.verdicts)} of {current.verdicts.length} programs load this checkpoint as it is. No conversion
      is selected, because none makes more of your programs load it. Choose a program or a layout to see the plan.
    </p>
  );
}

function PlanBody({ order, planned }: { readonly order: TargetOrder; readonly planned: Planned }) {
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
  if (sampleWithoutWeights(source)) return no('The plan can be read, but not run.');
  if (isBusy(status)) return no('A conversion is running. Only one can run at a time.');
  if (order.problem !== null) return no(order.problem);
  const { target, options } = order;
  if (target === null) return no('Choose a program or a layout first.');
  if (!plan || !current || !source) return no('Wait until the plan is made.');
  if (plan.refusals.length > 0) return no('This plan cannot be run. The reason is below.');
  if (place === 'folder' && !folder) return no('Pick the folder to write to.');
  if (place === 'memory' && !fitsMemory(bytesOf(plan)))
    return no(
      `The result of ${formatBytes(bytesOf(plan))} is too large for the memory of a tab. Choose another output.`,
    );
  if (memoryBytes === null) return no('Enter an amount of memory, such as 256 MiB.');
  const settings = { engine, memoryBytes, sha256, checkSource };
  const to = place === 'folder' ? folder : null;
  const act = () =>
    void startJob({ source, hub, plan, target, options, settings, folder: to, inMemory: place === 'memory' });
  return { act, note: 'Nothing is written until you start.' };
}

import { useState } from 'react';
import { type ExpertMap, formatBytes, formatDuration, formatInteger, type LoomError } from '../../../../core/index.ts';
import { EngineReport } from '../../../jobs/engine-report.tsx';
import { Segments } from '../../../parts/segments.tsx';
import { Shown } from '../../../parts/shown.tsx';
import { move } from '../../../state/address-store.ts';
import type { MeasureScope } from './measure-scopes.ts';
import { PROJECTIONS, type ProjectionId, STATISTIC_IDS, STATISTICS } from './statistics.ts';
import type { ValueChoice } from './use-map-values.ts';
import { ValuesExport } from './values-export.tsx';
import { ValuesOffer } from './values-offer.tsx';
import { cancelMeasuring, useValues } from './values-store.ts';
import './values.css';

/** Chooses the statistic and the matrices, starts measuring, and shows its progress and how it ended. */
export function ValuesBar({ map, choice }: { readonly map: ExpertMap; readonly choice: ValueChoice }) {
  const status = useValues((state) => state.status);
  const [wish, setWish] = useState<MeasureScope['id'] | null>(null);
  return (
    <section className="values-bar" aria-label="Values">
      <div className="values-line">
        <Segments
          label="Statistic"
          options={STATISTIC_IDS.map((id) => [id, STATISTICS[id].name] as const)}
          value={choice.statistic}
          onChange={(statistic) => move({ statistic })}
        />
        <Segments<ProjectionId | 'all'>
          label="Matrices"
          options={[['all', 'All three'], ...PROJECTIONS.map((id) => [id, id] as const)]}
          value={choice.projection ?? 'all'}
          onChange={(projection) => move({ projection: projection === 'all' ? null : projection })}
        />
        {status === 'running' || status === 'cancelling' ? (
          <Running />
        ) : (
          <ValuesOffer map={map} wish={wish} onWish={setWish} />
        )}
      </div>
      <Outcome />
    </section>
  );
}

function Running() {
  const progress = useValues((state) => state.progress);
  const pace = useValues((state) => state.pace);
  const cancelling = useValues((state) => state.status === 'cancelling');
  const text = progress
    ? [
        `${formatBytes(progress.done)} of ${formatBytes(progress.total)}`,
        ...(pace.rate === null ? [] : [`${formatBytes(Math.round(pace.rate))}/s`]),
        ...(pace.left === null ? [] : [`about ${formatDuration(pace.left)} left`]),
        ...(progress.prefix === null ? [] : [progress.prefix]),
      ].join(' · ')
    : 'Opening the files';
  return (
    <>
      <progress
        className="meter"
        aria-label="Weights read"
        max={Math.max(1, progress?.total ?? 1)}
        value={progress?.done ?? 0}
      />
      <span className="quiet mono">{text}</span>
      <button type="button" className="button small" disabled={cancelling} onClick={cancelMeasuring}>
        {cancelling ? 'Cancelling' : 'Cancel'}
      </button>
    </>
  );
}

/** The result of the measurement, matrices that could not be read, the engine and the export. */
function Outcome() {
  const { status, outcome, error, measured, progress, scope } = useValues();
  if (status === 'idle') return null;
  return (
    <div className="values-line">
      <span role="status" className="values-status">
        {status === 'done' &&
          outcome &&
          `Measured ${formatBytes(outcome.bytes)} in ${formatDuration(outcome.seconds)}.`}
        {status === 'done' &&
          outcome &&
          scope.every !== undefined &&
          ` Sample: ${formatInteger(outcome.experts)} of ${formatInteger(outcome.ofExperts)} experts.`}
        {status === 'cancelled' &&
          `Stopped after ${formatBytes(progress?.done ?? 0)}. Finished layers keep their values. Unfinished layers are read from the start next time.`}
      </span>
      {status === 'failed' && error && (
        <span role="alert" className="defect">
          <Shown text={error.message} /> {adviceOf(error)}
        </span>
      )}
      {outcome?.unreadable.slice(0, 3).map(({ prefix, projection, reason }) => (
        <span key={`${prefix} ${projection}`} className="defect">
          <Shown text={prefix} /> {projection}: <Shown text={reason} />
        </span>
      ))}
      {outcome && <EngineReport decisions={outcome.decisions} adapter={outcome.adapter} />}
      {measured.size > 0 && <ValuesExport />}
    </div>
  );
}

function adviceOf({ tag }: LoomError): string {
  if (tag === 'not-convertible') return '';
  return 'Layers that are already measured are kept. Press Measure to resume.';
}

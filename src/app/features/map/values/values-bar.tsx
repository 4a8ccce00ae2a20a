import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useRef, useState } from 'react';
import {
  type ExpertMap,
  formatBytes,
  formatDuration,
  formatInteger,
  type LoomError,
  plural,
  type StatisticsCost,
} from '../../../../core/index.ts';
import { EngineReport } from '../../../jobs/engine-report.tsx';
import { formatExactBytes } from '../../../parts/numbers.ts';
import { Segments } from '../../../parts/segments.tsx';
import { move, useAddress } from '../../../state/address-store.ts';
import { inspectWorker, useInspection } from '../../../state/inspection.ts';
import { formatLayers } from '../../../state/number-runs.ts';
import { PROJECTIONS, type ProjectionId, STATISTIC_IDS, STATISTICS } from './statistics.ts';
import type { ValueChoice } from './use-map-values.ts';
import { ValuesExport } from './values-export.tsx';
import { cancelMeasuring, startMeasuring, useValues } from './values-store.ts';
import './values.css';
import { Shown } from '../../../parts/shown.tsx';

/** Which statistic of which matrices, of which layers; measuring them, how far it is, where it ran. */
export function ValuesBar({ map, choice }: { readonly map: ExpertMap; readonly choice: ValueChoice }) {
  const status = useValues((state) => state.status);
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
        {status === 'running' || status === 'cancelling' ? <Running /> : <Offer map={map} />}
      </div>
      <Outcome />
    </section>
  );
}

/** The layers that are chosen and not measured yet: null for all there are. */
function useRemaining(map: ExpertMap) {
  const chosen = useAddress((address) => address.layers);
  const whole = useValues((state) => state.whole);
  return useMemo(() => {
    const rows = map.rows.filter(({ experts, kind }) => experts !== null && kind !== 'dense');
    const wanted = rows.filter(({ index }) => chosen.length === 0 || (index !== null && chosen.includes(index)));
    const left = wanted.filter(({ prefix }) => !whole.has(prefix));
    const numbers = [...new Set(left.flatMap(({ index }) => index ?? []))];
    const all = left.length === rows.length;
    return { wanted: wanted.length, left: left.length, layers: all ? null : numbers };
  }, [map, chosen, whole]);
}

/** What measuring would read, and the button that starts it: a Hub is asked for weights only after a yes. */
function Offer({ map }: { readonly map: ExpertMap }) {
  const [asking, setAsking] = useState(false);
  const key = useInspection((state) => (state.status === 'open' ? state.key : null));
  const hub = useInspection((state) => state.hub);
  const { wanted, left, layers } = useRemaining(map);
  const { data: cost, error } = useQuery({
    queryKey: ['statistics cost', key, layers],
    queryFn: () => inspectWorker().statisticsCost(layers),
    enabled: key !== null && left > 0,
    gcTime: 30_000,
  });
  const begin = () => {
    setAsking(false);
    void startMeasuring(layers);
  };
  if (wanted === 0) return <p className="quiet">None of the chosen layers has experts. Choose others in the map.</p>;
  if (left === 0) return <p className="quiet">{scopeOf(layers, wanted)} measured.</p>;
  if (error)
    return (
      <p className="defect">
        <Shown text={error.message} />
      </p>
    );
  if (!cost) return <p className="quiet">Counting bytes …</p>;
  if (cost.matrices === 0)
    return <p className="defect">{cost.unreadable[0]?.reason ?? 'There is nothing to measure.'}</p>;
  return (
    <>
      <span className="quiet">
        {scopeOf(layers, left)} · {plural(cost.matrices, 'matrix', 'matrices')} ·{' '}
        <span title={`${formatInteger(cost.bytes)} bytes`}>{formatBytes(cost.bytes)}</span>
      </span>
      <button
        type="button"
        className="button primary small"
        aria-expanded={hub ? asking : undefined}
        onClick={() => (hub ? setAsking(true) : begin())}
      >
        {hub ? 'Measure …' : 'Measure'}
      </button>
      {asking && hub && (
        <Question cost={cost} from={hostOf(hub.endpoint)} onYes={begin} onNo={() => setAsking(false)} />
      )}
    </>
  );
}

function scopeOf(layers: readonly number[] | null, count: number): string {
  if (layers === null) return count === 1 ? 'The layer with experts' : `All ${count} layers with experts`;
  if (layers.length === 0) return plural(count, 'layer');
  const text = formatLayers(layers).replaceAll(',', ', ').replaceAll('-', '–');
  return `${layers.length === 1 ? 'Layer' : 'Layers'} ${text}`;
}

function hostOf(endpoint: string): string {
  return new URL(endpoint).host;
}

interface QuestionProps {
  readonly cost: StatisticsCost;
  readonly from: string;
  readonly onYes: () => void;
  readonly onNo: () => void;
}

/** Says how much would be read, and waits for an answer. */
function Question({ cost, from, onYes, onNo }: QuestionProps) {
  const no = useRef<HTMLButtonElement>(null);
  useEffect(() => no.current?.focus(), []);
  return (
    <div
      className="values-question"
      role="alertdialog"
      aria-labelledby="values-question"
      aria-describedby="values-question-more"
      onKeyDown={(event) => event.key === 'Escape' && onNo()}
    >
      <strong id="values-question">
        Statistics read the weights themselves: {formatExactBytes(cost.bytes)} from {from}.
      </strong>
      <span id="values-question-more" className="quiet">
        {plural(cost.layers, 'layer')}, nothing is stored. Choose fewer layers in the map to read less.
      </span>
      <span className="row">
        <button type="button" className="button small primary" onClick={onYes}>
          Read {formatBytes(cost.bytes)}
        </button>
        <button ref={no} type="button" className="button small" onClick={onNo}>
          Not now
        </button>
      </span>
    </div>
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

/** How it ended, what could not be read, where it was computed, what to take along. */
function Outcome() {
  const { status, outcome, error, measured, progress } = useValues();
  if (status === 'idle') return null;
  return (
    <div className="values-line">
      <span role="status" className="values-status">
        {status === 'done' &&
          outcome &&
          `Measured ${formatBytes(outcome.bytes)} in ${formatDuration(outcome.seconds)}.`}
        {status === 'cancelled' &&
          `Stopped after ${formatBytes(progress?.done ?? 0)}. What was measured stays; layers that were begun start anew.`}
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
  return 'What was measured before stays; press Measure to go on.';
}

import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import {
  type ExpertMap,
  formatBytes,
  formatDuration,
  formatInteger,
  type LoomError,
  plural,
  type StatisticsCost,
} from '../../../../core/index.ts';
import { NoWeights } from '../../../checkpoint/no-weights.tsx';
import { EngineReport } from '../../../jobs/engine-report.tsx';
import { AskFirst } from '../../../parts/ask-first.tsx';
import { asksFirst, placeOfHub, readingCost } from '../../../parts/reading-cost.ts';
import { Segments } from '../../../parts/segments.tsx';
import { sampleWithoutWeights } from '../../../sources/samples.ts';
import { move, useAddress } from '../../../state/address-store.ts';
import { inspectWorker, useInspection } from '../../../state/inspection.ts';
import { formatLayers } from '../../../state/number-runs.ts';
import { PROJECTIONS, type ProjectionId, STATISTIC_IDS, STATISTICS } from './statistics.ts';
import type { ValueChoice } from './use-map-values.ts';
import { ValuesExport } from './values-export.tsx';
import { cancelMeasuring, startMeasuring, useValues } from './values-store.ts';
import './values.css';
import { Shown } from '../../../parts/shown.tsx';

/** Chooses the statistic and the matrices, starts measuring, and shows its progress and how it ended. */
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

/** The part of some layers that is not measured yet. */
interface Remaining {
  readonly wanted: number;
  readonly left: number;
  /** Numbers of layers; null for all that have experts. */
  readonly layers: readonly number[] | null;
}

/** The chosen layers (or all) that are not measured yet, and the one layer that is offered first if all are expensive. */
function useRemaining(map: ExpertMap): Remaining & { readonly one: number | null } {
  const chosen = useAddress((address) => address.layers);
  const pinned = useAddress((address) => address.layer);
  const whole = useValues((state) => state.whole);
  return useMemo(() => {
    const rows = map.rows.filter(({ experts, kind }) => experts !== null && kind !== 'dense');
    const wanted = rows.filter(({ index }) => chosen.length === 0 || (index !== null && chosen.includes(index)));
    const left = wanted.filter(({ prefix }) => !whole.has(prefix));
    const numbers = [...new Set(left.flatMap(({ index }) => index ?? []))];
    const all = left.length === rows.length;
    const one = numbers.length < 2 ? null : ((numbers.includes(pinned ?? -1) ? pinned : numbers[0]) ?? null);
    return { wanted: wanted.length, left: left.length, layers: all ? null : numbers, one };
  }, [map, chosen, pinned, whole]);
}

function useCost(layers: readonly number[] | null, enabled: boolean) {
  const key = useInspection((state) => (state.status === 'open' ? state.key : null));
  return useQuery({
    queryKey: ['statistics cost', key, layers],
    queryFn: () => inspectWorker().statisticsCost(layers),
    enabled: key !== null && enabled,
    gcTime: 30_000,
  });
}

/** The bytes that measuring reads, and the button that starts it. Reads from a Hub and expensive reads need confirmation. */
function Offer({ map }: { readonly map: ExpertMap }) {
  const [asking, setAsking] = useState<'all' | 'one' | null>(null);
  const hub = useInspection((state) => state.hub);
  const sample = useInspection((state) => sampleWithoutWeights(state.source));
  const { wanted, left, layers, one } = useRemaining(map);
  const { data: cost, error } = useCost(layers, left > 0 && sample === null);
  const place = placeOfHub(hub);
  const isMuch = cost !== undefined && asksFirst(readingCost(place, cost.bytes));
  const { data: oneCost, isPending } = useCost(one === null ? [] : [one], one !== null && sample === null);
  const begin = (which: readonly number[] | null) => {
    setAsking(null);
    void startMeasuring(which);
  };
  if (sample) return <NoWeights sample={sample} />;
  if (wanted === 0) return <p className="quiet">The chosen layers have no experts. Choose other layers in the map.</p>;
  if (left === 0) return <p className="quiet">{scopeOf(layers, wanted)} measured.</p>;
  if (error)
    return (
      <p className="defect">
        <Shown text={error.message} />
      </p>
    );
  if (!cost || (isMuch && one !== null && isPending)) return <p className="quiet">Counting bytes …</p>;
  if (cost.matrices === 0)
    return <p className="defect">{cost.unreadable[0]?.reason ?? 'These layers have no weights to measure.'}</p>;
  const narrow = isMuch && one !== null && oneCost && oneCost.matrices > 0 ? { layer: one, cost: oneCost } : null;
  const press = (which: 'all' | 'one', reads: StatisticsCost, of: readonly number[] | null) =>
    hub || asksFirst(readingCost(place, reads.bytes)) ? setAsking(which) : begin(of);
  const asked = asking === 'one' ? narrow?.cost : asking === 'all' ? cost : undefined;
  const dots = (reads: StatisticsCost) => (hub || asksFirst(readingCost(place, reads.bytes)) ? ' …' : '');
  return (
    <>
      {narrow && (
        <>
          <Reads scope={`Layer ${narrow.layer}`} cost={narrow.cost} />
          <button
            type="button"
            className="button primary small"
            aria-expanded={asking === 'one'}
            onClick={() => press('one', narrow.cost, [narrow.layer])}
          >
            Measure layer {narrow.layer}
            {dots(narrow.cost)}
          </button>
        </>
      )}
      <Reads scope={scopeOf(layers, left)} cost={cost} />
      <button
        type="button"
        className={narrow ? 'button small' : 'button primary small'}
        aria-expanded={dots(cost) === '' ? undefined : asking === 'all'}
        onClick={() => press('all', cost, layers)}
      >
        {narrow ? 'Measure all' : 'Measure'}
        {dots(cost)}
      </button>
      {asking !== null && asked && (
        <AskFirst
          what="Measuring reads the weights:"
          cost={readingCost(place, asked.bytes)}
          from={place}
          more={`${plural(asked.layers, 'layer')}. Nothing is stored. To read less, choose fewer layers in the map.`}
          verb="Read"
          narrow={
            asking === 'all' && narrow
              ? {
                  label: `Only layer ${narrow.layer} (${formatBytes(narrow.cost.bytes)})`,
                  act: () => begin([narrow.layer]),
                }
              : null
          }
          onYes={() => begin(asking === 'one' && narrow ? [narrow.layer] : layers)}
          onNo={() => setAsking(null)}
        />
      )}
    </>
  );
}

function Reads({ scope, cost }: { readonly scope: string; readonly cost: StatisticsCost }) {
  return (
    <span className="quiet">
      {scope} · {plural(cost.matrices, 'matrix', 'matrices')} ·{' '}
      <span title={`${formatInteger(cost.bytes)} bytes`}>{formatBytes(cost.bytes)}</span>
    </span>
  );
}

function scopeOf(layers: readonly number[] | null, count: number): string {
  if (layers === null) return count === 1 ? 'The layer with experts' : `All ${count} layers with experts`;
  if (layers.length === 0) return plural(count, 'layer');
  const text = formatLayers(layers).replaceAll(',', ', ').replaceAll('-', '–');
  return `${layers.length === 1 ? 'Layer' : 'Layers'} ${text}`;
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
  const { status, outcome, error, measured, progress } = useValues();
  if (status === 'idle') return null;
  return (
    <div className="values-line">
      <span role="status" className="values-status">
        {status === 'done' &&
          outcome &&
          `Measured ${formatBytes(outcome.bytes)} in ${formatDuration(outcome.seconds)}.`}
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

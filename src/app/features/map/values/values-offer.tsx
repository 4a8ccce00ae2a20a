import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { type ExpertMap, formatBytes, formatInteger, plural, type StatisticsCost } from '../../../../core/index.ts';
import { NoWeights } from '../../../checkpoint/no-weights.tsx';
import { AskFirst } from '../../../parts/ask-first.tsx';
import { asksFirst, placeOfHub, readingCost } from '../../../parts/reading-cost.ts';
import { Segments } from '../../../parts/segments.tsx';
import { Shown } from '../../../parts/shown.tsx';
import { sampleWithoutWeights } from '../../../sources/samples.ts';
import { useAddress } from '../../../state/address-store.ts';
import { inspectWorker, useInspection } from '../../../state/inspection.ts';
import { countMeasured, type MeasureScope, measurable, offeredScope } from './measure-scopes.ts';
import { startMeasuring, useValues } from './values-store.ts';

/** A choice of what to measure with what it reads. */
interface Offered extends MeasureScope {
  readonly cost: StatisticsCost;
  readonly isMeasured: boolean;
}

interface ValuesOfferProps {
  readonly map: ExpertMap;
  /** The choice that the reader made; null where none was made. */
  readonly wish: MeasureScope['id'] | null;
  readonly onWish: (wish: MeasureScope['id']) => void;
}

/** What measuring would read, and the button that starts it. A Hub, and whatever reads a lot, is read only after a yes. */
export function ValuesOffer({ map, wish, onWish }: ValuesOfferProps) {
  const [asking, setAsking] = useState(false);
  const hub = useInspection((state) => state.hub);
  const sample = useInspection((state) => sampleWithoutWeights(state.source));
  const { scopes, words, wanted } = useMeasurable(map);
  const { offers, error } = useOffers(map, scopes, sample === null);
  const place = placeOfHub(hub);
  if (sample) return <NoWeights sample={sample} />;
  if (wanted === 0) return <p className="quiet">None of the chosen layers has experts. Choose others in the map.</p>;
  if (scopes.length === 0) return <p className="quiet">{words} measured.</p>;
  if (error)
    return (
      <p className="defect">
        <Shown text={error.message} />
      </p>
    );
  const isMuch = ({ cost }: Offered) => asksFirst(readingCost(place, cost.bytes));
  const [narrowest, widest] = [offers?.[0], offers?.at(-1)];
  const offer = offers && offeredScope(offers, wish, widest !== undefined && isMuch(widest));
  if (!offer || !narrowest) return <p className="quiet">Counting bytes …</p>;
  const asks = hub !== null || isMuch(offer);
  const begin = ({ scope }: Offered) => {
    setAsking(false);
    void startMeasuring(scope);
  };
  const { cost } = offer;
  return (
    <>
      {scopes.length > 1 && (
        <Segments
          label="Measure"
          options={scopes.map(({ id, label }) => [id, label] as const)}
          value={offer.id}
          onChange={(id) => {
            onWish(id);
            setAsking(false);
          }}
        />
      )}
      {cost.matrices === 0 ? (
        <p className="defect">
          <Shown text={cost.unreadable[0]?.reason ?? 'There is nothing to measure.'} />
        </p>
      ) : offer.isMeasured ? (
        <p className="quiet">{offer.words} measured.</p>
      ) : (
        <>
          <Reads words={offer.words} cost={cost} />
          <button
            type="button"
            className="button primary small"
            aria-expanded={asks ? asking : undefined}
            onClick={() => (asks ? setAsking(true) : begin(offer))}
          >
            Measure{asks && ' …'}
          </button>
        </>
      )}
      {asking && !offer.isMeasured && (
        <AskFirst
          what="Statistics read the weights:"
          cost={readingCost(place, cost.bytes)}
          from={place}
          more={`${plural(cost.experts, 'expert')} of ${plural(cost.layers, 'layer')}. Nothing is stored.`}
          verb="Read"
          narrow={
            isMuch(offer) && offer !== narrowest && narrowest.cost.matrices > 0
              ? {
                  label: `Only ${narrowest.words.toLowerCase()} (${formatBytes(narrowest.cost.bytes)})`,
                  act: () => begin(narrowest),
                }
              : null
          }
          onYes={() => begin(offer)}
          onNo={() => setAsking(false)}
        />
      )}
    </>
  );
}

function useMeasurable(map: ExpertMap) {
  const chosen = useAddress((address) => address.layers);
  const layer = useAddress((address) => address.layer);
  const expert = useAddress((address) => address.expert);
  const whole = useValues((state) => state.whole);
  return useMemo(() => measurable(map.rows, { chosen, layer, expert }, whole), [map, chosen, layer, expert, whole]);
}

/** The choices with what each reads; undefined while that is counted. */
function useOffers(map: ExpertMap, scopes: readonly MeasureScope[], enabled: boolean) {
  const key = useInspection((state) => (state.status === 'open' ? state.key : null));
  const measured = useValues((state) => state.measured);
  const { data: costs, error } = useQuery({
    queryKey: ['statistics cost', key, scopes.map(({ scope }) => scope)],
    queryFn: () => Promise.all(scopes.map(({ scope }) => inspectWorker().statisticsCost(scope))),
    enabled: key !== null && enabled && scopes.length > 0,
    gcTime: 30_000,
  });
  const offers = useMemo(
    () =>
      costs &&
      scopes.flatMap((each, at): Offered[] => {
        const cost = costs[at];
        if (!cost) return [];
        const isMeasured = cost.matrices > 0 && countMeasured(map.rows, measured, each.scope) >= cost.matrices;
        return [{ ...each, cost, isMeasured }];
      }),
    [costs, scopes, map, measured],
  );
  return { offers, error };
}

function Reads({ words, cost }: { readonly words: string; readonly cost: StatisticsCost }) {
  return (
    <span className="quiet">
      {words} · {plural(cost.matrices, 'matrix', 'matrices')} ·{' '}
      <span title={`${formatInteger(cost.bytes)} bytes`}>{formatBytes(cost.bytes)}</span>
    </span>
  );
}

import { useState } from 'react';
import type { PlanSummary } from '../../../../workers/inspect/protocol.ts';
import { formatBytes, formatDuration } from '../../../core/index.ts';
import { useJob } from '../../jobs/job-store.ts';
import { AskFirst } from '../../parts/ask-first.tsx';
import {
  asksAgain,
  asksFirst,
  type Place,
  placeOfHub,
  type ReadingCost,
  readingCost,
} from '../../parts/reading-cost.ts';
import { move } from '../../state/address-store.ts';
import { useInspection } from '../../state/inspection.ts';
import { useWorkChoices } from './options/convert-options.ts';
import { DAMAGE_ID } from './plan-loads.tsx';

export interface StartButtonProps {
  readonly start: { readonly act: (() => void) | null };
  /** Null while it is not the plan of the order. */
  readonly plan: PlanSummary | null;
  /** True for the button that starts an ended conversion a second time. */
  readonly again?: boolean;
}

/** Starts the conversion. The bytes that it reads are beside it, and many are read only after a yes. */
export function StartButton({ start, plan, again = false }: StartButtonProps) {
  const [asking, setAsking] = useState(false);
  const hub = useInspection((state) => state.hub);
  const bytes = useInspection((state) => state.summary?.bytes ?? 0);
  const rows = useInspection((state) => state.map?.rows);
  const { checkSource } = useWorkChoices();
  const place = placeOfHub(hub);
  const isConfirmed = useJob((state) => again && plan !== null && state.plan === plan);
  const cost = plan && costOf(plan, bytes, checkSource, place);
  const asks = cost !== null && (isConfirmed ? asksAgain(cost) : asksFirst(cost));
  const [reads, verb] = place === null ? ['reads', 'Read'] : ['downloads', 'Download'];
  const begin = () => {
    setAsking(false);
    start.act?.();
  };
  const [layer, second] = rows?.filter(({ kind, index }) => kind === 'moe' && index !== null) ?? [];
  const narrow =
    second && plan?.scope === 'whole' && layer && layer.index !== null
      ? {
          label: `Only layer ${layer.index} (${formatBytes(layer.bytes)} of experts)`,
          act: () => {
            setAsking(false);
            move({ layers: [layer.index ?? 0] });
          },
        }
      : null;
  return (
    <>
      {cost && start.act && !again && (place !== null || asks) && (
        <span className="download-cost option-note" title={`about ${formatDuration(Math.max(1, cost.seconds))}`}>
          {place === null ? 'Reads' : 'Downloads'} {formatBytes(cost.bytes)}
        </span>
      )}
      <button
        type="button"
        className={again ? 'button' : 'button primary'}
        disabled={start.act === null}
        aria-describedby={DAMAGE_ID}
        aria-expanded={asks ? asking : undefined}
        onClick={() => (asks ? setAsking(true) : begin())}
      >
        {again ? 'Start again' : 'Start conversion'}
        {asks && ' …'}
      </button>
      {asking && asks && start.act && (
        <AskFirst
          what={`This conversion ${reads}`}
          cost={cost}
          from={place}
          more={`${checkSource ? 'The check of source hashes reads the files a second time. ' : ''}The conversion can be paused and resumed.`}
          verb={verb}
          narrow={narrow}
          onYes={begin}
          onNo={() => setAsking(false)}
        />
      )}
    </>
  );
}

/** Bytes that a conversion reads: unpacking writes more than it reads; checking hashes reads all once more. */
function costOf(plan: PlanSummary, sourceBytes: number, checkSource: boolean, place: Place): ReadingCost {
  const read = plan.unpacked ? Math.min(plan.bytes, sourceBytes) : plan.bytes;
  return readingCost(place, read + (checkSource ? sourceBytes : 0), 'convert');
}

import { useState } from 'react';
import type { PlanSummary } from '../../../../workers/inspect/protocol.ts';
import { formatBytes, formatDuration } from '../../../core/index.ts';
import { AskFirst } from '../../parts/ask-first.tsx';
import { asksFirst, placeOfHub, type ReadingCost, readingCost } from '../../parts/reading-cost.ts';
import { move } from '../../state/address-store.ts';
import { useInspection } from '../../state/inspection.ts';
import { useWorkChoices } from './options/convert-options.ts';
import { DAMAGE_ID } from './plan-loads.tsx';

interface StartButtonProps {
  readonly start: { readonly act: (() => void) | null };
  /** Null while it is not the plan of the order. */
  readonly plan: PlanSummary | null;
}

/** Starts the conversion. From a Hub the bytes to download are beside it, and many are downloaded only after a yes. */
export function StartButton({ start, plan }: StartButtonProps) {
  const [asking, setAsking] = useState(false);
  const hub = useInspection((state) => state.hub);
  const bytes = useInspection((state) => state.summary?.bytes ?? 0);
  const layer = useInspection((state) => state.map?.rows.find(({ kind, index }) => kind === 'moe' && index !== null));
  const { checkSource } = useWorkChoices();
  const place = placeOfHub(hub);
  const cost = plan && place !== null ? downloadOf(plan, bytes, checkSource, place) : null;
  const asks = cost !== null && asksFirst(cost);
  const begin = () => {
    setAsking(false);
    start.act?.();
  };
  const narrow =
    plan?.scope === 'whole' && layer && layer.index !== null
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
      {cost && start.act && (
        <span className="download-cost option-note" title={`about ${formatDuration(cost.seconds)}`}>
          Downloads {formatBytes(cost.bytes)}
        </span>
      )}
      <button
        type="button"
        className="button primary"
        disabled={start.act === null}
        aria-describedby={DAMAGE_ID}
        aria-expanded={asks ? asking : undefined}
        onClick={() => (asks ? setAsking(true) : begin())}
      >
        Start conversion{asks && ' …'}
      </button>
      {asking && asks && start.act && (
        <AskFirst
          what="This conversion downloads"
          cost={cost}
          from={place}
          more={`${checkSource ? 'The check of source hashes reads the files a second time. ' : ''}The conversion can be paused and resumed.`}
          verb="Download"
          narrow={narrow}
          onYes={begin}
          onNo={() => setAsking(false)}
        />
      )}
    </>
  );
}

/** Bytes that a conversion reads from a Hub: unpacking writes more than it reads; checking hashes reads all once more. */
function downloadOf(plan: PlanSummary, sourceBytes: number, checkSource: boolean, place: string): ReadingCost {
  const read = plan.unpacked ? Math.min(plan.bytes, sourceBytes) : plan.bytes;
  return readingCost(place, read + (checkSource ? sourceBytes : 0));
}

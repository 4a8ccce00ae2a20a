import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { formatBytes, formatInteger, type ReadingEvidence } from '../../../../core/index.ts';
import { pinSource } from '../../../jobs/pin-source.ts';
import { Shown } from '../../../parts/shown.tsx';
import { inspectWorker, useInspection } from '../../../state/inspection.ts';
import { startValuesWorker } from '../../../workers/values.ts';

/** Evidence from values for one of several readings: read only after the button is pressed, or where nothing is read. */
export function ValuesEvidence() {
  const key = useInspection((state) => state.key);
  const [asked, ask] = useState<string | null>(null);
  const cost = useQuery({ queryKey: ['evidence-cost', key], queryFn: () => inspectWorker().evidenceCost() }).data;
  const { data, error, isFetching } = useQuery({
    queryKey: ['evidence', key],
    queryFn: ({ signal }) => readEvidence(signal),
    enabled: asked === key || cost === 0,
  });
  if (cost === undefined) return null;
  if (error)
    return (
      <p className="defect">
        The values could not be read: <Shown text={error.message} />
      </p>
    );
  if (data)
    return data.map(({ message, prefix }) => (
      <p key={prefix} className="quiet">
        <Shown text={message} />
      </p>
    ));
  if (isFetching) return <p className="quiet">Reading values …</p>;
  return (
    <p>
      <button
        type="button"
        className="button small"
        title={`at most ${formatInteger(cost)} bytes of one layer`}
        onClick={() => ask(key)}
      >
        Look at the values (reads at most {formatBytes(cost)})
      </button>
    </p>
  );
}

/** Asks a worker of its own, which ends with the answer. */
async function readEvidence(signal: AbortSignal): Promise<readonly ReadingEvidence[]> {
  const { source, hub } = useInspection.getState();
  if (!source) return [];
  const worker = startValuesWorker();
  try {
    const { port1, port2 } = new MessageChannel();
    const sent = inspectWorker().sendCheckpoint(port1);
    await Promise.all([sent, worker.call.open(pinSource(source, hub), port2, signal)]);
    return await worker.call.evidence(signal);
  } finally {
    worker.dispose();
  }
}

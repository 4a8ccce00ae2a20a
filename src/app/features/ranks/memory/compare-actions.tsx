import { DEFAULT_MEMORY_PROGRAM, type MemoryReport, type MemorySetup, plural } from '../../../../core/index.ts';
import { SaveButtons } from '../../../pictures/save-buttons.tsx';
import { move } from '../../../state/address-store.ts';
import { useInspection } from '../../../state/inspection.ts';
import { formatBand, VERDICT_LABELS } from './memory-format.ts';
import { memoryPicture } from './memory-picture.ts';
import { formatSetup } from './setup-address.ts';

interface ActionsProps {
  readonly setup: MemorySetup;
  readonly against: MemorySetup | null;
  readonly reports: readonly MemoryReport[];
}

/** Keeps a set-up to compare others with, and saves the bars as a picture. */
export function CompareActions({ setup, against, reports }: ActionsProps) {
  const identity = useInspection((state) => state.summary?.identity ?? '');
  return (
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
          picture={() => memoryPicture(reports, `Memory of one GPU: ${formatSetup(setup)}`)}
          notes={[identity, ...reports.map(verdictOf)]}
          name={[identity, 'memory', setup.framework ?? DEFAULT_MEMORY_PROGRAM]}
          what="the bars"
        />
      )}
    </div>
  );
}

function verdictOf({ verdict, capacity, mesh, decides, ...band }: MemoryReport): string {
  return `${VERDICT_LABELS[verdict].said}: ${formatBand(band)} of ${capacity.toFixed(1)} GB on each of ${plural(mesh.gpus, 'GPU')}. ${decides}`;
}

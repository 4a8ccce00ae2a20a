import { useState } from 'react';
import { formatBytes } from '../../../core/index.ts';
import { shownFiles } from '../../jobs/downloads.ts';
import type { JobOutput } from '../../jobs/job-store.ts';
import { clearJob } from '../../jobs/run-job.ts';
import { deleteStored, openStored } from '../../jobs/stored/actions.ts';
import { useRefreshStored } from '../../jobs/stored/stored.ts';
import { Shown } from '../../parts/shown.tsx';
import { openLocal } from '../../state/follow-address.ts';

/** Opens the result as a checkpoint: in the map, the tensors, "Loads in" and every other view. */
export function OpenResult({ output, target }: { readonly output: JobOutput; readonly target: string }) {
  const open = () => {
    if (output.kind !== 'memory') return openStored(output.job);
    const files = shownFiles().map(({ name, file }) => ({ path: name, file }));
    openLocal({ kind: 'files', name: `converted to ${target}`, files });
  };
  return (
    <button
      type="button"
      className="button primary"
      title="Shows the result in every view, and which programs load it"
      onClick={open}
    >
      Open the result
    </button>
  );
}

/** Deletes the result from the browser storage, after asking. */
export function DeleteResult({ job, bytes }: { readonly job: string; readonly bytes: number }) {
  const [asking, setAsking] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const refresh = useRefreshStored();
  const free = async () => {
    try {
      await deleteStored({ job, folder: null });
      clearJob();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
    await refresh();
  };
  if (!asking) {
    return (
      <button type="button" className="button" onClick={() => setAsking(true)}>
        Delete the result ({formatBytes(bytes)})
      </button>
    );
  }
  return (
    <div className="callout warn" role="alert">
      <p>
        {problem === null ? (
          'This deletes the converted files from the storage of this browser. Downloads that are still running will fail.'
        ) : (
          <Shown text={problem} />
        )}
      </p>
      <div className="row">
        <button type="button" className="button" onClick={() => void free()}>
          Delete {formatBytes(bytes)}
        </button>
        <button type="button" className="button" onClick={() => setAsking(false)}>
          Keep
        </button>
      </div>
    </div>
  );
}

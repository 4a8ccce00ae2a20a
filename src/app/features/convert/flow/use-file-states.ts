import type { PlanSummary } from '../../../../../workers/inspect/protocol.ts';
import type { Progress } from '../../../../core/index.ts';
import { isBusy, useJob } from '../../../jobs/job-store.ts';
import type { PieceState } from '../../../pictures/flow-view.tsx';

export type FileStateOf = (file: string) => PieceState;

/** How far each file of a plan is, while that plan is run; null while it is not. */
export function useFileStates(plan: PlanSummary): FileStateOf | null {
  const runs = useJob((job) => isBusy(job.status) && job.plan !== null && sameOutput(job.plan, plan));
  const progress = useJob((job) => job.progress);
  return runs ? fileStates(progress) : null;
}

function sameOutput(a: PlanSummary, b: PlanSummary): boolean {
  const same = a === b || (a.source === b.source && a.target === b.target && a.shards.length === b.shards.length);
  return (
    same &&
    a.shards.every(({ file, byteLength }, at) => file === b.shards[at]?.file && byteLength === b.shards[at]?.byteLength)
  );
}

/** A file that is being proven has been written whole. */
export function fileStates(progress: Pick<Progress, 'inHand' | 'provenFiles'> | null): FileStateOf {
  const proven = new Set(progress?.provenFiles);
  const written = new Set(progress?.inHand.flatMap(({ file, phase }) => (phase === 'verify' ? [file] : [])));
  return (file) => {
    if (proven.has(file)) return 'proven';
    return written.has(file) ? 'written' : 'waiting';
  };
}

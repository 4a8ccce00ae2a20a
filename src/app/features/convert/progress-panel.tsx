import { formatBytes, formatDuration, type Progress } from '../../../core/index.ts';
import { type JobState, useJob } from '../../jobs/job-store.ts';
import { cancelJob, pauseJob, resumeJob } from '../../jobs/run-job.ts';
import { Shown } from '../../parts/shown.tsx';
import { Fact } from './fact.tsx';
import { Meter } from './meter.tsx';

/** Bytes done of bytes to do, rate, time left, and the file in work; pause, resume, cancel. */
export function ProgressPanel() {
  const job = useJob();
  const { status, progress, plan } = job;
  const bytes = plan?.bytes ?? 0;
  /** Shards that an earlier run wrote are only proven. */
  const toWrite = progress ? progress.total - bytes : bytes;
  return (
    <>
      <p className="hand" role="status">
        {handOf(job)}
      </p>
      {job.unrecorded !== null && (
        <p className="callout warn">
          <Shown text={job.unrecorded} /> The conversion continues, but it cannot be resumed if it stops.
        </p>
      )}
      <div className="meters">
        <Meter name="Written" done={progress?.writtenBytes ?? 0} total={toWrite} />
        <Meter name="Proven" done={progress?.verifiedBytes ?? 0} total={bytes} />
      </div>
      <dl className="facts">
        <Fact name="Rate" value={status === 'running' ? rateOf(job.pace.rate) : '–'} />
        <Fact
          name="Time left"
          value={status === 'running' && job.pace.left !== null ? `about ${formatDuration(job.pace.left)}` : '–'}
        />
        <Fact name="Time so far" value={formatDuration(job.workedMs / 1000)} />
        <Fact name="Shards done" value={`${progress?.shardsDone ?? 0} of ${plan?.shards.length ?? 0}`} />
      </dl>
      <div className="row">
        {status === 'paused' ? (
          <button type="button" className="button" onClick={resumeJob}>
            Resume
          </button>
        ) : (
          <button type="button" className="button" disabled={status !== 'running'} onClick={pauseJob}>
            Pause
          </button>
        )}
        <button type="button" className="button" disabled={status === 'cancelling'} onClick={cancelJob}>
          Cancel
        </button>
        <span className="option-note">Cancelling deletes everything that was written.</span>
      </div>
    </>
  );
}

function rateOf(rate: number | null): string {
  if (rate === null) return 'measuring';
  return rate === 0 ? 'waiting' : `${formatBytes(Math.round(rate))}/s`;
}

/** One sentence on what the conversion does now. */
function handOf(job: JobState): string {
  const { status, progress, finalising, checking, output } = job;
  if (status === 'asking')
    return `Waiting for your answer: may this page write to ${output?.kind === 'directory' ? output.name : 'the folder'}?`;
  if (status === 'cancelling') return 'Cancelling: deleting what was written.';
  if (status === 'paused') return `Paused${progress?.file ? ` in ${progress.file}` : ''}.`;
  if (checking !== null && progress === null)
    return `Checking source hashes: ${formatBytes(checking.done)} of ${formatBytes(checking.total)} read.`;
  if (finalising !== null) return `Finalising ${finalising}: the browser copies the finished file into the folder.`;
  if (!progress) return 'Starting: opening the source.';
  return workOf(progress);
}

function workOf({ inHand, phase, shards, shardsDone }: Progress): string {
  if (phase === 'finish') return 'Writing config, tokenizer and the other files, and the index last.';
  const [first, ...others] = inHand;
  if (!first) return 'Starting the next shard.';
  const which = shards > 1 ? ` (${Math.min(shardsDone + 1, shards)} of ${shards})` : '';
  const rest = others
    .map(({ file, phase: doing }) => `; ${doing === 'write' ? 'writing' : 'proving'} ${file}`)
    .join('');
  if (first.phase === 'write') return `Writing ${first.file}${which}${rest}.`;
  return `Proving ${first.file}${which}: reading it back and comparing it with the source${rest}.`;
}

import { type ErrorTag, formatBytes } from '../../../core/index.ts';
import { type JobState, useJob } from '../../jobs/job-store.ts';
import { canPickFolder } from '../../jobs/output-folder.ts';
import { clearJob } from '../../jobs/run-job.ts';
import { Shown } from '../../parts/shown.tsx';
import { go } from '../../state/address-store.ts';
import { EMPTY } from '../../state/follow-address.ts';
import { choose } from './options/convert-options.ts';
import { bytesOf, fitsMemory } from './places.ts';
import { StartButton, type StartButtonProps } from './start-button.tsx';

interface Step {
  readonly label: string;
  readonly act: () => void;
}

const toFolder: Step = { label: 'Write to a folder instead', act: () => choose({ output: 'folder' }) };
const toStorage: Step = { label: 'Use the browser storage', act: () => choose({ output: 'opfs', folder: null }) };
const toMemory: Step = { label: 'Keep it in memory instead', act: () => choose({ output: 'memory' }) };
const pickAgain: Step = { label: 'Pick the folder again', act: () => choose({ output: 'folder', folder: null }) };
const openAgain: Step = { label: 'Open the source again', act: () => go({ ...EMPTY, view: 'map' }) };

const ELSEWHERE: ReadonlySet<ErrorTag> = new Set(['disk-full', 'storage-unavailable', 'write-failed']);
const PICK_AGAIN: ReadonlySet<ErrorTag> = new Set(['permission-lost', 'output-not-empty', 'output-inside-source']);
const OPEN_AGAIN: ReadonlySet<ErrorTag> = new Set(['source-changed', 'source-hash-wrong', 'path-not-found']);

/** What a person can do about an error, beside starting again. */
function stepsFor(tag: ErrorTag, { output, plan }: JobState): readonly Step[] {
  if (PICK_AGAIN.has(tag)) return [pickAgain, toStorage];
  if (OPEN_AGAIN.has(tag)) return [openAgain];
  if (!ELSEWHERE.has(tag)) return [];
  const folder = output?.kind !== 'directory' && canPickFolder() ? [toFolder] : [];
  const memory = output?.kind !== 'memory' && plan && fitsMemory(bytesOf(plan)) ? [toMemory] : [];
  return [...folder, ...memory];
}

/** A conversion that failed or was cancelled: what happened, which files are left, what to do now. */
export function EndedPanel({ again }: { readonly again: StartButtonProps | null }) {
  const job = useJob();
  const { status, error, aftermath, progress } = job;
  const steps = status === 'failed' && error ? stepsFor(error.tag, job) : [];
  return (
    <div className={status === 'failed' ? 'callout bad' : 'callout'} role="alert">
      <p>
        {status === 'failed' ? <Shown text={error?.message ?? ''} /> : 'You cancelled the conversion'}
        {status === 'cancelled' && (progress ? ` after ${formatBytes(progress.writtenBytes)} were written.` : '.')}
      </p>
      <p>{aftermath}</p>
      <div className="row">
        {again?.start.act && <StartButton {...again} again />}
        {steps.map((step) => (
          <button
            key={step.label}
            type="button"
            className="button"
            onClick={() => {
              step.act();
              clearJob();
            }}
          >
            {step.label}
          </button>
        ))}
        <button type="button" className="button" onClick={clearJob}>
          Dismiss
        </button>
      </div>
    </div>
  );
}

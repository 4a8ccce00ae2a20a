import { type ErrorTag, formatBytes } from '../../../core/index.ts';
import { go } from '../../state/address-store.ts';
import { EMPTY } from '../../state/follow-address.ts';
import { choose } from './choices.ts';
import { useJob } from './job-store.ts';
import { clearJob } from './run-job.ts';

interface Step {
  readonly label: string;
  readonly act: () => void;
}

const toFolder: Step = { label: 'Write to a folder instead', act: () => choose({ output: 'folder' }) };
const toStorage: Step = { label: 'Use the browser storage', act: () => choose({ output: 'opfs', folder: null }) };
const pickAgain: Step = { label: 'Pick the folder again', act: () => choose({ output: 'folder', folder: null }) };
const openAgain: Step = { label: 'Open the source again', act: () => go({ ...EMPTY, view: 'map' }) };

/** Ways on from an error, beside starting again. */
const STEPS: Partial<Readonly<Record<ErrorTag, readonly Step[]>>> = {
  'disk-full': [toFolder],
  'permission-lost': [pickAgain, toStorage],
  'output-not-empty': [pickAgain, toStorage],
  'output-inside-source': [pickAgain, toStorage],
  'source-changed': [openAgain],
  'source-hash-wrong': [openAgain],
  'path-not-found': [openAgain],
  'write-failed': [toFolder],
};

/** How a job ended that did not reach its end: what happened, what is left, what to do now. */
export function EndedPanel({ onAgain }: { readonly onAgain: (() => void) | null }) {
  const { status, error, aftermath, progress } = useJob();
  const steps = status === 'failed' && error ? (STEPS[error.tag] ?? []) : [];
  return (
    <div className={status === 'failed' ? 'callout bad' : 'callout'} role="alert">
      <p>
        {status === 'failed' ? error?.message : 'You cancelled the conversion'}
        {status === 'cancelled' && (progress ? ` after ${formatBytes(progress.writtenBytes)}.` : '.')}
      </p>
      <p>{aftermath}</p>
      <div className="row">
        {onAgain && (
          <button type="button" className="button" onClick={onAgain}>
            Start again
          </button>
        )}
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

import { useId } from 'react';
import type { SourceDescriptor } from '../../../../../workers/inspect/protocol.ts';
import { formatBytes } from '../../../../core/index.ts';
import { ParityForm } from './parity-form.tsx';
import { ParityResult } from './parity-result.tsx';
import { cancelParity, useParity } from './parity-store.ts';
import './parity.css';
import { Shown } from '../../../parts/shown.tsx';
import { Term } from '../../../parts/term.tsx';

interface ParityPanelProps {
  /** The second checkpoint, where one is compared with. */
  readonly other?: SourceDescriptor | null;
}

/** One layer computed in every way its experts can be held: the outputs side by side, and what they prove. */
export function ParityPanel({ other = null }: ParityPanelProps) {
  const heading = useId();
  const { status } = useParity();
  return (
    <section className="parity" aria-labelledby={heading}>
      <header className="parity-head">
        <h2 id={heading}>Same output</h2>
        <p className="quiet">
          A <Term id="parity">parity</Term> test: the browser computes one layer from its experts apart, stacked, as{' '}
          <Term id="gate-up">gate-up</Term> and on expert-parallel ranks, and compares the outputs. Equal bytes are
          proof that two layouts hold the same weights; equal outputs show it on the inputs that were run.
        </p>
      </header>
      <ParityForm other={other} />
      {(status === 'running' || status === 'cancelling') && <Progress />}
      {status === 'cancelled' && <p role="status">You stopped the computation. Nothing was written.</p>}
      {status === 'failed' && <Failure />}
      {status === 'done' && <ParityResult />}
    </section>
  );
}

function Progress() {
  const progress = useParity((state) => state.progress);
  const { read = 0, total = 0, done = 0, steps = 0, doing = 'the runtime' } = progress ?? {};
  return (
    <div className="parity-progress">
      <p role="status" className="hidden">
        Computing
      </p>
      <label className="meter-line">
        <span className="meter-name">Read</span>
        <progress className="meter" max={Math.max(1, total)} value={read} />
        <span className="number">
          {formatBytes(read)} of {formatBytes(total)}
        </span>
      </label>
      <label className="meter-line">
        <span className="meter-name">Computed</span>
        <progress className="meter" max={Math.max(1, steps)} value={done} />
        <span className="number">
          {done} of {steps} steps
        </span>
      </label>
      <div className="row">
        <button type="button" className="button" onClick={cancelParity}>
          Cancel
        </button>
        <span className="quiet">Now: {doing}</span>
      </div>
    </div>
  );
}

function Failure() {
  const error = useParity((state) => state.error);
  if (!error) return null;
  const advice = ADVICE[error.tag] ?? 'Nothing was written. Try again, or choose another layer.';
  return (
    <div className="parity-failed" role="alert" data-error-tag={error.tag}>
      <p>
        <Shown text={error.message} />
      </p>
      <p className="quiet">{advice}</p>
      <p className="quiet mono">{error.tag}</p>
    </div>
  );
}

const ADVICE: Readonly<Record<string, string>> = {
  'block-unknown': 'Compare the bytes instead: equal bytes prove more than equal outputs.',
  'runtime-unavailable': 'The runtime is a file of this app (14 MB); check the connection and try again.',
  'runtime-failed':
    'The layer may be too large for this browser’s memory; the command line (moe-loom parity) has more.',
  'tensor-unreadable': 'This quantisation is not computed here. Compare the bytes instead.',
};

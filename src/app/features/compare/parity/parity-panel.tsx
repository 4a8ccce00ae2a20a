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

/** Computes one layer with every way to store its experts, and compares the outputs. */
export function ParityPanel({ other = null }: ParityPanelProps) {
  const heading = useId();
  const { status } = useParity();
  return (
    <section className="parity" aria-labelledby={heading}>
      <header className="parity-head">
        <h2 id={heading}>Same output</h2>
        <p className="quiet">
          A <Term id="parity">parity</Term> test: the browser computes one layer with per-expert, stacked and{' '}
          <Term id="gate-up">gate-up</Term> weights and on expert-parallel ranks, and compares the outputs. Equal bytes
          prove that two layouts have the same weights. Equal outputs show this only for the inputs that were used.
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
  'runtime-unavailable':
    'The runtime (14 MB) could not be downloaded from this site. Check the connection and try again. The npm package of moe-loom does not contain it. To add it to a site that serves the package, run “npm i onnxruntime-web@1.30.0” and copy the WebAssembly file of the same name, without the hash, from its dist folder to the address above.',
  'runtime-failed':
    'The layer may be too large for the memory of this browser. The command line (moe-loom parity) can use more.',
  'tensor-unreadable': 'Layers with this quantisation cannot be computed here. Compare the bytes instead.',
};

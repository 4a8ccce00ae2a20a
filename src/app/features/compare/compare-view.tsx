import { useEffect } from 'react';
import { formatBytes, formatInteger } from '../../../core/index.ts';
import { allowReadingOther } from '../../jobs/stored/actions.ts';
import { Shown } from '../../parts/shown.tsx';
import { useAddress } from '../../state/address-store.ts';
import {
  closeComparison,
  compareWith,
  followComparison,
  retryComparison,
  useComparison,
} from '../../state/comparison.ts';
import { useInspection } from '../../state/inspection.ts';
import { ChooseOther } from './choose-other.tsx';
import { CompareHead } from './compare-head.tsx';
import { PairPanel } from './pair/pair-panel.tsx';
import { PairDetails } from './pair-details.tsx';
import { PairMaps } from './pair-maps.tsx';
import { PairTree } from './pair-tree.tsx';
import { ParityPanel } from './parity/parity-panel.tsx';
import { useSelected } from './use-selected.ts';
import { ValuePanel } from './value-panel.tsx';
import '../../theme/table.css';
import './compare.css';
import './pair-list.css';

/** Two checkpoints side by side: matched tensors, the operations between them, and whether values are equal. */
export function CompareView() {
  const other = useAddress((address) => address.compare.with);
  const leftKey = useInspection((state) => state.key);
  const status = useComparison((state) => state.status);
  useEffect(() => followComparison(other, leftKey), [other, leftKey]);
  if (other === null || status === 'missing') {
    return (
      <div className="compare-start">
        <h1 className="hidden">Compare</h1>
        <ChooseOther />
        <ParityPanel />
      </div>
    );
  }
  if (status === 'failed') return <Failed />;
  if (status !== 'ready') return <Opening />;
  return <Pairs />;
}

function Pairs() {
  const head = useComparison((state) => state.head);
  const source = useComparison((state) => state.source);
  const part = useAddress((address) => address.compare.part);
  const selected = useSelected();
  if (!head) return null;
  if (part === 'block') {
    return (
      <div className="compare-view">
        <CompareHead head={head} />
        <div className="compare-block">
          <ParityPanel other={source} />
        </div>
      </div>
    );
  }
  return (
    <div className="compare-view">
      <CompareHead head={head} />
      <div className="compare-body">
        <div className="compare-main">
          <PairMaps selected={selected} />
          <PairTree selected={selected} />
        </div>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
        <aside ref={selected.details} className="compare-side-panel" aria-label="Details" tabIndex={0}>
          <ValuePanel selected={selected} head={head} />
          <PairDetails selected={selected} />
        </aside>
      </div>
      <PairPanel selected={selected} />
    </div>
  );
}

function Opening() {
  const { requests, bytes, shardsDone, shards } = useComparison((state) => state.counts);
  const matching = useComparison((state) => state.status === 'matching');
  return (
    <div className="compare-start" role="status">
      <h1>{matching ? 'Matching the two checkpoints' : 'Opening the other checkpoint'}</h1>
      <p className="mono">
        {shards > 0 ? `${formatInteger(shardsDone)} of ${formatInteger(shards)} shards, ` : ''}
        {requests > 0 ? `${formatInteger(requests)} requests, ` : ''}
        {formatBytes(bytes)}
      </p>
      <button type="button" className="button" onClick={stop}>
        Cancel
      </button>
    </div>
  );
}

function stop(): void {
  closeComparison();
  compareWith(null);
}

function Failed() {
  const error = useComparison((state) => state.error);
  const kind = useComparison((state) => state.source?.kind);
  const isFolder = error?.tag === 'permission-lost' && (kind === 'job' || kind === 'directory');
  return (
    <div className="compare-start">
      <h1>The other checkpoint cannot be read.</h1>
      <p role="alert" className="defect">
        <Shown text={error?.message ?? ''} />
      </p>
      <div className="row">
        {isFolder && (
          <button type="button" className="button primary" onClick={() => void allowReadingOther()}>
            Allow reading the folder
          </button>
        )}
        <button type="button" className={isFolder ? 'button' : 'button primary'} onClick={retryComparison}>
          Try again
        </button>
        <button type="button" className="button" onClick={() => compareWith(null)}>
          Compare with another checkpoint
        </button>
      </div>
    </div>
  );
}

import { formatBytes, formatInteger, plural } from '../../core/index.ts';
import { Shown } from '../parts/shown.tsx';
import { cancelOpening, useInspection } from '../state/inspection.ts';
import './opening-counts.css';

/** Requests, bytes and shards so far, with Cancel. */
export function OpeningCounts() {
  const { requests, bytes, shards, shardsDone } = useInspection((state) => state.counts);
  const text = [
    shards > 0 ? `${formatInteger(shardsDone)} of ${plural(shards, 'shard')}` : 'listing files',
    ...(requests > 0 ? [plural(requests, 'request')] : []),
    formatBytes(bytes),
  ].join(' · ');
  return (
    <div className="opening">
      <progress className="meter" aria-label="Shards read" max={Math.max(1, shards)} value={shardsDone} />
      <span className="quiet">
        <Shown text={text} />
      </span>
      <button type="button" className="button small" onClick={cancelOpening}>
        Cancel
      </button>
    </div>
  );
}

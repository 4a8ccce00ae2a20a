import { useDeferredValue, useState } from 'react';
import type { TensorColumn, TensorQuery } from '../../../../workers/protocol.ts';
import { plural } from '../../../core/index.ts';
import { formatExactBytes } from '../../parts/numbers.ts';
import { Segments } from '../../parts/segments.tsx';
import { useTensorAnswer } from '../../queries/queries.ts';
import { inspectWorker } from '../../state/inspection.ts';
import { TensorTable } from './tensor-table.tsx';
import '../../theme/tensors.css';

const FRESH: TensorQuery = { text: '', mode: 'substring', sort: 'name', descending: false };

/** Every tensor of the checkpoint: searched, sorted, copied. */
export function TensorsView() {
  const [query, setQuery] = useState(FRESH);
  const asked = useDeferredValue(query);
  const { data, error } = useTensorAnswer(asked);
  const [copied, setCopied] = useState<string | null>(null);
  const sortBy = (sort: TensorColumn) =>
    setQuery((before) => ({
      ...before,
      sort,
      descending: before.sort === sort ? !before.descending : sort === 'bytes',
    }));
  const copy = async () => {
    if (!data) return;
    try {
      await navigator.clipboard.writeText(await inspectWorker().tensorTsv(data.id));
      setCopied(`${plural(data.count, 'row')} copied`);
    } catch {
      setCopied('The browser did not allow copying.');
    }
  };
  return (
    <div className="tensors-view">
      <h1 className="hidden">Tensors</h1>
      <div className="tensors-tools">
        <input
          type="search"
          className="field mono"
          aria-label="Search tensors"
          placeholder={query.mode === 'regex' ? 'layers\\.\\d+\\..*gate' : 'part of a name: layers.3 gate_proj'}
          spellCheck={false}
          autoCapitalize="none"
          value={query.text}
          onChange={(event) => {
            setQuery({ ...query, text: event.target.value });
            setCopied(null);
          }}
        />
        <Segments
          label="Search for"
          options={[
            ['substring', 'Words'],
            ['regex', 'Regex'],
            ['fuzzy', 'Fuzzy'],
          ]}
          value={query.mode}
          onChange={(mode) => setQuery({ ...query, mode })}
        />
        <p className="tensors-count" role="status">
          {data ? `${plural(data.count, 'tensor')}, ${formatExactBytes(data.bytes)}` : ''}
        </p>
        <button type="button" className="button small" onClick={copy} disabled={!data || data.count === 0}>
          Copy as TSV
        </button>
        <span className="quiet" role="status">
          {copied}
        </span>
      </div>
      {data?.problem && <p className="tensors-problem">{data.problem}</p>}
      {error && <p className="tensors-problem">{error.message}</p>}
      {data && data.count === 0 && !data.problem && (
        <p className="tensors-problem">No tensor’s name has that. Try fewer letters, or Fuzzy.</p>
      )}
      {data && <TensorTable key={data.id} answer={data} query={asked} onSort={sortBy} />}
    </div>
  );
}

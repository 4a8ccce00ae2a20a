import { useState } from 'react';
import type { CompareHead, SelectionSize, ValueSelection } from '../../../../workers/compare/protocol.ts';
import { formatBytes, formatDuration, formatInteger, plural } from '../../../core/index.ts';
import { Shown } from '../../parts/shown.tsx';
import { cancelMeasuring, compareByValue, useComparison } from '../../state/comparison.ts';
import { useSelectionSize } from './queries.ts';
import { usePace } from './use-pace.ts';
import type { Selected } from './use-selected.ts';

type Scope = 'chosen' | 'layer' | 'all';

/** Compares numbers: of what is chosen, of its layer's experts, or of all, once a person has seen what that reads. */
export function ValuePanel({ selected, head }: { readonly selected: Selected; readonly head: CompareHead }) {
  const [wanted, setWanted] = useState<Scope>('chosen');
  const { selection } = selected;
  const scopes = scopesOf(selection);
  const scope = scopes.some(([id]) => id === wanted) ? wanted : (scopes[0]?.[0] ?? 'all');
  const chosen = scopes.find(([id]) => id === scope)?.[2] ?? ALL;
  const { data: size } = useSelectionSize(chosen);
  const measuring = useComparison((state) => state.measuring);
  const error = useComparison((state) => state.measureError);
  return (
    <section className="value-panel" aria-labelledby="value-panel">
      <h2 id="value-panel">Values</h2>
      <fieldset disabled={measuring !== null}>
        <legend className="hidden">What to compare</legend>
        {scopes.map(([id, name]) => (
          <label key={id}>
            <input type="radio" name="value-scope" checked={id === scope} onChange={() => setWanted(id)} /> {name}
          </label>
        ))}
      </fieldset>
      <p className="quiet">{size ? costOf(size) : ' '}</p>
      {measuring && <Measuring />}
      {!measuring && size?.pairs !== 0 && (
        <button type="button" className="button primary" disabled={!size} onClick={() => void compareByValue(chosen)}>
          Compare values
        </button>
      )}
      {error && (
        <p className="defect" role="alert">
          <Shown text={error.message} />
        </p>
      )}
      {head.values && <Outcome values={head.values} />}
      <p className="quiet">
        Equal bytes are proof that nothing was lost. They say nothing about how a framework reads them: see Loads in.
      </p>
    </section>
  );
}

const ALL: ValueSelection = { kind: 'all' };

function scopesOf(selection: ValueSelection | null): (readonly [Scope, string, ValueSelection])[] {
  const own: (readonly [Scope, string, ValueSelection])[] = [];
  if (selection)
    own.push(['chosen', selection.kind === 'expert' ? 'The chosen expert' : 'The chosen tensor', selection]);
  if (selection?.kind === 'expert')
    own.push(['layer', 'All experts of its layer', { kind: 'group', group: selection.group }]);
  return [...own, ['all', 'Everything', ALL]];
}

function costOf({ pairs, left, right }: SelectionSize): string {
  if (pairs === 0) return 'All of it has been compared.';
  return `${plural(pairs, 'pair')} to compare: reads ${formatBytes(left)} on the left and ${formatBytes(right)} on the right.`;
}

function Measuring() {
  const progress = useComparison((state) => state.measuring?.progress ?? null);
  const { done = 0, total = 0, tensor = '' } = progress ?? {};
  const { rate, left } = usePace(done, total);
  return (
    <div className="measuring" role="status">
      <progress aria-label="Bytes compared" max={Math.max(1, total)} value={done} />
      <p className="mono">
        {formatBytes(done)} of {formatBytes(total)}
        {rate !== null && `, ${formatBytes(Math.round(rate))}/s`}
        {left !== null && `, ${formatDuration(left)} left`}
      </p>
      <p className="mono quiet measured-tensor">{tensor || 'opening the files'}</p>
      <button type="button" className="button" onClick={cancelMeasuring}>
        Cancel
      </button>
    </div>
  );
}

function Outcome({ values }: { readonly values: NonNullable<CompareHead['values']> }) {
  const { compared, equal, equalAfterCast, different, skipped, bytes, reads, mistakes, unsearched } = values;
  return (
    <div className="value-outcome" role="status">
      <p>
        <strong>{plural(compared, 'pair')} compared:</strong> {formatInteger(equal)} equal to the byte
        {equalAfterCast > 0 && `, ${formatInteger(equalAfterCast)} equal after a cast`}
        {different > 0 && (
          <>
            , <strong className="defect">{formatInteger(different)} different</strong>
          </>
        )}
        {skipped > 0 && `, ${formatInteger(skipped)} not comparable`}.
      </p>
      <p className="quiet">
        {formatBytes(bytes.left)} and {formatBytes(bytes.right)} read in {formatInteger(reads.left)} and{' '}
        {formatInteger(reads.right)} reads.
      </p>
      {mistakes.length > 0 && (
        <>
          <h3>What happened</h3>
          <ul className="mistakes">
            {mistakes.map(({ message, cure }) => (
              <li key={message}>
                <p>
                  <Shown text={message} />
                </p>
                {cure !== null && <p className="quiet">{cure}</p>}
              </li>
            ))}
          </ul>
        </>
      )}
      {unsearched !== null && <p className="quiet">{unsearched}</p>}
    </div>
  );
}

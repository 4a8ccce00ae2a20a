import { useState } from 'react';
import type { CompareHead, SelectionSize, ValueSelection } from '../../../../workers/compare/protocol.ts';
import { formatBytes, formatDuration, formatInteger, plural } from '../../../core/index.ts';
import { NoWeights } from '../../checkpoint/no-weights.tsx';
import { AskFirst } from '../../parts/ask-first.tsx';
import { asksFirst, placeOfHub, type ReadingCost, readingCost } from '../../parts/reading-cost.ts';
import { Shown } from '../../parts/shown.tsx';
import { sampleWithoutWeights } from '../../sources/samples.ts';
import { cancelMeasuring, compareByValue, useComparison } from '../../state/comparison.ts';
import { HUB } from '../../state/follow-address.ts';
import { useInspection } from '../../state/inspection.ts';
import { useSelectionSize } from './queries.ts';
import { usePace } from './use-pace.ts';
import type { Selected } from './use-selected.ts';

type Scope = 'chosen' | 'layer' | 'first' | 'all';

/** Compares the values of the selection, of the experts of a layer, or of everything. Expensive reads need confirmation. */
export function ValuePanel({ selected, head }: { readonly selected: Selected; readonly head: CompareHead }) {
  const [wanted, setWanted] = useState<Scope | null>(null);
  const [asking, setAsking] = useState(false);
  const { data: everything } = useSelectionSize(ALL);
  const costs = useCosts();
  const scopes = scopesOf(selected.selection, head);
  // Without a choice, everything is compared only if it is small.
  const usual = scopes[0]?.[0] === 'first' && everything && !asksFirst(costs(everything)) ? 'all' : scopes[0]?.[0];
  const scope = scopes.find(([id]) => id === wanted)?.[0] ?? usual ?? 'all';
  const chosen = scopes.find(([id]) => id === scope)?.[2] ?? ALL;
  const { data: size } = useSelectionSize(chosen);
  const measuring = useComparison((state) => state.measuring);
  const error = useComparison((state) => state.measureError);
  const sample = useSampleWithoutWeights();
  const asks = size !== undefined && asksFirst(costs(size));
  const choose = (id: Scope) => {
    setWanted(id);
    setAsking(false);
  };
  const begin = () => {
    setAsking(false);
    void compareByValue(chosen);
  };
  const smaller = scopes[0];
  return (
    <section className="value-panel" aria-labelledby="value-panel">
      <h2 id="value-panel">Values</h2>
      <fieldset disabled={measuring !== null}>
        <legend className="hidden">What to compare</legend>
        {scopes.map(([id, name]) => (
          <label key={id}>
            <input type="radio" name="value-scope" checked={id === scope} onChange={() => choose(id)} /> {name}
          </label>
        ))}
      </fieldset>
      <p className="quiet">{size ? costOf(size) : ' '}</p>
      {measuring && <Measuring />}
      {sample && <NoWeights sample={sample} />}
      {!sample && !measuring && size?.pairs !== 0 && (
        <button
          type="button"
          className="button primary"
          disabled={!size}
          aria-expanded={asks ? asking : undefined}
          onClick={() => (asks ? setAsking(true) : begin())}
        >
          Compare values{asks && ' …'}
        </button>
      )}
      {asking && size && !measuring && (
        <AskFirst
          what="Comparing values reads"
          cost={costs(size)}
          from={null}
          more={`${formatBytes(size.left)} from the left and ${formatBytes(size.right)} from the right. Nothing is stored.`}
          verb="Read"
          narrow={
            smaller && smaller[0] !== scope ? { label: `${smaller[1]} instead`, act: () => choose(smaller[0]) } : null
          }
          onYes={begin}
          onNo={() => setAsking(false)}
        />
      )}
      {error && (
        <p className="defect" role="alert">
          <Shown text={error.message} />
        </p>
      )}
      {head.values && <Outcome values={head.values} />}
      <p className="quiet">
        Equal bytes prove that nothing was lost. They do not prove that a framework loads them correctly: see Loads in.
      </p>
    </section>
  );
}

const ALL: ValueSelection = { kind: 'all' };

type ScopeRow = readonly [Scope, string, ValueSelection];

/** The selections that can be compared, the smallest first. */
function scopesOf(selection: ValueSelection | null, head: CompareHead): readonly ScopeRow[] {
  const all: ScopeRow = ['all', 'Everything', ALL];
  if (selection?.kind === 'expert') {
    const layer: ScopeRow = ['layer', 'All experts of its layer', { kind: 'group', group: selection.group }];
    return [['chosen', 'The chosen expert', selection], layer, all];
  }
  if (selection) return [['chosen', 'The chosen tensor', selection], all];
  const first = head.cells[0];
  if (!first || head.cells.length === 1) return [all];
  return [['first', 'One expert of the first layer', { kind: 'expert', group: first.group, expert: 0 }], all];
}

/** The cost of reading both sides. The slower source decides the time. */
function useCosts(): (size: SelectionSize) => ReadingCost {
  const left = useInspection((state) => state.hub);
  const right = useComparison((state) => state.source);
  return ({ left: leftBytes, right: rightBytes }) => {
    const there = readingCost(placeOfHub(left), leftBytes);
    const other = right?.kind === 'hub' ? { endpoint: right.endpoint ?? HUB } : null;
    const here = readingCost(placeOfHub(other), rightBytes);
    return { ...(there.seconds > here.seconds ? there : here), bytes: leftBytes + rightBytes };
  };
}

function useSampleWithoutWeights() {
  const left = useInspection((state) => sampleWithoutWeights(state.source));
  const right = useComparison((state) => sampleWithoutWeights(state.source));
  return left ?? right;
}

function costOf({ pairs, left, right }: SelectionSize): string {
  if (pairs === 0) return 'All values of this selection are already compared.';
  return `${plural(pairs, 'pair')} to compare. This reads ${formatBytes(left)} from the left and ${formatBytes(right)} from the right.`;
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
      <p className="mono quiet measured-tensor">{tensor || 'Opening the files'}</p>
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
        <strong>{plural(compared, 'pair')} compared:</strong> {formatInteger(equal)} byte-identical
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
          <h3>Diagnosis</h3>
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

import type { CompareHead as Head } from '../../../../workers/compare/protocol.ts';
import { formatBytes, formatInteger, plural, STATUS_WORDS, STATUSES, visible } from '../../../core/index.ts';
import { CopyButton } from '../../parts/copy-button.tsx';
import { formatByteCount } from '../../parts/numbers.tsx';
import { saveBlob } from '../../parts/save-blob.ts';
import { Segments, stepOfKey } from '../../parts/segments.tsx';
import { Shown } from '../../parts/shown.tsx';
import { addressStore, go, useAddress } from '../../state/address-store.ts';
import { COMPARE_SHOWS, type CompareShows } from '../../state/compare-address.ts';
import { compareWith, compareWorker } from '../../state/comparison.ts';
import { StatusMark } from './status-badge.tsx';
import { STATUS_MEANINGS } from './status-labels.ts';

/** The result of the comparison, in one sentence and in numbers. */
export function CompareHead({ head }: { readonly head: Head }) {
  const part = useAddress((address) => address.compare.part);
  return (
    <header className="compare-head">
      <div className="compare-verdict" data-equal={head.equal} role="status">
        <h1>{head.equal ? (head.compared === 'values' ? 'Equal' : 'Same headers') : 'Different'}</h1>
        <p>{head.verdict}</p>
        <div className="row compare-actions">
          <CopyButton label="Copy Markdown summary" text={() => compareWorker().markdown()} />
          <button type="button" className="button small" onClick={() => void save()}>
            Download JSON
          </button>
          <button type="button" className="button small" onClick={() => compareWith(null)}>
            Compare with another checkpoint
          </button>
        </div>
      </div>
      <div className="compare-sides">
        <Side name="Left" facts={head.left} />
        <Side name="Right" facts={head.right} />
      </div>
      <details className="compare-chains">
        <summary>How tensors are matched</summary>
        <ul>
          {head.chains.map((line) => (
            <li key={line}>{line}</li>
          ))}
          {head.prefixes.map((rule) => (
            <li key={rule.left}>
              Names that start with <code>{rule.left || '(nothing)'}</code> on the left start with{' '}
              <code>{rule.right || '(nothing)'}</code> on the right: <Shown text={rule.reason} />.
            </li>
          ))}
          <li>Other tensors are matched by name, or by the name that transformers uses for this architecture.</li>
        </ul>
      </details>
      {head.notes.map((note) => (
        <p key={note} className="callout warn">
          <Shown text={note} />
        </p>
      ))}
      <div className="compare-choices">
        <PartChoice />
        {part === 'weights' && <ShowChoice head={head} />}
      </div>
    </header>
  );
}

/** Compares the weights, or the output of one layer's block. */
function PartChoice() {
  const part = useAddress((address) => address.compare.part);
  return (
    <Segments
      label="Compare"
      options={[
        ['weights', 'Weights'],
        ['block', 'Output of a block'],
      ]}
      value={part}
      onChange={(next) => go({ compare: { ...addressStore.getState().address.compare, part: next } })}
    />
  );
}

async function save(): Promise<void> {
  saveBlob(await compareWorker().report(), 'moe-loom-compare.json');
}

function Side({ name, facts }: { readonly name: string; readonly facts: Head['left'] }) {
  const { identity, layout, modelType, tensors, paired, bytes } = facts;
  return (
    <p className="compare-side" data-side={name.toLowerCase()}>
      <strong>{name}</strong>
      <span className="mono side-name" title={visible(identity)}>
        <Shown text={identity} />
      </span>
      <span>{layout}</span>
      {modelType !== null && (
        <span className="mono quiet">
          <Shown text={modelType} />
        </span>
      )}
      <span title={formatByteCount(bytes)}>
        {plural(tensors, 'tensor')}
        {paired < tensors ? `, ${formatInteger(paired)} matched` : ', all matched'}, {formatBytes(bytes)}
      </span>
    </p>
  );
}

/** Which pairs are listed; a radio group by keyboard. */
function ShowChoice({ head }: { readonly head: Head }) {
  const show = useAddress((address) => address.compare.show);
  const total = STATUSES.reduce((sum, status) => sum + head.counts[status].entries, 0);
  const options = COMPARE_SHOWS.filter(
    (id) => id === 'all' || id === 'differences' || id === show || head.counts[id].entries > 0,
  );
  const choose = (id: CompareShows) => {
    const { compare } = addressStore.getState().address;
    go({ compare: { ...compare, show: id, open: null } });
  };
  const step = (event: React.KeyboardEvent, at: number) => {
    const by = stepOfKey(event.key);
    const next = by === null ? undefined : options[(at + by + options.length) % options.length];
    if (!next) return;
    event.preventDefault();
    choose(next);
    event.currentTarget.parentElement?.querySelectorAll<HTMLElement>('button')[options.indexOf(next)]?.focus();
  };
  return (
    <div className="show-choice" role="radiogroup" aria-label="Show">
      {options.map((id, at) => (
        // biome-ignore lint/a11y/useSemanticElements: a row of buttons that acts as one radio group
        <button
          key={id}
          type="button"
          role="radio"
          aria-checked={id === show}
          tabIndex={id === show ? 0 : -1}
          title={titleOf(id, head)}
          onClick={() => choose(id)}
          onKeyDown={(event) => step(event, at)}
        >
          {id === 'all' ? 'all' : id === 'differences' ? 'differences' : <StatusMark status={id} />}
          {id !== 'all' && id !== 'differences' && STATUS_WORDS[id]}
          <span className="count">
            {formatInteger(id === 'all' ? total : id === 'differences' ? head.differences : head.counts[id].entries)}
          </span>
        </button>
      ))}
    </div>
  );
}

function titleOf(id: CompareShows, { counts }: Head): string {
  if (id === 'all') return 'All pairs, and tensors without a match.';
  if (id === 'differences') return 'Pairs with different dtypes, sizes or values, and tensors without a match.';
  const { leftBytes, rightBytes } = counts[id];
  return `${STATUS_MEANINGS[id]} ${formatBytes(leftBytes)} on the left, ${formatBytes(rightBytes)} on the right.`;
}

import type { Proof } from '../../../../workers/compare/protocol.ts';
import type { EntryFacts } from '../../../core/index.ts';
import { BrokenName } from '../../parts/broken-name.tsx';
import { Bytes, formatRange } from '../../parts/numbers.tsx';
import { Shown } from '../../parts/shown.tsx';
import { usePairs } from './queries.ts';
import { StatusBadge } from './status-badge.tsx';
import { PROOF_LABELS } from './status-labels.ts';
import type { Selected } from './use-selected.ts';

/** The pairs of the chosen expert or tensor: both sides, their bytes, and the operations between. */
export function PairDetails({ selected }: { readonly selected: Selected }) {
  const { selection, layer, expert, tensor } = selected;
  const { data, error } = usePairs(selection);
  if (!selection) {
    return (
      <section className="hint">
        <h2>No pair chosen</h2>
        <p className="quiet">
          Click a cell of a map or a row of the list to see both sides: names, shapes, files, byte ranges, and the
          operations that turn left into right. Keyboard: arrow keys move, Enter chooses.
        </p>
      </section>
    );
  }
  const pairs = data ?? [];
  return (
    <section className="pair-details" aria-label="Chosen pair">
      <header className="details-head">
        <h2>{tensor ?? `Layer ${layer}, expert ${expert ?? 0}`}</h2>
        <button type="button" className="button small" onClick={() => selected.chooseCell(null, true)}>
          Close
        </button>
      </header>
      {error && (
        <p className="defect">
          <Shown text={error.message} />
        </p>
      )}
      {data && pairs.length === 0 && <p className="quiet">Neither side has this pair.</p>}
      {pairs.map(({ facts, proof }) => (
        <Pair key={keyOf(facts)} facts={facts} proof={proof} />
      ))}
    </section>
  );
}

function keyOf({ left, right, projection, part }: EntryFacts): string {
  return `${left?.tensor} ${right?.tensor} ${projection} ${part}`;
}

function Pair({ facts, proof }: { readonly facts: EntryFacts; readonly proof: Proof }) {
  const { status, left, right, projection, part, operations, note } = facts;
  return (
    <article className="pair">
      <h3>
        {projection === null ? 'Tensor' : `${projection}${part === 'weight' ? '' : ` ${part}`}`}
        <StatusBadge status={status} />
      </h3>
      {left ? <Piece name="Left" piece={left} /> : <p className="quiet">The left side has no such tensor.</p>}
      {operations.length > 0 && <p className="pair-steps">↓ {operations.join(' → ')}</p>}
      {right ? <Piece name="Right" piece={right} /> : <p className="quiet">The right side has no such tensor.</p>}
      {note !== null && (
        <p className={proof === 'different' ? 'defect' : 'quiet'}>
          <Shown text={note} />
        </p>
      )}
      <p className="quiet">Values: {PROOF_LABELS[proof]}.</p>
    </article>
  );
}

function Piece({ name, piece }: { readonly name: string; readonly piece: NonNullable<EntryFacts['left']> }) {
  const { tensor, dtype, shape, matrix, file, scattered, bytes } = piece;
  return (
    <dl className="piece">
      <dt>{name}</dt>
      <dd>
        <BrokenName name={tensor} />
      </dd>
      <dt>Stored</dt>
      <dd className="mono">
        {dtype} [{shape.join(', ')}]
      </dd>
      {matrix && (
        <>
          <dt>Matrix</dt>
          <dd className="mono">
            {matrix[0]} × {matrix[1]}
          </dd>
        </>
      )}
      <dt>File</dt>
      <dd className="mono">
        <Shown text={file} />
      </dd>
      <dt>Where</dt>
      <dd className="mono">
        {formatRange(piece)}
        {scattered ? ', with other matrices between' : ''}
      </dd>
      <dt>Size</dt>
      <dd className="mono">{bytes === 0 ? 'included in gate' : <Bytes of={bytes} />}</dd>
    </dl>
  );
}

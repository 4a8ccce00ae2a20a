import type { Ref } from 'react';
import type { CellFacts } from '../../../../workers/inspect/protocol.ts';
import { besideOf, type ExpertMap, formatShape, plural } from '../../../core/index.ts';
import { besideWords, layoutOf, nameOf } from '../../grid/describe.ts';
import type { Cell } from '../../grid/geometry.ts';
import { BrokenName } from '../../parts/broken-name.tsx';
import { Bytes, formatRange } from '../../parts/numbers.tsx';
import { Shown } from '../../parts/shown.tsx';
import { useCell } from '../../queries/queries.ts';
import { go } from '../../state/address-store.ts';
import { useInspection } from '../../state/inspection.ts';
import { ALL_TENSORS } from '../../state/tensor-address.ts';
import { CellValues } from './values/cell-values.tsx';

interface DetailsProps {
  readonly map: ExpertMap;
  readonly cell: Cell;
  readonly onClose: () => void;
  readonly ref: Ref<HTMLElement>;
}

/** Everything about one expert: its tensors, where their bytes are, what is wrong with them. */
export function Details({ map, cell, onClose, ref }: DetailsProps) {
  const facts = map.rows[cell.row];
  const open = useInspection((state) => state.status === 'open');
  const beside = besideOf(cell.column);
  const exists = facts !== undefined && (beside ? facts[beside] > 0 : cell.column < (facts.experts ?? 0));
  const { data, error } = useCell(exists ? cell.row : null, exists ? cell.column : null);
  if (!facts) return null;
  const close = (event: React.KeyboardEvent) => {
    if (event.key !== 'Escape') return;
    onClose();
    document.querySelector<HTMLElement>('[role=grid]')?.focus();
  };
  return (
    <section ref={ref} className="details" tabIndex={-1} aria-label="Pinned expert" onKeyDown={close}>
      <header className="details-head">
        <h2>
          {nameOf(facts)}
          {beside ? `, ${besideWords(facts, beside)}` : facts.experts ? `, expert ${cell.column}` : ''}
        </h2>
        <button type="button" className="button small" onClick={onClose}>
          Close
        </button>
      </header>
      <p className="quiet">
        {layoutOf(facts)}
        {facts.experts ? ` · ${plural(facts.experts, 'expert')}` : ''}
        {facts.shared > 0 ? ` · ${plural(facts.shared, 'tensor')} of shared experts` : ''}
      </p>
      {exists && !beside && facts.index !== null && (
        <button
          type="button"
          className="button small"
          onClick={() =>
            go({ view: 'tensors', tensors: { ...ALL_TENSORS, layers: [facts.index ?? 0], experts: [cell.column] } })
          }
        >
          List its tensors
        </button>
      )}
      {!open && <p className="quiet">Names and byte ranges appear after all headers are read.</p>}
      {error && (
        <p className="defect">
          <Shown text={error.message} />
        </p>
      )}
      {exists && !beside && <CellValues map={map} cell={cell} />}
      {exists && data?.row === cell.row && data.expert === cell.column && <CellTensors facts={data} />}
      {facts.defects
        .filter((defect) => defect.expert === undefined || defect.expert === cell.column)
        .map((defect) => (
          <p key={defect.message} className="defect">
            <Shown text={defect.message} />
          </p>
        ))}
    </section>
  );
}

function CellTensors({ facts }: { readonly facts: CellFacts }) {
  if (facts.tensors.length === 0) return <p className="quiet">No tensor holds this expert.</p>;
  return (
    <ul className="cell-tensors">
      {facts.tensors.map((tensor) => {
        const own = tensor.slice ?? tensor;
        return (
          <li key={tensor.name}>
            <BrokenName name={tensor.name} />
            <dl>
              <dt>Holds</dt>
              <dd>
                {tensor.projection} {tensor.part}
                {tensor.slice ? `, index ${facts.expert} of a stacked tensor` : ''}
              </dd>
              <dt>Shape</dt>
              <dd className="mono">
                {tensor.dtype} {formatShape(tensor.shape)}
              </dd>
              <dt>File</dt>
              <dd className="mono">
                <Shown text={tensor.file} />
              </dd>
              <dt>Where</dt>
              <dd className="mono">{formatRange(own)}</dd>
              <dt>Size</dt>
              <dd className="mono">
                <Bytes of={own.end - own.start} />
              </dd>
            </dl>
          </li>
        );
      })}
    </ul>
  );
}

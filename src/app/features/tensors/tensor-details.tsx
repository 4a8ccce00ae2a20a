import type { Ref } from 'react';
import { elementsOf, formatInteger, plural, TENSOR_ROLES, type TensorRow } from '../../../core/index.ts';
import { BrokenName } from '../../parts/broken-name.tsx';
import { CopyButton } from '../../parts/copy-button.tsx';
import { Bytes, formatRange } from '../../parts/numbers.tsx';
import { Shown } from '../../parts/shown.tsx';
import { useTensor } from '../../queries/queries.ts';
import { useSelection } from '../../state/selection.ts';
import { shapeOf } from './columns.ts';
import { PlaceButtons } from './place-buttons.tsx';
import { ValueEnds } from './value-ends.tsx';
import { ValueHistogram } from './value-histogram.tsx';

interface TensorDetailsProps {
  readonly name: string;
  readonly onClose: () => void;
  readonly ref: Ref<HTMLElement>;
}

/** Everything about one tensor: what it is, where its bytes are, what its values look like. */
export function TensorDetails({ name, onClose, ref }: TensorDetailsProps) {
  const { data, error } = useTensor(name);
  return (
    <aside
      ref={ref}
      className="tensor-details"
      tabIndex={-1}
      aria-label="Tensor"
      onKeyDown={(event) => event.key === 'Escape' && onClose()}
    >
      <header className="details-head">
        <h2>Tensor</h2>
        <button type="button" className="button small" onClick={onClose}>
          Close
        </button>
      </header>
      <BrokenName name={name} />
      {error && (
        <p className="defect">
          <Shown text={error.message} />
        </p>
      )}
      {data === null && <p className="defect">This checkpoint has no tensor of that name.</p>}
      {data && <Facts tensor={data} />}
    </aside>
  );
}

function Facts({ tensor }: { readonly tensor: TensorRow }) {
  const bytes = tensor.end - tensor.start;
  const selection = useSelection();
  // Of a stack the selected expert, where it is of this layer.
  const ofStack = selection !== null && selection.layer === tensor.layer ? selection.expert : 0;
  return (
    <>
      <dl className="tensor-facts">
        <div>
          <dt>Role</dt>
          <dd title={TENSOR_ROLES[tensor.role].meaning}>
            {TENSOR_ROLES[tensor.role].label}
            {tensor.stack > 0 ? `, ${plural(tensor.stack, 'expert')} in one tensor` : ''}
          </dd>
        </div>
        <div>
          <dt>Dtype</dt>
          <dd className="mono">{tensor.dtype}</dd>
        </div>
        <div>
          <dt>Shape</dt>
          <dd className="mono">{shapeOf(tensor)}</dd>
        </div>
        <div>
          <dt>Elements</dt>
          <dd className="mono">{formatInteger(elementsOf(tensor.shape))}</dd>
        </div>
        <div>
          <dt>File</dt>
          <dd className="mono">
            <Shown text={tensor.file} />
          </dd>
        </div>
        <div>
          <dt>Where</dt>
          <dd className="mono">{formatRange(tensor)}</dd>
        </div>
        <div>
          <dt>Size</dt>
          <dd className="mono">
            <Bytes of={bytes} />
          </dd>
        </div>
      </dl>
      <p className="row">
        <CopyButton label="Copy name" text={() => tensor.name} />
        <CopyButton label="Copy Range header" text={() => rangeHeader(tensor)} />
      </p>
      <p className="row">
        <PlaceButtons layer={tensor.layer} expert={tensor.stack > 0 ? ofStack : tensor.expert} />
      </p>
      <ValueHistogram tensor={tensor} />
      <ValueEnds tensor={tensor} />
    </>
  );
}

/** HTTP counts the last byte in. */
function rangeHeader({ start, end }: TensorRow): string {
  return end > start ? `Range: bytes=${start}-${end - 1}` : '';
}

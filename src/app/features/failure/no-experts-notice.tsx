import { plural } from '../../../core/index.ts';
import { Shown } from '../../parts/shown.tsx';
import type { View } from '../../state/address.ts';
import { useAddress } from '../../state/address-store.ts';
import { doubtedExperts, isDense, useInspection } from '../../state/inspection.ts';
import './failure.css';

/** What a view can do without routed experts. */
const IN_VIEW: Readonly<Record<View, string>> = {
  map: 'The map shows its layers. Click one to see how its attention and its MLP are stored. Tensors, Loads in and Compare work as for any model.',
  tensors: 'All tensors are listed, as for any model.',
  loads: 'The programs are checked against the names and shapes of its tensors, as for any model.',
  convert: 'Tensors, Loads in and Compare work as for any model.',
  ranks: 'There are no experts to place on GPUs. Tensors, Loads in and Compare work.',
  compare: 'Tensors are compared by name and by value. The output of a block needs experts.',
};

/** Says in every view that a model has no routed experts, and what works without them; or why that is not known. */
export function NoExpertsNotice() {
  const view = useAddress((address) => address.view);
  const doubt = useInspection(doubtedExperts);
  const rows = useInspection((state) => (isDense(state) ? (state.map?.rows ?? null) : null));
  if (doubt !== null)
    return (
      <section className="strip note" aria-label="No routed experts">
        <p role="status">
          <Shown text={doubt} />
        </p>
      </section>
    );
  if (rows === null) return null;
  return (
    <section className="strip note" aria-label="No routed experts">
      <p role="status">
        <strong>This model has no routed experts.</strong> It has {plural(rows.length, 'dense layer')}
        {rows.every(({ attention }) => attention > 0) ? ', each with attention and one MLP' : ''}. {IN_VIEW[view]}
      </p>
    </section>
  );
}

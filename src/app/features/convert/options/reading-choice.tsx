import { useQuery } from '@tanstack/react-query';
import { layoutId, type PlanOptions } from '../../../../core/index.ts';
import { inspectWorker, useInspection } from '../../../state/inspection.ts';
import { isAmbiguous, RefusalList } from '../refusals/refusals.tsx';
import type { Order } from '../use-plan.ts';
import { chooseWork } from './convert-options.ts';

/**
 * The choice of how to read a checkpoint whose names or shapes fit several layouts, before a target is chosen: the plan of
 * a target offers the same choice. Afterwards what was chosen, and its undoing.
 */
export function ReadingChoice({ order }: { readonly order: Order }) {
  const { assume } = order.options;
  const refusals = useAmbiguous(order);
  if (assume)
    return (
      <p className="option-note">
        Chosen reading of the experts:{' '}
        <span className="mono">
          {assume.layout ? layoutId(assume.layout) : ORIENTATIONS[assume.orientation ?? 'out-in']}
        </span>
        .{' '}
        <button type="button" className="button small" onClick={() => chooseWork({ assume: null })}>
          Undo
        </button>
      </p>
    );
  if (refusals.length === 0) return null;
  return (
    <section className="callout warn" aria-label="Choice of a reading">
      <h2>First choose how to read this checkpoint</h2>
      <RefusalList refusals={refusals} />
    </section>
  );
}

const ORIENTATIONS = { 'out-in': 'rows are outputs', 'in-out': 'rows are inputs' } as const;

/** What no target can be planned for until a reading is chosen; none while a target is chosen. */
function useAmbiguous({ target, options, problem }: Order) {
  const key = useInspection((state) => (state.status === 'open' ? state.key : null));
  const map = useInspection((state) => state.map);
  const isOpen = map?.rows.some(({ defects }) => defects.some((each) => each.readings || isAmbiguous(each.tag)));
  const whole: PlanOptions = options.dtype === undefined ? {} : { dtype: options.dtype };
  const { data } = useQuery({
    queryKey: ['plan', key, 'readings', whole],
    // What is ambiguous in the source is so for every target.
    queryFn: () => inspectWorker().plan('per-expert', whole),
    enabled: key !== null && target === null && problem === null && isOpen === true && !options.assume,
    gcTime: 60_000,
  });
  return target === null && !options.assume ? (data?.refusals ?? []).filter(({ tag }) => isAmbiguous(tag)) : [];
}

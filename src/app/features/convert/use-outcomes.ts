import { useQueries } from '@tanstack/react-query';
import {
  type CurrentLoads,
  type PlanOptions,
  preselectable,
  TARGETS,
  type Target,
  type TargetOutcome,
} from '../../../core/index.ts';
import { ownPrograms } from '../../checkpoint/program-order.ts';
import { planLoadsQuery, queryClient, useLoads, useOpenKey } from '../../queries/queries.ts';
import { useChoices } from '../../state/choices.ts';
import { useInspection } from '../../state/inspection.ts';

/** What programs do with the checkpoint now and after each conversion, as far as it is known. */
export interface Outcomes {
  /** Null until it is known. */
  readonly current: CurrentLoads | null;
  readonly known: readonly TargetOutcome[];
  /** The reader's programs, by their ids. */
  readonly own: readonly string[];
  /** True once every conversion that may be preselected is known. */
  readonly preselecting: boolean;
  /** True once every conversion is known. */
  readonly complete: boolean;
}

const ALL = Object.keys(TARGETS) as readonly Target[];

/**
 * The verdicts of every program on the result of every conversion of the whole model, asked one after another: the worker
 * answers other questions in between. Conversions that may be preselected come first.
 */
export function useOutcomes(options: PlanOptions): Outcomes {
  const key = useOpenKey();
  const loads = useLoads();
  const layout = useInspection((state) => state.summary?.layout ?? '');
  const pinned = useChoices((choices) => choices.pinned);
  const current = loads.data ? { layout, verdicts: loads.data } : null;
  const own = loads.data ? ownPrograms(loads.data, pinned).map(({ id }) => id) : [];
  const first = current ? preselectable(own, current) : [];
  const sequence = [...first, ...ALL.filter((target) => !first.includes(target))];
  const queries = sequence.map((target) => planLoadsQuery(key, target, options));
  const isDone = ({ queryKey }: (typeof queries)[number]) => {
    const state = queryClient.getQueryState(queryKey);
    return state?.status === 'success' || state?.status === 'error';
  };
  const waiting = queries.findIndex((query) => !isDone(query));
  const answers = useQueries({
    queries: queries.map((query, at) => ({
      ...query,
      enabled: key !== null && loads.data !== undefined && (waiting === -1 || at <= waiting),
    })),
  });
  const known = answers.flatMap(({ data }, at): TargetOutcome[] => {
    const target = sequence[at];
    return data === undefined || target === undefined ? [] : [{ target, verdicts: data }];
  });
  const done = waiting === -1 ? sequence.length : waiting;
  const failed = loads.isError;
  return {
    current,
    known,
    own,
    preselecting: !failed && (current === null || done < first.length),
    complete: failed || (current !== null && done === sequence.length),
  };
}

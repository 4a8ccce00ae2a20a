import { useQuery } from '@tanstack/react-query';
import type { LoadVerdict } from '../../../../workers/inspect/protocol.ts';
import {
  type CurrentLoads,
  isFinalTarget,
  type PlanOptions,
  type ProgramTarget,
  preselectable,
  TARGETS,
  type Target,
  type TargetOutcome,
  targetForProgram,
} from '../../../core/index.ts';
import { ownPrograms } from '../../checkpoint/program-order.ts';
import { planLoadsQuery, queryClient, useLoads, useOpenKey } from '../../queries/queries.ts';
import { useInspection } from '../../state/inspection.ts';
import { usePins } from '../../state/pins.ts';

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
  const pinned = usePins((pins) => pins.pinned);
  const current = loads.data ? { layout, verdicts: loads.data } : null;
  const own = loads.data ? ownPrograms(loads.data, pinned).map(({ id }) => id) : [];
  const first = current ? preselectable(own, current) : [];
  // Then those that answer for most programs.
  const likely = [layout, ...(loads.data ?? []).map(({ cure }) => cure)];
  const sequence = [...new Set([...first, ...ALL.filter((target) => likely.includes(target)), ...ALL])];
  const states = sequence.map((target) =>
    queryClient.getQueryState<readonly LoadVerdict[] | null>(planLoadsQuery(key, target, options).queryKey),
  );
  const waiting = states.findIndex((state) => state?.status !== 'success' && state?.status !== 'error');
  const done = waiting === -1 ? sequence.length : waiting;
  // Its answer draws this again, and then the next conversion is asked about.
  const { status } = useQuery({
    ...planLoadsQuery(key, sequence[done] ?? sequence[0] ?? 'per-expert', options),
    enabled: key !== null && loads.data !== undefined,
  });
  const known = sequence.flatMap((target, at): TargetOutcome[] => {
    const state = states[at];
    return state?.status === 'success' ? [{ target, verdicts: state.data ?? null }] : [];
  });
  const failed = loads.isError || status === 'error';
  return {
    current,
    known,
    own,
    preselecting: !failed && (current === null || done < first.length),
    complete: failed || (current !== null && done === sequence.length),
  };
}

/** The layout to convert to for a program, once no answer that is still to come can change it; else null. */
export function knownTarget(id: string, { current, known, complete }: Outcomes): ProgramTarget | null {
  const found = current && targetForProgram(id, current, known);
  return found && (complete || isFinalTarget(id, current, found)) ? found : null;
}

import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import {
  isTarget,
  type PlanOptions,
  type ProgramId,
  parseSize,
  preselectedTarget,
  type Target,
} from '../../../core/index.ts';
import { useAddress } from '../../state/address-store.ts';
import { inspectWorker, useInspection } from '../../state/inspection.ts';
import { useAssumed, useConvertChoices, useWorkChoices } from './options/convert-options.ts';
import { knownTarget, type Outcomes, useOutcomes } from './use-outcomes.ts';

/** Typing settles for this long before a plan is asked for. */
const SETTLE_MS = 200;

/** The order that the choices make. `problem` says why no plan can be asked for. */
export interface Order {
  /** Null where none is chosen, or where the layout for the chosen program is still looked for. */
  readonly target: Target | null;
  readonly options: PlanOptions;
  readonly problem: string | null;
}

/** An order with its target. */
export type TargetOrder = Order & { readonly target: Target };

/** How the target came about. */
export interface ChosenTarget {
  readonly target: Target | null;
  /** The program of the address where it exists. */
  readonly program: ProgramId | null;
  /** True while the target is still looked for. */
  readonly pending: boolean;
}

/**
 * The target that the address names, else the one for the program that it names, else one that may be preselected: at
 * least as many programs load the result as load the checkpoint now.
 */
export function chosenTarget(named: string | null, wanted: string | null, outcomes: Outcomes): ChosenTarget {
  const { current, known, own, preselecting, complete } = outcomes;
  const program = current?.verdicts.find(({ id }) => id === wanted)?.id ?? null;
  const target = named !== null && isTarget(named) ? named : null;
  if (target !== null) return { target, program: program as ProgramId | null, pending: false };
  if (!current) return { target: null, program: null, pending: preselecting };
  if (program !== null) {
    const found = knownTarget(program, outcomes);
    const pending = found === null && !complete;
    return { target: found?.target ?? null, program: program as ProgramId, pending };
  }
  return { target: preselectedTarget(own, current, known), program: null, pending: preselecting };
}

/** What shall be converted, as chosen. */
export function useOrder(): { readonly order: Order; readonly chosen: ChosenTarget; readonly outcomes: Outcomes } {
  const named = useAddress((address) => address.target);
  const wanted = useAddress((address) => address.convert.for);
  const layers = useAddress((address) => address.layers);
  const unpack = useAddress((address) => address.unpack);
  const { someLayers } = useConvertChoices();
  const assume = useAssumed();
  const { keepRest, keepMtp, shardSize } = useWorkChoices();
  const maxShardBytes = parseSize(shardSize);
  const whole: PlanOptions = {
    ...(keepMtp ? { keepMtp } : {}),
    ...(unpack === null ? {} : { dtype: unpack }),
    ...(assume ? { assume } : {}),
  };
  const outcomes = useOutcomes(whole);
  const chosen = chosenTarget(named, wanted, outcomes);
  const options: PlanOptions = {
    ...whole,
    ...(layers.length > 0 ? { layers, keepRest } : {}),
    ...(maxShardBytes === null ? {} : { maxShardBytes }),
  };
  const noLayers =
    someLayers && layers.length === 0 ? 'Enter the layers to convert, such as 0-3,7, or convert all layers.' : null;
  const noSize = maxShardBytes === null ? 'Enter the largest size of a shard, such as 5 GB or 512 MiB.' : null;
  return { order: { target: chosen.target, options, problem: noLayers ?? noSize }, chosen, outcomes };
}

/** The plan of an order, asked of the worker that holds the checkpoint. */
export function usePlan(order: Order) {
  const key = useInspection((state) => (state.status === 'open' ? state.key : null));
  const text = JSON.stringify([order.target, order.options]);
  const settled = useSettled(text);
  const query = useQuery({
    queryKey: ['plan', key, settled],
    queryFn: () => {
      const [target, options] = JSON.parse(settled) as [Target, PlanOptions];
      return inspectWorker().plan(target, options);
    },
    enabled: key !== null && order.target !== null && order.problem === null && settled === text,
    placeholderData: keepPreviousData,
    gcTime: 60_000,
  });
  const wanted = order.target !== null && order.problem === null;
  const current = query.isSuccess && !query.isPlaceholderData && settled === text && wanted;
  return { plan: order.target === null ? null : (query.data ?? null), error: query.error, current };
}

function useSettled(value: string): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), SETTLE_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}

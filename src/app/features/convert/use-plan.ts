import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { isTarget, type PlanOptions, parseSize, type Target } from '../../../core/index.ts';
import { useAddress } from '../../state/address-store.ts';
import { inspectWorker, useInspection } from '../../state/inspection.ts';
import { useConvertChoices, useWorkChoices } from './options/choices.ts';

/** Typing settles for this long before a plan is asked for. */
const SETTLE_MS = 200;

/** The order that the choices make. `problem` says why no plan can be asked for. */
export interface Order {
  readonly target: Target;
  readonly options: PlanOptions;
  readonly problem: string | null;
}

/** The target of the address, else the one that is most likely wanted for the layout that is open. */
export function useTarget(): Target {
  const named = useAddress((address) => address.target);
  const layout = useInspection((state) => state.summary?.layout);
  if (named !== null && isTarget(named)) return named;
  return layout === 'per-expert' ? 'stacked' : 'per-expert';
}

/** What shall be converted, as chosen. */
export function useOrder(): Order {
  const target = useTarget();
  const layers = useAddress((address) => address.layers);
  const unpack = useAddress((address) => address.unpack);
  const key = useInspection((state) => state.key);
  const { someLayers, assume } = useConvertChoices();
  const { keepRest, keepMtp, shardSize } = useWorkChoices();
  const maxShardBytes = parseSize(shardSize);
  const options: PlanOptions = {
    ...(layers.length > 0 ? { layers, keepRest } : {}),
    ...(keepMtp ? { keepMtp } : {}),
    ...(unpack === null ? {} : { dtype: unpack }),
    ...(maxShardBytes === null ? {} : { maxShardBytes }),
    ...(assume?.key === key ? { assume: assume.value } : {}),
  };
  const noLayers =
    someLayers && layers.length === 0 ? 'Name the layers to convert, such as 0-3,7, or convert all of them.' : null;
  const noSize = maxShardBytes === null ? 'Name a size for the shards, such as 5 GB or 512 MiB.' : null;
  return { target, options, problem: noLayers ?? noSize };
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
    enabled: key !== null && order.problem === null,
    placeholderData: keepPreviousData,
    gcTime: 60_000,
  });
  const current = query.isSuccess && !query.isPlaceholderData && settled === text && order.problem === null;
  return { plan: query.data ?? null, error: query.error, current };
}

function useSettled(value: string): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), SETTLE_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}

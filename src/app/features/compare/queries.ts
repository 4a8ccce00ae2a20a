import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { CompareQuery, ValueSelection } from '../../../../workers/compare/protocol.ts';
import { compareWorker, useComparison } from '../../state/comparison.ts';

/** The comparison's key, with what was compared by value so far; null until it can be asked. */
function useReadyKey(): string | null {
  return useComparison((state) => (state.head ? `${state.key} ${state.measured}` : null));
}

/** One page of the aligned tree's rows. */
export function useComparePage(query: CompareQuery, page: number, size: number) {
  const key = useReadyKey();
  return useQuery({
    queryKey: ['compare page', key, query, page],
    queryFn: () => compareWorker().page(query, page * size, (page + 1) * size),
    enabled: key !== null,
    placeholderData: keepPreviousData,
    gcTime: 10_000,
  });
}

/** The pairs of a selection. */
export function usePairs(selection: ValueSelection | null) {
  const key = useReadyKey();
  return useQuery({
    queryKey: ['compare pairs', key, selection],
    queryFn: () => compareWorker().pairs(selection ?? { kind: 'all' }),
    enabled: key !== null && selection !== null,
    placeholderData: keepPreviousData,
    gcTime: 10_000,
  });
}

/** A pair of layers, drawn. */
export function usePairPicture(group: number | null, width: number) {
  const key = useComparison((state) => (state.head ? state.key : null));
  return useQuery({
    queryKey: ['compare picture', key, group, width],
    queryFn: () => compareWorker().picture(group ?? 0, width),
    enabled: key !== null && group !== null,
    placeholderData: keepPreviousData,
    gcTime: 10_000,
  });
}

/** The size of the part of a selection whose values are not compared yet. */
export function useSelectionSize(selection: ValueSelection | null) {
  const key = useReadyKey();
  return useQuery({
    queryKey: ['compare size', key, selection],
    queryFn: () => compareWorker().size(selection ?? { kind: 'all' }),
    enabled: key !== null && selection !== null,
    gcTime: 10_000,
  });
}

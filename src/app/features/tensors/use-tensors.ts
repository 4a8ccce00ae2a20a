import { useQuery } from '@tanstack/react-query';
import { useCallback, useMemo, useState } from 'react';
import {
  createTensorGlance,
  isTensorRole,
  type TensorColumn,
  type TensorGlance,
  type TensorQuery,
} from '../../../core/index.ts';
import { askAhead, useOpenKey } from '../../queries/queries.ts';
import { addressStore, move, useAddress } from '../../state/address-store.ts';
import { inspectWorker } from '../../state/inspection.ts';
import type { TensorAddress } from '../../state/tensor-address.ts';

/** Changes what the Tensors view shows. */
export function show(patch: Partial<TensorAddress>): void {
  move({ tensors: { ...addressStore.getState().address.tensors, ...patch } });
}

/** What the address says of the tensors, and the question that it means; each part is the same object until it changes. */
export function useTensorQuery(): { readonly tensors: TensorAddress; readonly query: TensorQuery } {
  const tensors = useAddress((address) => address.tensors);
  const { text, mode, sort, descending } = tensors;
  const key = JSON.stringify(filterOf(tensors));
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key says all that the filter holds
  const filter = useMemo(() => filterOf(tensors), [key]);
  const query = useMemo(
    (): TensorQuery => ({ text, mode, sort, descending, filter }),
    [text, mode, sort, descending, filter],
  );
  return { tensors, query };
}

function filterOf({ roles, dtypes, layers, experts, shards }: TensorAddress): TensorQuery['filter'] {
  return { roles: roles.filter(isTensorRole), dtypes, layers, experts, shards };
}

/** Searches for a text; it is answered, or the worker asked, before the page is rendered. */
export function searchFor(text: string, glance: TensorGlance | null): void {
  show({ text });
  const { tensors } = addressStore.getState().address;
  const { mode, sort, descending } = tensors;
  askAhead({ text: tensors.text, mode, sort, descending, filter: filterOf(tensors) }, glance);
}

/** Searches the open checkpoint within the page, where it is small enough for that; null until it can, or when it cannot. */
export function useTensorGlance(): TensorGlance | null {
  const key = useOpenKey();
  const { data = null } = useQuery({
    queryKey: ['tensor glance', key],
    queryFn: async () => {
      const packed = await inspectWorker().packedTensors();
      return packed && createTensorGlance(packed);
    },
    enabled: key !== null,
    gcTime: 30_000,
  });
  return data;
}

/** Sorts by a column, in reverse when it was sorted by it before; the largest come first. */
export function sortBy(sort: TensorColumn): void {
  const { tensors } = addressStore.getState().address;
  show({ sort, descending: tensors.sort === sort ? !tensors.descending : sort === 'bytes' || sort === 'shape' });
}

/** The tensor whose details are open; names that an address cannot hold are kept beside it. */
export function useChosen() {
  const inAddress = useAddress((address) => address.tensors.chosen);
  const [beside, setBeside] = useState<string | null>(null);
  const choose = useCallback((name: string | null) => {
    show({ chosen: name });
    const held = addressStore.getState().address.tensors.chosen === name;
    setBeside(held ? null : name);
  }, []);
  return { chosen: beside ?? inAddress, choose };
}

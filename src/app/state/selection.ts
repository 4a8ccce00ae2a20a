import { useMemo } from 'react';
import { rowOfLayer } from '../../core/index.ts';
import { useAddress } from './address-store.ts';
import { useInspection } from './inspection.ts';

/** The expert that is chosen, in every view. */
export interface Selection {
  /** As the address counts: a layer's number, or its row where it has none. */
  readonly layer: number;
  readonly expert: number;
}

interface Layer {
  readonly index: number | null;
}

/** What is selected; null for nothing. The address alone holds it, so every view and every link says the same. */
export function useSelection(): Selection | null {
  const layer = useAddress((address) => address.layer);
  const expert = useAddress((address) => address.expert);
  return useMemo(() => (layer === null ? null : { layer, expert: expert ?? 0 }), [layer, expert]);
}

/** The number by which the address names a row's layer. */
export function layerOfRow(rows: readonly Layer[], row: number): number {
  return rows[row]?.index ?? row;
}

/** The chosen expert as a cell of the map of the open checkpoint; null where there is none, or no such expert. */
export function useSelectedCell(): { readonly row: number; readonly expert: number } | null {
  const selection = useSelection();
  const rows = useInspection((state) => state.map?.rows);
  return useMemo(() => {
    const row = rows && selection ? rowOfLayer(rows, selection.layer) : -1;
    const experts = rows?.[row]?.experts ?? 0;
    return selection && selection.expert < experts ? { row, expert: selection.expert } : null;
  }, [rows, selection]);
}

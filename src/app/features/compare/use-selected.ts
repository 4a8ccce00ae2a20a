import { useMemo, useRef } from 'react';
import type { ValueSelection } from '../../../../workers/compare/protocol.ts';
import { addressStore, go, move, useAddress } from '../../state/address-store.ts';
import { useComparison } from '../../state/comparison.ts';
import { useInspection } from '../../state/inspection.ts';

/** The selected expert of a layer or the selected tensor, from the address. */
export interface Selected {
  readonly layer: number | null;
  readonly expert: number | null;
  /** Name of a selected tensor that holds no routed expert; null if an expert is selected. */
  readonly tensor: string | null;
  /** The selection in the form of the worker; null if nothing is selected. */
  readonly selection: ValueSelection | null;
  readonly chooseCell: (cell: { readonly layer: number; readonly expert: number } | null, pinned: boolean) => void;
  readonly chooseTensor: (name: string) => void;
  readonly openDetails: () => void;
  readonly details: React.RefObject<HTMLElement | null>;
}

export function useSelected(): Selected {
  const layer = useAddress((address) => address.layer);
  const expert = useAddress((address) => address.expert);
  const tensor = useAddress((address) => address.tensors.chosen);
  const rows = useInspection((state) => state.map?.rows);
  const cells = useComparison((state) => state.head?.cells);
  const details = useRef<HTMLElement>(null);
  return useMemo(() => {
    const prefix = rows?.find((row, at) => (row.index ?? at) === layer && row.experts)?.prefix;
    const group = layer === null ? undefined : cells?.find((each) => each.left === prefix)?.group;
    const ofExpert = group === undefined ? null : ({ kind: 'expert', group, expert: expert ?? 0 } as const);
    return {
      layer,
      expert,
      tensor,
      selection: tensor === null ? ofExpert : { kind: 'tensor', name: tensor },
      chooseCell: (cell, pinned) => {
        const tensors = { ...addressStore.getState().address.tensors, chosen: null };
        const to = { layer: cell?.layer ?? null, expert: cell?.expert ?? null, tensors };
        if (pinned) go(to);
        else move(to);
      },
      chooseTensor: (name) => {
        const { tensors } = addressStore.getState().address;
        go({ tensors: { ...tensors, chosen: name } });
      },
      openDetails: () => requestAnimationFrame(() => details.current?.focus()),
      details,
    };
  }, [layer, expert, tensor, rows, cells]);
}

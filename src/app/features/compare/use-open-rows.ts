import { useState } from 'react';
import type { CompareQuery, CompareRow } from '../../../../workers/compare/protocol.ts';
import { addressStore, move } from '../../state/address-store.ts';
import { type CompareShows, LIMIT_OPEN } from '../../state/compare-address.ts';

type Open = CompareQuery['open'];

/**
 * Which rows of the tree are open. Where only some kinds are shown, all are, until a person closes one. The address holds
 * the first of them, so that a link opens them too.
 */
export function useOpenRows(show: CompareShows) {
  const [opened, setOpened] = useState<{ readonly show: CompareShows; readonly open: Open } | null>(() => {
    const { open } = addressStore.getState().address.compare;
    return open && { show, open };
  });
  const open = opened?.show === show ? opened.open : show === 'all' ? NOTHING : 'all';
  const set = (next: Open) => {
    setOpened({ show, open: next });
    const { compare } = addressStore.getState().address;
    move({ compare: { ...compare, open: next === 'all' ? next : next.slice(0, LIMIT_OPEN) } });
  };
  return {
    open,
    setAll: (all: boolean) => set(all ? 'all' : NOTHING),
    toggle: (row: CompareRow) => {
      if (open === 'all') set([]);
      else set(open.includes(row.key) ? open.filter((key) => key !== row.key) : [...open, row.key]);
    },
  };
}

const NOTHING: readonly string[] = [];

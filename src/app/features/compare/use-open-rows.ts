import { useState } from 'react';
import type { CompareQuery, CompareRow } from '../../../../workers/compare/protocol.ts';
import type { CompareShows } from '../../state/compare-address.ts';

/** Which rows of the tree are open. Where only some kinds are shown, all are, until a person closes them. */
export function useOpenRows(show: CompareShows) {
  const [opened, setOpened] = useState<{ readonly show: CompareShows; readonly open: CompareQuery['open'] } | null>(
    null,
  );
  const open = opened?.show === show ? opened.open : show === 'all' ? NOTHING : 'all';
  const set = (next: CompareQuery['open']) => setOpened({ show, open: next });
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

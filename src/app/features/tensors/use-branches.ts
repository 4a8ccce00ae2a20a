import { useCallback, useMemo, useState } from 'react';
import type { TreeRow } from '../../../core/index.ts';

/** Answers up to this long are shown with every branch open. */
const FEW = 150;

/** Which nodes of the tree are open. */
export interface Branches {
  readonly open: { readonly listed: readonly string[]; readonly otherwise: boolean };
  readonly toggle: (row: TreeRow) => void;
  /** Opens or closes every node. */
  readonly setAll: (open: boolean) => void;
  /** Opens every node above a name. */
  readonly reveal: (name: string) => void;
}

/** Branches as a person left them; what a search leaves few of starts open, and so does the way to what is chosen. */
export function useBranches(narrowed: boolean, count: number, chosen: string | null): Branches {
  const [opened, setOpened] = useState<ReadonlySet<string>>(() => new Set(chosen === null ? [] : waysTo(chosen)));
  const [closed, setClosed] = useState<ReadonlySet<string>>(() => new Set());
  const [every, setEvery] = useState<boolean | null>(null);
  const otherwise = every ?? (narrowed && count <= FEW);
  const listed = useMemo(() => [...(otherwise ? closed : opened)], [otherwise, closed, opened]);
  const toggle = useCallback(
    ({ path }: TreeRow) => (otherwise ? setClosed : setOpened)((before) => toggled(before, path)),
    [otherwise],
  );
  const setAll = useCallback((open: boolean) => {
    setOpened(new Set());
    setClosed(new Set());
    setEvery(open);
  }, []);
  const reveal = useCallback((name: string) => {
    const ways = waysTo(name);
    setOpened((before) => new Set([...before, ...ways]));
    setClosed((before) => new Set([...before].filter((path) => !ways.includes(path))));
  }, []);
  return { open: useMemo(() => ({ listed, otherwise }), [listed, otherwise]), toggle, setAll, reveal };
}

function toggled(before: ReadonlySet<string>, path: string): ReadonlySet<string> {
  const after = new Set(before);
  if (!after.delete(path)) after.add(path);
  return after;
}

/** Every node that could stand above a name. */
function waysTo(name: string): string[] {
  return [...name.matchAll(/\./g)].map(({ index }) => name.slice(0, index + 1));
}

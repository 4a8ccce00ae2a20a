import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { nameOf } from '../../grid/describe.ts';
import { useCell } from '../../queries/queries.ts';
import { useInspection } from '../../state/inspection.ts';
import { useSelectedCell } from '../../state/selection.ts';

/** The tensors that hold the chosen expert, as lists mark them. */
export interface OfExpert {
  readonly names: ReadonlySet<string>;
  /** `expert 7`, and with its layer. */
  readonly badge: string;
  readonly title: string;
  readonly layer: number | null;
  readonly expert: number | null;
  /** The filter that lists its tensors alone. */
  readonly filter: { readonly layers: readonly number[]; readonly experts: readonly number[] };
}

/** A request to scroll to a tensor; each is a new object. */
export interface Jump {
  readonly name: string;
}

const NOTHING: OfExpert = {
  names: new Set(),
  badge: '',
  title: '',
  layer: null,
  expert: null,
  filter: { layers: [], experts: [] },
};

/** Tensors of the expert that is chosen in any view, and a way to go from one to the next. */
export function useSelectedTensors() {
  const cell = useSelectedCell();
  const row = useInspection((state) => (cell ? state.map?.rows[cell.row] : undefined));
  const { data } = useCell(cell?.row ?? null, cell?.expert ?? null);
  const [jump, setJump] = useState<Jump | null>(null);
  const facts = cell && data?.row === cell.row && data.expert === cell.expert ? data : null;
  const ofExpert = useMemo((): OfExpert => {
    if (!facts || !row) return NOTHING;
    const badge = `expert ${facts.expert}`;
    return {
      names: new Set(facts.tensors.map(({ name }) => name)),
      badge,
      title: `${nameOf(row)}, ${badge}`,
      layer: row.index,
      expert: facts.expert,
      filter: { layers: row.index === null ? [] : [row.index], experts: [facts.expert] },
    };
  }, [facts, row]);
  const next = useCallback(() => {
    const names = [...ofExpert.names];
    setJump((before) => {
      const name = names[(names.indexOf(before?.name ?? '') + 1) % names.length];
      return name === undefined ? null : { name };
    });
  }, [ofExpert]);
  return { ofExpert, jump, next };
}

/** Does once what a jump wishes, as soon as `ready`. */
export function useJump(jump: Jump | null, ready: boolean, bring: (name: string) => void): void {
  const done = useRef<Jump | null>(jump);
  const latest = useRef(bring);
  latest.current = bring;
  useEffect(() => {
    if (!ready || jump === null || done.current === jump) return;
    done.current = jump;
    latest.current(jump.name);
  }, [jump, ready]);
}

import { useEffect, useRef } from 'react';
import { create } from 'zustand';

/** Something that the view in sight can do. */
export interface Command {
  readonly title: string;
  readonly run: () => void;
}

/** What can be done now, by the part of the view that does it. */
export const useCommands = create<{ readonly commands: ReadonlyMap<object, readonly Command[]> }>()(() => ({
  commands: new Map(),
}));

/** Offers commands as long as the component that calls this is in the view. */
export function useOfferCommands(titles: readonly string[], run: (title: string) => void): void {
  const latest = useRef(run);
  latest.current = run;
  const key = titles.join('\n');
  useEffect(() => {
    const owner = {};
    const offered = key.split('\n').map((title) => ({ title, run: () => latest.current(title) }));
    useCommands.setState(({ commands }) => ({ commands: new Map(commands).set(owner, offered) }));
    return () =>
      useCommands.setState(({ commands }) => {
        const rest = new Map(commands);
        rest.delete(owner);
        return { commands: rest };
      });
  }, [key]);
}

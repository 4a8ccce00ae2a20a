import { type ComponentType, useEffect, useState } from 'react';
import type { View } from './state/address.ts';

type LateView = Exclude<View, 'map'>;

/** Views whose code comes when they are first looked at. */
const LOADS: Readonly<Record<LateView, () => Promise<ComponentType>>> = {
  tensors: async () => (await import('./features/tensors/tensors-view.tsx')).TensorsView,
  loads: async () => (await import('./features/loads/loads-view.tsx')).LoadsView,
  convert: async () => (await import('./features/convert/convert-view.tsx')).ConvertView,
  ranks: async () => (await import('./features/ranks/ranks-view.tsx')).RanksView,
  compare: async () => (await import('./features/compare/compare-view.tsx')).CompareView,
};

const here = new Map<View, ComponentType>();

/**
 * A view's component, null until its code has come: ask for it while a checkpoint opens. React's own `lazy` would leave the
 * page empty for 300 ms, even where the code is there.
 *
 * @throws what the browser says when the code cannot be had.
 */
export function useLateView(view: View): ComponentType | null {
  const [fault, setFault] = useState<Error | null>(null);
  const [, setArrived] = useState<View | null>(null);
  useEffect(() => {
    if (view === 'map' || here.has(view)) return;
    let wanted = true;
    LOADS[view]()
      .then((component) => {
        here.set(view, component);
        if (wanted) setArrived(view);
      })
      .catch((error) => wanted && setFault(error));
    return () => {
      wanted = false;
    };
  }, [view]);
  if (fault) throw fault;
  return here.get(view) ?? null;
}

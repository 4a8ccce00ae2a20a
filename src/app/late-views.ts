import { type ComponentType, useEffect, useState } from 'react';
import { withQueries } from './queries/with-queries.tsx';
import type { View } from './state/address.ts';
import { checkVersion } from './state/version.ts';

/** Views whose code comes when they are first looked at. */
const LOADS: Readonly<Record<View, () => Promise<ComponentType>>> = {
  map: async () => (await import('./features/map/map-view.tsx')).MapView,
  tensors: async () => (await import('./features/tensors/tensors-view.tsx')).TensorsView,
  loads: async () => (await import('./features/loads/loads-view.tsx')).LoadsView,
  convert: async () => (await import('./features/convert/convert-view.tsx')).ConvertView,
  ranks: async () => (await import('./features/ranks/ranks-view.tsx')).RanksView,
  compare: async () => (await import('./features/compare/compare-view.tsx')).CompareView,
};

const here = new Map<View, ComponentType>();

/** A view whose code comes late: null until it has come; `again` asks once more where it did not. */
export interface LateViewState {
  readonly View: ComponentType | null;
  readonly failed: boolean;
  readonly again: () => void;
}

/**
 * A view's component: ask for it while a checkpoint opens. React's own `lazy` would leave the page empty for 300 ms, even
 * where the code is there.
 */
export function useLateView(view: View): LateViewState {
  const [failed, setFailed] = useState<View | null>(null);
  const [, setArrived] = useState<View | null>(null);
  useEffect(() => {
    if (here.has(view) || failed === view) return;
    let wanted = true;
    withQueries(LOADS[view])
      .then((component) => {
        if (!here.has(view)) here.set(view, component);
        if (wanted) setArrived(view);
      })
      .catch(() => {
        void checkVersion();
        if (wanted) setFailed(view);
      });
    return () => {
      wanted = false;
    };
  }, [view, failed]);
  return { View: here.get(view) ?? null, failed: failed === view, again: () => setFailed(null) };
}

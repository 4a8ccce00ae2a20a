import { type ComponentType, lazy, type ReactNode, Suspense, useEffect } from 'react';
import { FailureNotice } from './features/failure/failure-notice.tsx';
import { PauseNotice } from './features/failure/pause-notice.tsx';
import { SignInNotice } from './features/failure/sign-in-notice.tsx';
import { UnreadNotice } from './features/failure/unread-notice.tsx';
import { Waiting } from './features/failure/waiting.tsx';
import { MapView } from './features/map/map-view.tsx';
import { Rail } from './features/shell/rail.tsx';
import { TopBar } from './features/shell/top-bar.tsx';
import { DropCatcher } from './features/start/drop-catcher.tsx';
import { Start } from './features/start/start.tsx';
import { Boundary } from './parts/boundary.tsx';
import type { View } from './state/address.ts';
import { useAddress } from './state/address-store.ts';
import { useInspection } from './state/inspection.ts';
import { useTheme } from './theme/use-theme.ts';

const TensorsView = lazy(async () => ({ default: (await import('./features/tensors/tensors-view.tsx')).TensorsView }));
const RanksView = lazy(async () => ({ default: (await import('./features/ranks/ranks-view.tsx')).RanksView }));
const CompareView = lazy(async () => ({
  default: (await import('./features/compare/compare-view.tsx')).CompareView,
}));
const LoadsView = lazy(async () => ({ default: (await import('./features/loads/loads-view.tsx')).LoadsView }));
/** The convert view loads when it is first looked at. */
const convert = import.meta.glob<{ ConvertView: ComponentType }>('./features/convert/convert-view.tsx');
const ConvertView = lazy(async () => {
  const loaded = await Object.values(convert)[0]?.();
  return { default: loaded?.ConvertView ?? (() => null) };
});

/** The frame that never moves: top bar, rail, view. */
export function App() {
  useTheme();
  useTitle();
  const view = useAddress((address) => address.view);
  return (
    <DropCatcher>
      <div className="frame">
        <TopBar />
        <Rail />
        <div className="strips">
          <SignInNotice />
          <UnreadNotice />
        </div>
        <main className="view" key={view} tabIndex={-1}>
          <Boundary>
            <CurrentView />
          </Boundary>
        </main>
        <PauseNotice />
      </div>
    </DropCatcher>
  );
}

/** The tab says what is open. */
function useTitle(): void {
  const name = useAddress((address) => address.repo ?? address.local ?? address.sample);
  useEffect(() => {
    document.title = name === null ? 'moe-loom' : `${name} · moe-loom`;
  }, [name]);
}

function CurrentView() {
  const view = useAddress((address) => address.view);
  const status = useInspection((state) => state.status);
  const painted = useInspection((state) => state.map !== null);
  if (status === 'idle') return <Start />;
  if (status === 'failed') return <FailureNotice />;
  if (!painted || (status === 'opening' && view !== 'map')) return <Waiting />;
  if (view === 'map') return <MapView />;
  return <Suspense fallback={null}>{LATE_VIEWS[view]}</Suspense>;
}

const LATE_VIEWS: Readonly<Record<Exclude<View, 'map'>, ReactNode>> = {
  tensors: <TensorsView />,
  loads: <LoadsView />,
  convert: <ConvertView />,
  ranks: <RanksView />,
  compare: <CompareView />,
};

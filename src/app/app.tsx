import { useEffect } from 'react';
import { visible } from '../core/index.ts';
import { FailureNotice } from './features/failure/failure-notice.tsx';
import { NotLoaded } from './features/failure/not-loaded.tsx';
import { PauseNotice } from './features/failure/pause-notice.tsx';
import { SignInNotice } from './features/failure/sign-in-notice.tsx';
import { UnknownHostNotice } from './features/failure/unknown-host-notice.tsx';
import { UnreadNotice } from './features/failure/unread-notice.tsx';
import { VersionNotice } from './features/failure/version-notice.tsx';
import { Waiting } from './features/failure/waiting.tsx';
import { MapView } from './features/map/map-view.tsx';
import { ProgramLine } from './features/shell/program-line.tsx';
import { Rail } from './features/shell/rail.tsx';
import { TopBar } from './features/shell/top-bar.tsx';
import { DropCatcher } from './features/start/drop-catcher.tsx';
import { Start } from './features/start/start.tsx';
import { useLateView } from './late-views.ts';
import { Boundary } from './parts/boundary.tsx';
import { useAddress } from './state/address-store.ts';
import { useInspection } from './state/inspection.ts';
import { useUnknownHost } from './state/known-hosts.ts';
import { useTheme } from './theme/use-theme.ts';

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
          <ProgramLine />
          <SignInNotice />
          <VersionNotice />
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
    document.title = name === null ? 'moe-loom' : `${visible(name)} · moe-loom`;
  }, [name]);
}

function CurrentView() {
  const view = useAddress((address) => address.view);
  const status = useInspection((state) => state.status);
  const painted = useInspection((state) => state.map !== null);
  const other = useAddress((address) => (address.view === 'compare' ? address.compare.with : null));
  const asked = useUnknownHost((state) => state.asked);
  const late = useLateView(view);
  if (asked !== null && (asked.other === null || asked.other === other)) return <UnknownHostNotice asked={asked} />;
  if (status === 'idle') return <Start />;
  if (status === 'failed') return <FailureNotice />;
  if (!painted || (status === 'opening' && view !== 'map')) return <Waiting />;
  if (view === 'map') return <MapView />;
  if (late.failed) return <NotLoaded onAgain={late.again} />;
  return late.View && <late.View />;
}

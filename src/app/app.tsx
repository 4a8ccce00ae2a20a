import { FailureNotice } from './features/failure/failure-notice.tsx';
import { NotLoaded } from './features/failure/not-loaded.tsx';
import { PauseNotice } from './features/failure/pause-notice.tsx';
import { SignInNotice } from './features/failure/sign-in-notice.tsx';
import { UnknownHostNotice } from './features/failure/unknown-host-notice.tsx';
import { UnreadNotice } from './features/failure/unread-notice.tsx';
import { VersionNotice } from './features/failure/version-notice.tsx';
import { Waiting } from './features/failure/waiting.tsx';
import { MapView } from './features/map/map-view.tsx';
import { Rail } from './features/shell/rail.tsx';
import { Title } from './features/shell/title.tsx';
import { TopBar } from './features/shell/top-bar.tsx';
import { DropCatcher } from './features/start/drop-catcher.tsx';
import { Start } from './features/start/start.tsx';
import { useJob } from './jobs/job-store.ts';
import { useLateView } from './late-views.ts';
import { Boundary } from './parts/boundary.tsx';
import { late } from './parts/late.tsx';
import { useAddress } from './state/address-store.ts';
import { useInspection } from './state/inspection.ts';
import { useUnknownHost } from './state/known-hosts.ts';
import { useTheme } from './theme/use-theme.ts';

/** The frame that never moves: top bar, rail, view. */
export function App() {
  useTheme();
  const view = useAddress((address) => address.view);
  return (
    <DropCatcher>
      <Title />
      <div className="frame">
        <TopBar />
        <Rail />
        <div className="strips">
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

const JobPage = late(async () => (await import('./features/convert/job-page.tsx')).JobPage);

function CurrentView() {
  const view = useAddress((address) => address.view);
  const status = useInspection((state) => state.status);
  const painted = useInspection((state) => state.map !== null);
  const other = useAddress((address) => (address.view === 'compare' ? address.compare.with : null));
  const asked = useUnknownHost((state) => state.asked);
  const hasJob = useJob((job) => job.status !== 'none');
  const lateView = useLateView(view);
  if (asked !== null && (asked.other === null || asked.other === other)) return <UnknownHostNotice asked={asked} />;
  // The conversion of this page can be watched and cancelled where no checkpoint is open.
  if (status === 'idle') return view === 'convert' && hasJob ? <JobPage /> : <Start />;
  if (status === 'failed') return <FailureNotice />;
  if (!painted || (status === 'opening' && view !== 'map')) return <Waiting />;
  if (view === 'map') return <MapView />;
  if (lateView.failed) return <NotLoaded onAgain={lateView.again} />;
  return lateView.View && <lateView.View />;
}

import { useEffect, useRef } from 'react';

import { FailureNotice } from './features/failure/failure-notice.tsx';
import { NoExpertsNotice } from './features/failure/no-experts-notice.tsx';
import { NotLoaded } from './features/failure/not-loaded.tsx';
import { PauseNotice } from './features/failure/pause-notice.tsx';
import { SignInNotice } from './features/failure/sign-in-notice.tsx';
import { UnknownHostNotice } from './features/failure/unknown-host-notice.tsx';
import { UnreadNotice } from './features/failure/unread-notice.tsx';
import { VersionNotice } from './features/failure/version-notice.tsx';
import { Waiting } from './features/failure/waiting.tsx';
import { Finding } from './features/finding/finding.tsx';
import { MapView } from './features/map/map-view.tsx';
import { ProgramLine } from './features/shell/program-line.tsx';
import { Rail } from './features/shell/rail.tsx';
import { Title } from './features/shell/title.tsx';
import { TopBar } from './features/shell/top-bar.tsx';
import { DropCatcher } from './features/start/drop-catcher.tsx';
import { Start } from './features/start/start.tsx';
import { useJob } from './jobs/job-store.ts';
import { useLateView } from './late-views.ts';
import { Boundary } from './parts/boundary.tsx';
import { late } from './parts/late.tsx';
import { useUnknownHost } from './state/access/known-hosts.ts';
import { VIEW_NAMES, type View } from './state/address.ts';
import { useAddress } from './state/address-store.ts';
import { useInspection } from './state/inspection.ts';
import { useTheme } from './theme/use-theme.ts';

/** The frame, the same for every view: top bar, rail, view. */
export function App() {
  useTheme();
  const view = useAddress((address) => address.view);
  const main = useRef<HTMLElement>(null);
  useFocusOnView(view, main);
  return (
    <DropCatcher>
      <Title />
      <div className="frame">
        <button type="button" className="skip button" onClick={() => main.current?.focus()}>
          Skip to the view
        </button>
        <TopBar />
        <Rail />
        <div className="strips">
          <ProgramLine />
          <SignInNotice />
          <VersionNotice />
          <UnreadNotice />
          <NoExpertsNotice />
        </div>
        <main ref={main} className="view" key={view} tabIndex={-1} aria-label={`${VIEW_NAMES[view]} view`}>
          <Boundary>
            <CurrentView />
          </Boundary>
        </main>
        <PauseNotice />
      </div>
      <Finding />
    </DropCatcher>
  );
}

const CompatView = late(async () => (await import('./features/compat/compat-view.tsx')).CompatView);

const JobPage = late(async () => (await import('./features/convert/job-page.tsx')).JobPage);

/** The focus goes with the view, whose name a screen reader then says; on the start page it stays in the source box. */
function useFocusOnView(view: View, main: React.RefObject<HTMLElement | null>): void {
  const isOpen = useInspection((state) => state.status !== 'idle');
  const before = useRef(view);
  useEffect(() => {
    if (before.current === view) return;
    before.current = view;
    if (isOpen) main.current?.focus();
  }, [view, isOpen, main]);
}

function CurrentView() {
  const view = useAddress((address) => address.view);
  const status = useInspection((state) => state.status);
  const painted = useInspection((state) => state.map !== null);
  const other = useAddress((address) => (address.view === 'compare' ? address.compare.with : null));
  const asked = useUnknownHost((state) => state.asked);
  const hasJob = useJob((job) => job.status !== 'none');
  const compat = useAddress((address) => address.compat);
  const lateView = useLateView(view);
  if (asked !== null && (asked.other === null || asked.other === other)) return <UnknownHostNotice asked={asked} />;
  // The conversion of this page can be watched and cancelled where no checkpoint is open.
  if (status === 'idle') {
    if (view === 'convert' && hasJob) return <JobPage />;
    return compat === null ? <Start /> : <CompatView />;
  }
  if (status === 'failed') return <FailureNotice />;
  if (!painted || (status === 'opening' && view !== 'map')) return <Waiting />;
  if (view === 'map') return <MapView />;
  if (lateView.failed) return <NotLoaded onAgain={lateView.again} />;
  // The heading is there before its view, so that no moment of the page is without one.
  return lateView.View ? <lateView.View /> : <h1 className="hidden">{VIEW_NAMES[view]}</h1>;
}

import { useEffect, useRef } from 'react';
import { Finding } from './features/finding/finding.tsx';
import { Rail } from './features/shell/rail.tsx';
import { TopBar } from './features/shell/top-bar.tsx';
import { DropCatcher } from './features/start/drop-catcher.tsx';
import { Start } from './features/start/start.tsx';
import { useJob } from './jobs/job-store.ts';
import { useLateView } from './late-views.ts';
import { Boundary } from './parts/boundary.tsx';
import { isInForeignFrame } from './parts/framed.tsx';
import { late } from './parts/late.tsx';
import { useUnknownHost } from './state/access/known-hosts.ts';
import { VIEW_NAMES, type View } from './state/address.ts';
import { useAddress } from './state/address-store.ts';
import { prepareOpening, useInspection } from './state/inspection.ts';
import { useTheme } from './theme/use-theme.ts';

/** The frame, the same for every view: top bar, rail, view. */
export function App() {
  useTheme();
  const view = useAddress((address) => address.view);
  const main = useRef<HTMLElement>(null);
  useFocusOnView(view, main);
  useEffect(prepareOpening, []);
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
          {isInForeignFrame() && <FramedNotice />}
          <Notices />
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

/** They come right after the first painting, before any of them can be needed: a failure may be the network's. */
const loadNotices = () => import('./features/failure/notices.tsx');
const Notices = late(async () => (await loadNotices()).Notices);
const NotLoaded = late(async () => (await loadNotices()).NotLoaded);
const PauseNotice = late(async () => (await loadNotices()).PauseNotice);
const FailureNotice = late(async () => (await loadNotices()).FailureNotice);
const UnknownHostNotice = late(async () => (await loadNotices()).UnknownHostNotice);
const Waiting = late(async () => (await loadNotices()).Waiting);

const Title = late(async () => (await import('./features/shell/later.ts')).Title);
const ProgramLine = late(async () => (await import('./features/shell/later.ts')).ProgramLine);
const FramedNotice = late(async () => (await import('./features/shell/framed-notice.tsx')).FramedNotice);
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
  if (status === 'failed') return <FailureNotice until={<Heading view={view} />} />;
  if (!painted || (status === 'opening' && view !== 'map')) return <Waiting until={<Heading view={view} />} />;
  if (lateView.failed) return <NotLoaded onAgain={lateView.again} />;
  // The heading is there before its view, so that no moment of the page is without one.
  return lateView.View ? <lateView.View /> : <Heading view={view} />;
}

function Heading({ view }: { readonly view: View }) {
  return <h1 className="hidden">{VIEW_NAMES[view]}</h1>;
}

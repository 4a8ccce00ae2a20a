import { late } from '../../parts/late.tsx';
import { useVersion } from '../../state/version.ts';
import { reload } from './not-loaded.tsx';

const ReadyNotice = late(async () => (await import('./ready-notice.tsx')).ReadyNotice);

/** Says that the page is older than its server: a part of it could not be loaded, or this browser has kept a newer version. */
export function VersionNotice() {
  const state = useVersion((version) => version.state);
  if (state === 'ready') return <ReadyNotice />;
  if (state !== 'newer') return null;
  return (
    <section className="strip" aria-labelledby="newer-version">
      <div className="strip-head">
        <div className="strip-words" role="status">
          <h2 id="newer-version">A newer version of moe-loom is on the server.</h2>
          <p>
            Reload to use it. Until then, parts of this page that were not loaded yet cannot be opened. If a conversion
            is running in this tab, wait until it ends. Results stored in this browser are kept.
          </p>
        </div>
        <div className="strip-end">
          <button type="button" className="button small primary" onClick={reload}>
            Reload
          </button>
        </div>
      </div>
    </section>
  );
}

import { useVersion } from '../../state/version.ts';

/** Instead of a part of the page that could not be loaded: why, and what to do. */
export function NotLoaded({ onAgain }: { readonly onAgain: () => void }) {
  const newer = useVersion(({ state }) => state === 'newer');
  return (
    <section className="notice failed" role="alert">
      <h1>A part of this page could not be loaded.</h1>
      <p>
        {newer
          ? 'A newer version of moe-loom has replaced it on the server. Reload the page.'
          : 'The server could not be reached, or it no longer has this version of moe-loom. Nothing was lost.'}
      </p>
      <div className="row">
        <button type="button" className="button primary" onClick={newer ? reload : onAgain}>
          {newer ? 'Reload' : 'Retry'}
        </button>
        {!newer && (
          <button type="button" className="button" onClick={reload}>
            Reload
          </button>
        )}
      </div>
    </section>
  );
}

/** Reloads the page; the browser asks first while a conversion runs. */
export function reload(): void {
  window.location.reload();
}

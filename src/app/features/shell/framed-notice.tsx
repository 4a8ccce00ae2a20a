import { OwnTabLink } from '../../parts/framed.tsx';

/** In a frame of another site: what the browser withholds there, and the way out. */
export function FramedNotice() {
  return (
    <section className="strip note" aria-label="Inside another site">
      <div className="strip-head">
        <p className="strip-words">
          Inside another site, the browser keeps the storage of this page apart or gives none, refuses folders, and may
          refuse sign-in{window.crossOriginIsolated ? '' : ', several threads'} and copying.
        </p>
        <div className="strip-end">
          <OwnTabLink />
        </div>
      </div>
    </section>
  );
}

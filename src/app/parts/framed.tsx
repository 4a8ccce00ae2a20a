/** True inside a frame of another site: browsers give such a page less storage, or none, and no folders. */
export function isInForeignFrame(): boolean {
  if (typeof window === 'undefined') return false;
  try {
    return window.self !== window.top && window.top?.location.origin !== window.location.origin;
  } catch {
    return true;
  }
}

/** The same address outside of its frame, where it is a page of its own. */
export function OwnTabLink() {
  return (
    <a className="button small" href={window.location.href} target="_blank" rel="noreferrer">
      Open in its own tab
    </a>
  );
}

/** True inside a frame of another site: browsers give such a page less storage, or none, and no folders. */
export function isInForeignFrame(): boolean {
  if (typeof window === 'undefined') return false;
  try {
    return window.self !== window.top && window.top?.location.origin !== window.location.origin;
  } catch {
    return true;
  }
}

/** A link that opens this address in its own tab, as it is when the link is used. */
export function OwnTabLink() {
  const follow = (event: React.SyntheticEvent<HTMLAnchorElement>) => {
    event.currentTarget.href = window.location.href;
  };
  return (
    <a
      className="button small"
      href={window.location.href}
      target="_blank"
      rel="noreferrer"
      onPointerEnter={follow}
      onFocus={follow}
      onClick={follow}
    >
      Open in its own tab
    </a>
  );
}

import { type ComponentType, type ReactNode, useEffect, useState } from 'react';
import { withQueries } from '../queries/with-queries.tsx';
import { checkVersion } from '../state/version.ts';

/** What draws a part that is still to come. */
type Late<P> = ComponentType<P & { readonly until?: ReactNode }>;

/**
 * A component whose code comes when it is first drawn; `until` stands in its place before. Where the code cannot be had,
 * the rest of the page stays as it is. React's own `lazy` would keep a failure for ever.
 */
export function late<P extends object>(load: () => Promise<ComponentType<P>>): Late<P> {
  let here: ComponentType<P> | null = null;
  return function LatePart({ until = null, ...props }) {
    const [failed, setFailed] = useState(false);
    const [, setArrived] = useState(false);
    useEffect(() => {
      if (here || failed) return;
      let wanted = true;
      withQueries(load)
        .then((component) => {
          here ??= component;
          if (wanted) setArrived(true);
        })
        .catch(() => {
          void checkVersion();
          if (wanted) setFailed(true);
        });
      return () => {
        wanted = false;
      };
    }, [failed]);
    const Part = here;
    if (Part) return <Part {...(props as unknown as P)} />;
    if (!failed) return until;
    return (
      <span className="quiet" role="alert">
        This part could not be loaded.{' '}
        <button type="button" className="button small" onClick={() => setFailed(false)}>
          Try again
        </button>
      </span>
    );
  };
}

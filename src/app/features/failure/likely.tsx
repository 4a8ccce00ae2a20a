import { useMutation } from '@tanstack/react-query';
import { Shown } from '../../parts/shown.tsx';
import { inspectWorker, useInspection } from '../../state/inspection.ts';
import { OpenRepo } from './open-repo.tsx';

/** Looks for models with a similar name. The Hub is asked only after a click: it learns what was looked for. */
export function Likely() {
  const source = useInspection((state) => state.source);
  const search = useMutation({
    mutationFn: async () => (source ? inspectWorker().likely(source, AbortSignal.timeout(30_000)) : []),
  });
  if (search.isError)
    return (
      <p role="status">
        The search failed: <Shown text={search.error.message} />
      </p>
    );
  if (search.isSuccess && search.data.length === 0)
    return <p role="status">The Hub knows no public model with a similar name.</p>;
  if (search.isSuccess)
    return (
      <>
        <p role="status">Models with a similar name:</p>
        <div className="row likely">
          {search.data.map((repo) => (
            <OpenRepo key={repo} repo={repo} first={false} />
          ))}
        </div>
      </>
    );
  return (
    <div className="row">
      <button type="button" className="button" disabled={search.isPending} onClick={() => search.mutate()}>
        {search.isPending ? 'Searching …' : 'Search for similar names'}
      </button>
    </div>
  );
}

import { go } from '../../state/address-store.ts';
import { EMPTY } from '../../state/follow-address.ts';
import { useInspection } from '../../state/inspection.ts';

/** Opens another model of the Hub that was asked. */
export function OpenRepo({ repo, first }: { readonly repo: string; readonly first: boolean }) {
  const source = useInspection((state) => state.source);
  const endpoint = source?.kind === 'hub' ? source.endpoint : null;
  return (
    <button
      type="button"
      className={first ? 'button primary' : 'button'}
      onClick={() => go({ ...EMPTY, repo, endpoint, view: 'map' })}
    >
      Open {repo}
    </button>
  );
}

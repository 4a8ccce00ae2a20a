import { type Address, parseAddress } from '../address.ts';
import { createKept } from '../kept.ts';

/** A repo as an address names it. */
export type Recent = Pick<Address, 'repo' | 'revision' | 'path' | 'endpoint'>;

const LIMIT_RECENTS = 12;

/** Repos that were opened in this browser, the latest first. */
export const useRecents = createKept<{ readonly recents: readonly Recent[] }>('moe-loom-recents', (stored) => ({
  recents: checked(stored),
}));

/** Remembers a repo as the latest. */
export function remember({ repo, revision, path, endpoint }: Recent): void {
  const key = JSON.stringify([repo, revision, path, endpoint]);
  useRecents.setState(({ recents }) => {
    const others = recents.filter(
      (each) => JSON.stringify([each.repo, each.revision, each.path, each.endpoint]) !== key,
    );
    return { recents: [{ repo, revision, path, endpoint }, ...others].slice(0, LIMIT_RECENTS) };
  });
}

/** A stored value is read as strictly as an address. */
function checked(stored: unknown): readonly Recent[] {
  const { recents } = (typeof stored === 'object' && stored !== null ? stored : {}) as { recents?: unknown };
  if (!Array.isArray(recents)) return [];
  return recents.slice(0, LIMIT_RECENTS).flatMap((entry: unknown) => {
    if (typeof entry !== 'object' || entry === null) return [];
    const texts = Object.entries(entry).filter((pair): pair is [string, string] => typeof pair[1] === 'string');
    const { repo, revision, path, endpoint } = parseAddress(`?${new URLSearchParams(texts)}`);
    return repo === null ? [] : [{ repo, revision, path, endpoint }];
  });
}

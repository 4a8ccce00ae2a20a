import { type ErrorTag, isLoomError, LoomError, throwIfAborted } from '../errors.ts';
import type { Clock } from '../source/retry.ts';
import type { ByteSource } from '../source/types.ts';

/** What one file of a repository is refused for, all are. */
const FOR_GOOD: ReadonlySet<ErrorTag> = new Set<ErrorTag>([
  'repo-gated',
  'repo-disabled',
  'repo-not-found',
  'token-rejected',
  'access-denied',
]);
/** What, after all its retries, the next file would only find again. */
const FOR_NOW: ReadonlySet<ErrorTag> = new Set<ErrorTag>(['network', 'rate-limited']);
/** For so long nothing else is tried: the reads of one job end together, and a person who tries again is served. */
const RESPITE_MS = 5_000;

/** What the reads of one repository know of each other. */
export interface Fate {
  /** Gives the source with reads that fail at once where an earlier one has shown that they must. */
  share(source: ByteSource, file: string): ByteSource;
  /** Forgets what was found: somebody asks to try again. */
  reset(): void;
}

/** Spares 118 shards from finding out one by one that the repository is closed or the network gone. */
export function createFate(clock: Clock): Fate {
  let verdict: { readonly error: LoomError; readonly until: number } | null = null;
  let served = 0;
  /** What one file fails with while others are served is that file's own matter, unless it is a closed door. */
  const learn = (error: unknown, alone: boolean) => {
    if (!isLoomError(error)) return;
    if (FOR_GOOD.has(error.tag)) verdict = { error, until: Number.POSITIVE_INFINITY };
    else if (FOR_NOW.has(error.tag) && !alone) verdict = { error, until: clock.now() + RESPITE_MS };
  };
  return {
    reset: () => {
      verdict = null;
    },
    share: (source, file) => ({
      ...source,
      read: async (range, options) => {
        throwIfAborted(options?.signal);
        if (verdict !== null && clock.now() < verdict.until) {
          const { tag, message, fields } = verdict.error;
          throw new LoomError(tag, message, { ...fields, file });
        }
        const before = served;
        try {
          const bytes = await source.read(range, options);
          verdict = null;
          served++;
          return bytes;
        } catch (error) {
          learn(error, served > before);
          throw error;
        }
      },
    }),
  };
}

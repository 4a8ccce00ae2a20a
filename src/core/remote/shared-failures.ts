import { type ErrorTag, isLoomError, LoomError, throwIfAborted } from '../errors.ts';
import type { Clock } from '../source/clock.ts';
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
export interface SharedFailures {
  /**
   * Gives the source with reads that fail at once where an earlier one has shown that they must.
   *
   * `telling: false` for a file that comes from elsewhere than the shards do: that it is served says nothing of them.
   */
  share(source: ByteSource, file: string, telling?: boolean): ByteSource;
  /** @throws LoomError where an earlier read has shown that one of `file` must fail. */
  check(file: string): void;
  /**
   * Waited for before a read of `file` that failed with `error` is tried again. Where the cause may be everybody's, one
   * tries for all: the others go on when any read is served, and fail with it when it has used up its attempts.
   *
   * @throws LoomError as {@link SharedFailures.check}, and `cancelled`.
   */
  turn(file: string, error: LoomError, signal: AbortSignal | undefined): Promise<void>;
  /** Forgets what was found: somebody asks to try again. */
  reset(): void;
}

/** The one who tries again for all, and who wait for what comes of it: true when a read was served. */
interface Scout {
  readonly file: string;
  readonly waiting: Set<(served: boolean) => void>;
}

/** Spares 118 shards from finding out one by one that the repository is closed or the network gone. */
export function createSharedFailures(clock: Clock, pausedUntil: () => number | null = () => null): SharedFailures {
  let verdict: { readonly error: LoomError; readonly until: number } | null = null;
  let served = 0;
  let scout: Scout | null = null;
  /** Who sits out a pause finds what was learned before it. */
  const afterPause = () => Math.max(clock.now(), pausedUntil() ?? 0);
  const dismiss = (good: boolean) => {
    const waiting = scout?.waiting ?? [];
    scout = null;
    for (const tell of waiting) tell(good);
  };
  /** What one file fails with while others are served is that file's own matter, unless it is a closed door. */
  const learn = (error: unknown, alone: boolean) => {
    if (!isLoomError(error)) return;
    if (FOR_GOOD.has(error.tag)) verdict = { error, until: Number.POSITIVE_INFINITY };
    else if (FOR_NOW.has(error.tag) && !alone) verdict = { error, until: afterPause() + RESPITE_MS };
  };
  const check = (file: string) => {
    if (verdict === null || clock.now() >= verdict.until) return;
    const { tag, message, fields } = verdict.error;
    throw new LoomError(tag, message, { ...fields, file });
  };
  return {
    reset: () => {
      verdict = null;
    },
    check,
    turn: async (file, error, signal) => {
      for (let shared = FOR_NOW.has(error.tag); shared; ) {
        check(file);
        scout ??= { file, waiting: new Set() };
        if (scout.file === file) return;
        shared = !(await outcomeOf(scout, signal));
      }
    },
    share: (source, file, telling = true) => ({
      ...source,
      read: async (range, options) => {
        throwIfAborted(options?.signal);
        check(file);
        const before = served;
        try {
          const bytes = await source.read(range, options);
          if (!telling) return bytes;
          verdict = null;
          served++;
          dismiss(true);
          return bytes;
        } catch (error) {
          learn(error, served > before);
          throw error;
        } finally {
          if (scout?.file === file) dismiss(false);
        }
      },
    }),
  };
}

function outcomeOf({ waiting }: Scout, signal: AbortSignal | undefined): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const leave = () => {
      waiting.delete(hear);
      reject(new LoomError('cancelled', 'The work was stopped.'));
    };
    const hear = (served: boolean) => {
      signal?.removeEventListener('abort', leave);
      resolve(served);
    };
    throwIfAborted(signal);
    signal?.addEventListener('abort', leave, { once: true });
    waiting.add(hear);
  });
}

import type { Checkpoint } from '../core/checkpoint/types.ts';
import { openHubRepo } from '../core/hub/repo.ts';
import { detectLayout } from '../core/layouts/detect.ts';
import type { CheckpointLayout } from '../core/layouts/types.ts';
import { openCheckpoint } from '../core/programs/opening.ts';

/** A repo whose headers were read. */
export interface OpenedRepo {
  readonly repo: string;
  readonly commit: string;
  readonly checkpoint: Checkpoint;
  readonly layout: CheckpointLayout;
}

/** What is opened: the attributes of an element that name a repo. */
export interface Wanted {
  readonly repo: string;
  readonly revision: string | null;
  readonly endpoint: string | null;
}

interface Opening {
  readonly result: Promise<OpenedRepo>;
  readonly abort: AbortController;
  readonly listeners: Set<(bytes: number) => void>;
  users: number;
}

const openings = new Map<string, Opening>();

/**
 * Reads the headers of a repo by range requests, and its config. Elements of one page that name the same repo share one
 * opening, which is cancelled when none of them waits for it any more. A failed one is forgotten, so that a retry reads again.
 *
 * @throws LoomError as `openHubRepo` and `openCheckpoint`; `cancelled` after `signal`.
 */
export async function openShared(
  wanted: Wanted,
  onBytes: (bytes: number) => void,
  signal: AbortSignal,
): Promise<OpenedRepo> {
  const key = JSON.stringify([wanted.endpoint, wanted.repo, wanted.revision]);
  const opening = openings.get(key) ?? start(key, wanted);
  opening.users += 1;
  opening.listeners.add(onBytes);
  const leave = () => {
    opening.listeners.delete(onBytes);
    opening.users -= 1;
    if (opening.users > 0) return;
    if (openings.get(key) === opening) openings.delete(key);
    opening.abort.abort();
  };
  // An element that leaves the page lets a finished opening be freed as well.
  signal.addEventListener('abort', leave, { once: true });
  return opening.result;
}

function start(key: string, wanted: Wanted): Opening {
  const abort = new AbortController();
  const listeners = new Set<(bytes: number) => void>();
  const result = read(wanted, abort.signal, (bytes) => {
    for (const listener of listeners) listener(bytes);
  });
  const opening = { result, abort, listeners, users: 0 };
  openings.set(key, opening);
  result.catch(() => {
    if (openings.get(key) === opening) openings.delete(key);
  });
  return opening;
}

async function read(
  { repo, revision, endpoint }: Wanted,
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
): Promise<OpenedRepo> {
  let bytes = 0;
  const files = await openHubRepo(revision === null ? repo : `${repo}@${revision}`, {
    signal,
    ...(endpoint === null ? {} : { endpoint }),
    onRequest: (request) => {
      if (request.phase !== 'ended') return;
      bytes += request.bytes;
      onBytes(bytes);
    },
  });
  const checkpoint = await openCheckpoint(files, { signal, cache: files.cache, index: 'later' });
  return { repo: files.repo, commit: files.commit, checkpoint, layout: detectLayout(checkpoint) };
}

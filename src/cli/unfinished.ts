/** What Node itself ends with where a top-level `await` never settles. */
const UNFINISHED = 13;

/** The part of `process` that {@link failUnfinished} uses. */
export interface Host {
  exitCode?: number | string | null | undefined;
  on(event: 'exit', listener: () => void): unknown;
}

/**
 * Ends the process with 13 where nothing is left to wait for and the work has not settled, as when a thread is lost without a
 * word: it must not end with 0. A CommonJS file has no top-level `await`, which would do this.
 */
export function failUnfinished(work: Promise<void>, host: Host = process): void {
  let settled = false;
  host.on('exit', () => {
    if (!settled) host.exitCode ||= UNFINISHED;
  });
  void work.finally(() => {
    settled = true;
  });
}

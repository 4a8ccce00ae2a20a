/** Milliseconds after which an idle task runs even if the page stays busy. */
const LATEST = 2_000;

/** Runs a task when the page has nothing else to do; the result cancels it. Safari has no idle callbacks, so it waits a moment there. */
export function whenIdle(task: () => void): () => void {
  if (typeof requestIdleCallback === 'function') {
    const asked = requestIdleCallback(task, { timeout: LATEST });
    return () => cancelIdleCallback(asked);
  }
  const timer = setTimeout(task, 200);
  return () => clearTimeout(timer);
}

/** What waits for each signal: one listener a signal, however many wait, as Node warns of more than ten. */
const waiting = new WeakMap<AbortSignal, Set<() => void>>();

/** Calls `stop` when the signal aborts, at once where it has; the answer takes that back. */
export function onAbort(signal: AbortSignal | undefined, stop: () => void): () => void {
  if (!signal) return () => {};
  if (signal.aborted) {
    stop();
    return () => {};
  }
  const all = waiting.get(signal) ?? listen(signal);
  all.add(stop);
  return () => void all.delete(stop);
}

function listen(signal: AbortSignal): Set<() => void> {
  const all = new Set<() => void>();
  waiting.set(signal, all);
  const tell = () => {
    for (const stop of [...all]) stop();
    all.clear();
  };
  signal.addEventListener('abort', tell, { once: true });
  return all;
}

import { throwIfAborted } from './errors.ts';

/**
 * Runs `task` over `items` with at most `limit` at once and gives the results in the order of the items.
 *
 * The first failure aborts the signals that the tasks get, waits for those under way, and is thrown. Tasks that run at
 * the same time have a signal each: Node warns of a leak where more than ten wait on one.
 */
export async function mapConcurrent<T, R>(
  items: readonly T[],
  limit: number,
  task: (item: T, signal: AbortSignal, index: number) => Promise<R>,
  outer?: AbortSignal,
): Promise<R[]> {
  throwIfAborted(outer);
  const results = new Array<R>(items.length);
  const inners = Array.from({ length: Math.min(limit, items.length) }, () => new AbortController());
  let stopped = false;
  const stop = () => {
    stopped = true;
    for (const inner of inners) inner.abort();
  };
  outer?.addEventListener('abort', stop, { once: true });
  let next = 0;
  let failure: { error: unknown } | null = null;
  const worker = async ({ signal }: AbortController) => {
    while (next < items.length && !stopped) {
      const index = next++;
      try {
        results[index] = await task(items[index] as T, signal, index);
      } catch (error) {
        failure ??= { error };
        stop();
      }
    }
  };
  try {
    await Promise.all(inners.map(worker));
  } finally {
    outer?.removeEventListener('abort', stop);
  }
  throwIfAborted(outer);
  if (failure) throw (failure as { error: unknown }).error;
  return results;
}

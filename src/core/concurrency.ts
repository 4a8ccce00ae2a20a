import { throwIfAborted } from './errors.ts';

/**
 * Runs `task` over `items` with at most `limit` at once and gives the results in the order of the items.
 *
 * The first failure aborts the signal that the tasks get, waits for those under way, and is thrown.
 */
export async function mapConcurrent<T, R>(
  items: readonly T[],
  limit: number,
  task: (item: T, signal: AbortSignal, index: number) => Promise<R>,
  outer?: AbortSignal,
): Promise<R[]> {
  throwIfAborted(outer);
  const results = new Array<R>(items.length);
  const inner = new AbortController();
  const stop = () => inner.abort();
  outer?.addEventListener('abort', stop, { once: true });
  let next = 0;
  let failure: { error: unknown } | null = null;
  const worker = async () => {
    while (next < items.length && !inner.signal.aborted) {
      const index = next++;
      try {
        results[index] = await task(items[index] as T, inner.signal, index);
      } catch (error) {
        failure ??= { error };
        inner.abort();
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  } finally {
    outer?.removeEventListener('abort', stop);
  }
  throwIfAborted(outer);
  if (failure) throw (failure as { error: unknown }).error;
  return results;
}

import { useQuery } from '@tanstack/react-query';

/** What the browser says of its storage; browsers answer with a guess, so nothing is refused because of it. */
export interface Room {
  readonly free: number;
  /** True when the browser will not clear the storage by itself. */
  readonly persisted: boolean;
}

/** How much room the browser says it has; null where it does not say. */
export function useRoom(): Room | null {
  const { data } = useQuery({ queryKey: ['room'], queryFn: askRoom, staleTime: 10_000 });
  return data ?? null;
}

async function askRoom(): Promise<Room | null> {
  try {
    const { quota, usage } = (await navigator.storage?.estimate?.()) ?? {};
    if (quota === undefined || usage === undefined) return null;
    const persisted = (await navigator.storage.persisted?.().catch(() => false)) ?? false;
    return { free: Math.max(0, quota - usage), persisted };
  } catch {
    return null;
  }
}

/** Asks the browser not to clear its storage by itself; it may ask the person, or say no. */
export async function askToPersist(): Promise<void> {
  // Where pages may not store anything, the call itself throws.
  await (async () => navigator.storage?.persist?.())().catch(() => false);
}

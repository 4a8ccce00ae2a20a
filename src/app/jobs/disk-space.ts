import { useQuery } from '@tanstack/react-query';

/** Storage that the browser reports. The value is an estimate, so no conversion is refused because of it. */
export interface DiskSpace {
  readonly free: number;
  /** True when the browser will not clear the storage by itself. */
  readonly persisted: boolean;
}

/** Free disk space that the browser reports; null where it reports none. */
export function useDiskSpace(): DiskSpace | null {
  const { data } = useQuery({ queryKey: ['disk-space'], queryFn: askDiskSpace, staleTime: 10_000 });
  return data ?? null;
}

async function askDiskSpace(): Promise<DiskSpace | null> {
  try {
    const { quota, usage } = (await navigator.storage?.estimate?.()) ?? {};
    if (quota === undefined || usage === undefined) return null;
    const persisted = (await navigator.storage.persisted?.().catch(() => false)) ?? false;
    return { free: Math.max(0, quota - usage), persisted };
  } catch {
    return null;
  }
}

/** Asks the browser to keep its storage. The browser may ask the user or refuse. */
export async function askToPersist(): Promise<void> {
  // Where pages may not store anything, the call itself throws.
  await (async () => navigator.storage?.persist?.())().catch(() => false);
}

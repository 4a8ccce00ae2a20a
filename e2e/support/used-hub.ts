/** For the page itself, before it runs: this Hub was used here before, so that links to it are followed unasked. */
export function markUsed(endpoint: string): void {
  const page = globalThis as unknown as {
    localStorage: { getItem(key: string): string | null; setItem(key: string, value: string): void };
  };
  try {
    const known = JSON.parse(page.localStorage.getItem('moe-loom-hosts') ?? '[]') as string[];
    page.localStorage.setItem('moe-loom-hosts', JSON.stringify([...new Set([...known, endpoint])]));
  } catch {
    // A frame without storage is asked, as a person is.
  }
}

import { SERVED, type ServedNote } from '../../../core/index.ts';

let note: ServedNote | null = null;

/** Reads what `moe-loom open` says of itself in the page that it serves, before anything asks. Its parser comes only there. */
export async function readServedNote(): Promise<void> {
  const meta = document.querySelector<HTMLMetaElement>(`meta[name="${SERVED.meta}"]`);
  if (!meta) return;
  const { parseServedNote } = await import('./served-note.ts');
  note = parseServedNote(meta.content);
}

/** What `moe-loom open` says of itself in the page that it serves; null for a page from anywhere else. */
export function servedNote(): ServedNote | null {
  return note;
}

/** The address of the Hub that this page's own server is; null for a page from anywhere else. */
export function servedHub(): string | null {
  return note && `${location.origin}${SERVED.hub}`;
}

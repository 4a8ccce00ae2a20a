import { parseServedNote, SERVED, type ServedNote } from '../../core/index.ts';

let note: ServedNote | null | undefined;

/** What `moe-loom open` says of itself in the page that it serves; null for a page from anywhere else. */
export function servedNote(): ServedNote | null {
  if (note === undefined) {
    const meta = document.querySelector<HTMLMetaElement>(`meta[name="${SERVED.meta}"]`);
    note = meta ? parseServedNote(meta.content) : null;
  }
  return note;
}

/** The address of the Hub that this page's own server is; null for a page from anywhere else. */
export function servedHub(): string | null {
  return servedNote() && `${location.origin}${SERVED.hub}`;
}

import { TYPE_NAME } from './address.ts';
import { go } from './address-store.ts';
import { EMPTY } from './follow-address.ts';

/** What the address names for the list of all model types. */
export const ALL_TYPES = 'all';

/** Shows which layout of a model type loads where. What is open is closed. */
export function showCompat(modelType: string): void {
  go({ ...EMPTY, view: 'map', compat: modelType });
}

/** True for a text that an address can name a model type by. */
export function isTypeName(text: string): boolean {
  return TYPE_NAME.test(text);
}

/** The address of a page alone. */
export function compatHref(modelType: string): string {
  return `?compat=${encodeURIComponent(modelType)}`;
}

/** What a link within the page needs: a plain click calls `show`, one with a key held opens `href` elsewhere, as browsers do. */
export function pageLink(href: string, show: () => void) {
  return {
    href,
    onClick: (event: React.MouseEvent) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      show();
    },
  };
}

/** {@link pageLink} to the page of a model type. */
export function compatLink(modelType: string) {
  return pageLink(compatHref(modelType), () => showCompat(modelType));
}

import { type Emitted, emit } from './emitted.ts';
import { visible } from './visible.ts';

/** A text between tags or inside quotes of an attribute: hidden characters stand as their escapes, what XML acts on as entities. */
export function xmlText(value: string): Emitted<'svg'> {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return emit(visible(value).replace(/[&<>"']/g, (character) => entities[character] ?? character));
}

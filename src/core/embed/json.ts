import { type Emitted, emit } from './emitted.ts';
import { replaceHidden } from './visible.ts';

/** JSON on one line or, with `indent`, over several, in which no character hides: all that would are escaped. */
export function jsonOf(value: unknown, indent?: number): Emitted<'json'> {
  const text = JSON.stringify(value, null, indent) ?? 'null';
  if (indent === undefined) return emit(escapeHidden(text));
  // A line break in the text is one between values: in a string it is escaped already.
  return emit(text.split('\n').map(escapeHidden).join('\n'));
}

/** JSON over several lines, as a file holds it. */
export function jsonText(value: unknown): Emitted<'json'> {
  return emit(`${jsonOf(value, 2)}\n`);
}

/** A JSON string without hidden characters. */
export function jsonString(text: string): Emitted<'json'> {
  return emit(escapeHidden(JSON.stringify(text)));
}

/** JSON with ASCII alone. */
export function asciiJson(value: unknown, indent?: number): Emitted<'json'> {
  return emit(jsonOf(value, indent).replace(/[\u007f-\uffff]/g, escapeUnits));
}

function escapeHidden(text: string): string {
  return replaceHidden(text, escapeUnits);
}

/** JSON escapes units of UTF-16: a character beyond U+FFFF is two. */
function escapeUnits(character: string): string {
  return character.replace(/./gs, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

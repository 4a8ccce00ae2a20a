/**
 * Characters that draw nothing, or change how what stands beside them is drawn: control characters (C0, DEL, C1), line and
 * paragraph separators, formats (bidirectional marks, zero-width characters, tags), fillers, variation selectors,
 * noncharacters and lone surrogates. Unicode's own classes, so that a new character is in them by itself.
 */
const HIDDEN = String.raw`[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]`;
const ONE_HIDDEN = new RegExp(HIDDEN, 'u');
const EACH_HIDDEN = new RegExp(HIDDEN, 'gu');
const AROUND_HIDDEN = new RegExp(`(${HIDDEN})`, 'u');

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** True where a text holds a character that would not be seen as itself. */
export function hasHidden(text: string): boolean {
  return ONE_HIDDEN.test(text);
}

/** A text on one line in which every hidden character stands as its escape: `\n`, `\u202e`, `\u{e0041}`. */
export function visible(text: string): string {
  return replaceHidden(text, escapeOf);
}

/** A text with each hidden character given by `write`. */
export function replaceHidden(text: string, write: (character: string) => string): string {
  return ONE_HIDDEN.test(text) ? text.replace(EACH_HIDDEN, write) : text;
}

/** One part of a text: plain, or a hidden character by its escape. */
export interface VisiblePart {
  readonly text: string;
  /** `U+202E` for a hidden character, null for plain text. */
  readonly hidden: string | null;
}

/** The parts of {@link visible}, for a screen that marks escapes. */
export function visibleParts(text: string): readonly VisiblePart[] {
  if (!ONE_HIDDEN.test(text)) return [{ text, hidden: null }];
  return text.split(AROUND_HIDDEN).flatMap((part, at): VisiblePart[] => {
    if (part === '') return [];
    return at % 2 === 0 ? [{ text: part, hidden: null }] : [{ text: escapeOf(part), hidden: codeOf(part) }];
  });
}

function escapeOf(character: string): string {
  const digits = (character.codePointAt(0) ?? 0).toString(16).padStart(4, '0');
  return SHORT[character] ?? (digits.length === 4 ? `\\u${digits}` : `\\u{${digits}}`);
}

function codeOf(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}

import { type Emitted, emit } from './emitted.ts';
import { asciiJson } from './json.ts';
import { replaceHidden } from './visible.ts';

/** A string literal of Python. JSON's escapes are Python's too, but for characters beyond U+FFFF: Python's have eight digits. */
export function pythonString(text: string): Emitted<'python'> {
  return emit(
    replaceHidden(JSON.stringify(text), (character) => {
      const digits = (character.codePointAt(0) ?? 0).toString(16);
      return digits.length > 4 ? `\\U${digits.padStart(8, '0')}` : `\\u${digits.padStart(4, '0')}`;
    }),
  );
}

/** A string, a number or a truth value as Python writes it. */
export function pythonValue(value: string | number | boolean): Emitted<'python'> {
  if (typeof value === 'boolean') return emit(value ? 'True' : 'False');
  return typeof value === 'number' ? emit(String(value)) : pythonString(value);
}

/** Keyword arguments of a call, one a line. Names are those of our own sources. */
export function pythonCall(
  name: string,
  values: Readonly<Record<string, string | number | boolean>>,
): Emitted<'python'> {
  const lines = Object.entries(values).map(([key, value]) => `    ${identifier(key)}=${pythonValue(value)},\n`);
  return emit(`${identifier(name)}(\n${lines.join('')})`);
}

/** A dictionary of strings. */
export function pythonDict(values: Readonly<{ [key: string]: string }>): Emitted<'python'> {
  const entries = Object.entries(values).map(([key, value]) => `${pythonString(key)}:${pythonString(value)}`);
  return emit(`{${entries.join(',')}}`);
}

/**
 * An expression that gives a JSON value; the module `json` must be imported. The text is ASCII without a single quote,
 * so that nothing in it ends the raw string.
 */
export function pythonJson(value: unknown, indent?: number): Emitted<'python'> {
  return emit(`json.loads(r'''${asciiJson(value, indent).replaceAll("'", '\\u0027')}''')`);
}

const IDENTIFIER = /^[A-Za-z_]\w*$/;
const KEYWORDS: ReadonlySet<string> = new Set(
  `False None True and as assert async await break class continue def del elif else except finally for from global if import
  in is lambda nonlocal not or pass raise return try while with yield`.split(/\s+/),
);

/** True for a name that Python code can hold as a name. */
export function isIdentifier(text: string): boolean {
  return IDENTIFIER.test(text) && !KEYWORDS.has(text);
}

/** A name in Python code. @throws RangeError for a text that is no identifier. */
export function identifier(text: string): Emitted<'python'> {
  if (!isIdentifier(text)) throw new RangeError(`${JSON.stringify(text)} is no name of Python.`);
  return emit(text);
}

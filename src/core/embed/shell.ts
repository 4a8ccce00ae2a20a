import { type Emitted, emit } from './emitted.ts';
import { hasHidden, replaceHidden } from './visible.ts';

/** A flag of a command: `true` stands alone, anything else follows it. */
export type Flag = readonly [name: string, value: string | number | true];

/** Characters that no shell acts on; zsh would expand `=` at the start. */
const PLAIN = /^[\w./:@%+,-][\w./:@%+=,-]*$/;

/** A command over as many lines as it has flags, to paste into a POSIX shell. Names of flags are words too. */
export function commandText(
  head: Emitted<'shell'>,
  flags: readonly Flag[],
  tail: readonly Emitted<'shell'>[] = [],
): Emitted<'shell'> {
  const lines = flags.map(([name, value]) => {
    if (value === true) return shellWord(name);
    // A value that begins like a flag would be read as one.
    const text = String(value);
    return text.startsWith('-') ? shellWord(`${name}=${text}`) : `${shellWord(name)} ${shellWord(text)}`;
  });
  return emit(`${[head, ...lines, ...tail].join(' \\\n  ')}\n`);
}

/**
 * A word as a shell reads it back: plain, in single quotes or, where a character hides, in `$'…'`, which POSIX 2024,
 * bash and zsh know. What no argument of a program can hold, NUL and lone surrogates, becomes U+FFFD.
 */
export function shellWord(text: string): Emitted<'shell'> {
  if (PLAIN.test(text)) return emit(text);
  if (!hasHidden(text)) return emit(`'${text.replaceAll("'", "'\\''")}'`);
  const escaped = text.replace(/[\\']/g, '\\$&');
  return emit(`$'${replaceHidden(escaped, octal)}'`);
}

const ENCODER = new TextEncoder();

/** UTF-8 in octal: always three digits, so that no digit after them is taken with them. */
function octal(character: string): string {
  const bytes = ENCODER.encode(character === '\0' ? '\ufffd' : character);
  return Array.from(bytes, (byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
}

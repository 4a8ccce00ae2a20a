import { type Emitted, emit } from './emitted.ts';
import { quotedText } from './quoted.ts';

type Scalar = string | number | boolean;

/** Tables of a TOML file by their dotted names; the empty name represents the top. Names are those of our own sources. */
export function tomlText(tables: Readonly<Record<string, Readonly<Record<string, Scalar>>>>): Emitted<'toml'> {
  const parts = Object.entries(tables).map(([name, values]) => {
    const lines = Object.entries(values).map(
      ([key, value]) => `${bareKey(key)} = ${typeof value === 'string' ? quotedText(value) : value}\n`,
    );
    const head = name === '' ? '' : `[${name.split('.').map(bareKey).join('.')}]\n`;
    return head + lines.join('');
  });
  return emit(parts.join('\n'));
}

/** A key without quotes. @throws RangeError for a text that is none. */
function bareKey(text: string): string {
  if (!/^[A-Za-z0-9_-]+$/.test(text)) throw new RangeError(`${JSON.stringify(text)} is no bare key of TOML.`);
  return text;
}

/** A flag of a command: `true` stands alone, anything else follows it. */
export type Flag = readonly [name: string, value: string | number | true];

/** A command over as many lines as it has flags, to paste into a POSIX shell. */
export function commandText(head: string, flags: readonly Flag[], tail: readonly string[] = []): string {
  const lines = flags.map(([name, value]) => (value === true ? name : `${name} ${shellWord(String(value))}`));
  return `${[head, ...lines, ...tail].join(' \\\n  ')}\n`;
}

/** A word as a POSIX shell reads it back. */
export function shellWord(text: string): string {
  return /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

type Scalar = string | number | boolean;
export type YamlValue = Scalar | readonly Scalar[] | { readonly [key: string]: YamlValue };

/** YAML of mappings and of lists of scalars, in block form. Strings that YAML would read as anything else are quoted. */
export function yamlText(value: Readonly<Record<string, YamlValue>>, indent = ''): string {
  return Object.entries(value)
    .map(([key, entry]) => {
      if (typeof entry !== 'object') return `${indent}${key}: ${yamlScalar(entry)}\n`;
      if (isList(entry))
        return `${indent}${key}:\n${entry.map((each) => `${indent}  - ${yamlScalar(each)}\n`).join('')}`;
      return `${indent}${key}:\n${yamlText(entry, `${indent}  `)}`;
    })
    .join('');
}

function isList(value: object): value is readonly Scalar[] {
  return Array.isArray(value);
}

/** A plain word where YAML reads it back as the same string, else JSON's quotes, which YAML shares. */
function yamlScalar(value: Scalar): string {
  if (typeof value !== 'string') return String(value);
  const plain = /^[A-Za-z_][\w./-]*$/.test(value) && !/^(true|false|yes|no|on|off|null|y|n)$/i.test(value);
  return plain ? value : quotedText(value);
}

/** JSON's quotes, which YAML and TOML share, with what those two do not take as it is escaped. */
function quotedText(value: string): string {
  const odd = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;
  return JSON.stringify(value).replace(odd, (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Tables of a TOML file by their dotted names; the empty name stands for the top. Keys are bare words. */
export function tomlText(tables: Readonly<Record<string, Readonly<Record<string, Scalar>>>>): string {
  const parts = Object.entries(tables).map(([name, values]) => {
    const lines = Object.entries(values).map(([key, value]) => {
      return `${key} = ${typeof value === 'string' ? quotedText(value) : value}\n`;
    });
    return `${name === '' ? '' : `[${name}]\n`}${lines.join('')}`;
  });
  return parts.join('\n');
}

/** JSON over several lines, as a file holds it. */
export function jsonText(value: YamlValue): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** Keyword arguments of a Python call, one a line; strings are quoted by JSON, whose escapes Python shares. */
export function pythonCall(name: string, values: Readonly<Record<string, string | number | boolean>>): string {
  const lines = Object.entries(values).map(([key, value]) => `    ${key}=${pythonValue(value)},\n`);
  return `${name}(\n${lines.join('')})`;
}

export function pythonValue(value: string | number | boolean): string {
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return typeof value === 'number' ? String(value) : JSON.stringify(value);
}

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

export type YamlValue = string | number | boolean | { readonly [key: string]: YamlValue };

/** YAML of plain mappings: words, numbers, booleans. */
export function yamlText(value: Readonly<Record<string, YamlValue>>, indent = ''): string {
  return Object.entries(value)
    .map(([key, entry]) =>
      typeof entry === 'object' ? `${indent}${key}:\n${yamlText(entry, `${indent}  `)}` : `${indent}${key}: ${entry}\n`,
    )
    .join('');
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

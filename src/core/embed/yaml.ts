import { type Emitted, emit } from './emitted.ts';
import { quotedText } from './quoted.ts';

type Scalar = string | number | boolean;
export type YamlValue = Scalar | readonly Scalar[] | { readonly [key: string]: YamlValue };

/**
 * YAML of mappings and of lists of scalars, in block form. Strings that YAML would read as anything else are quoted. `item` is
 * how far items stand in from the key of their list.
 */
export function yamlText(
  value: Readonly<Record<string, YamlValue>>,
  indent = '',
  item: '' | '  ' = '  ',
): Emitted<'yaml'> {
  const lines = Object.entries(value).map(([name, entry]) => {
    const key = yamlScalar(name);
    if (typeof entry !== 'object') return `${indent}${key}: ${yamlScalar(entry)}\n`;
    if (isList(entry))
      return `${indent}${key}:\n${entry.map((each) => `${indent}${item}- ${yamlScalar(each)}\n`).join('')}`;
    return `${indent}${key}:\n${yamlText(entry, `${indent}  `, item)}`;
  });
  return emit(lines.join(''));
}

function isList(value: object): value is readonly Scalar[] {
  return Array.isArray(value);
}

/** A plain word where YAML reads it back as the same string, else in double quotes. */
export function yamlScalar(value: Scalar): Emitted<'yaml'> {
  if (typeof value !== 'string') return emit(String(value));
  const plain = /^[A-Za-z_][\w./-]*$/.test(value) && !/^(true|false|yes|no|on|off|null|y|n)$/i.test(value);
  return emit(plain ? value : quotedText(value));
}

import { type Emitted, emit } from './emitted.ts';
import { quotedText } from './quoted.ts';

type Scalar = string | number | boolean;
export interface YamlMapping {
  readonly [key: string]: YamlValue;
}
export type YamlValue = Scalar | readonly (Scalar | YamlMapping)[] | YamlMapping;

/**
 * YAML of mappings and of lists of scalars and mappings, in block form. Strings that YAML would read as anything else are
 * quoted. `item` is how far items stand in from the key of their list.
 */
export function yamlText(value: YamlMapping, indent = '', item: '' | '  ' = '  '): Emitted<'yaml'> {
  const entries = Object.entries(value);
  return emit(entries.map(([name, entry]) => `${indent}${yamlScalar(name)}:${after(entry, indent, item)}`).join(''));
}

/** Several documents of one file. */
export function yamlDocuments(documents: readonly YamlMapping[]): Emitted<'yaml'> {
  return emit(documents.map((each) => yamlText(each)).join('---\n'));
}

/** What stands behind the colon of a key that is indented so far. */
function after(entry: YamlValue, indent: string, item: '' | '  '): string {
  if (typeof entry !== 'object') return ` ${yamlScalar(entry)}\n`;
  if (isList(entry)) return `\n${entry.map((each) => itemText(each, `${indent}${item}`, item)).join('')}`;
  return Object.keys(entry).length === 0 ? ' {}\n' : `\n${yamlText(entry, `${indent}  `, item)}`;
}

/** The first key of a mapping stands behind the dash, the others below it. */
function itemText(each: Scalar | YamlMapping, indent: string, item: '' | '  '): string {
  if (typeof each !== 'object') return `${indent}- ${yamlScalar(each)}\n`;
  return `${indent}- ${yamlText(each, `${indent}  `, item).slice(indent.length + 2)}`;
}

function isList(value: object): value is readonly (Scalar | YamlMapping)[] {
  return Array.isArray(value);
}

/** A plain word where YAML reads it back as the same string, else in double quotes. */
export function yamlScalar(value: Scalar): Emitted<'yaml'> {
  if (typeof value !== 'string') return emit(String(value));
  const plain = /^[A-Za-z_][\w./-]*$/.test(value) && !/^(true|false|yes|no|on|off|null|y|n)$/i.test(value);
  return emit(plain ? value : quotedText(value));
}

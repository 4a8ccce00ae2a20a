import { type Emitted, emit, joined } from './emitted.ts';
import { visible } from './visible.ts';

type Markdown = Emitted<'markdown'>;

/**
 * Text in Markdown's prose or in a cell of a table: it stands on one line and shows as it is. What Markdown, its tables,
 * HTML or the Hub's formulas would act on is escaped.
 */
export function markdownText(value: string): Markdown {
  const escaped = visible(value)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replace(/[\\`*[\]|~$]/g, '\\$&')
    // An underscore inside a word marks nothing.
    .replace(/(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g, '\\_')
    .replace(/^(\s*)([#>=+-])/, '$1\\$2')
    .replace(/^(\s*\d+)([.)])(?=\s|$)/, '$1\\$2');
  return emit(escaped);
}

/** A name as code, also in a cell of a table; what could end the code stands as an entity. */
export function markdownCode(value: string): Markdown {
  const shown = visible(value);
  if (/^[^`|\s](?:[^`|]*[^`|\s])?$/.test(shown)) return emit(`\`${shown}\``);
  const entities = shown.replace(/[^A-Za-z0-9 ./-]/gu, (character) => `&#${character.codePointAt(0)};`);
  return emit(`<code>${entities}</code>`);
}

/** A table; texts become cells, cells stay. */
export function markdownTable(head: readonly Markdown[], rows: readonly (readonly (Markdown | number)[])[]): Markdown {
  const line = (cells: readonly (Markdown | number)[]) => `| ${cells.join(' | ')} |`;
  return emit([line(head), line(head.map(() => emit('---'))), ...rows.map(line)].join('\n'));
}

/** A list, an item a line. */
export function markdownList(items: readonly Markdown[]): Markdown {
  return joined(
    items.map((item) => emit<'markdown'>(`- ${item}`)),
    '\n',
  );
}

/** A block of code, fenced so that nothing in it ends the block. */
export function markdownFence(language: 'sh' | 'python', code: Emitted<'shell'> | Emitted<'python'>): Markdown {
  const longest = Math.max(2, ...[...code.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return emit(`${fence}${language}\n${code.replace(/\n$/, '')}\n${fence}`);
}

/** Front matter: YAML that Markdown does not show. */
export function markdownFront(parts: readonly Emitted<'yaml'>[]): Markdown {
  return emit(`---\n${parts.join('')}---`);
}

/** A path in the address of a link: percent escapes for all that is not plain. */
export function urlPath(path: string): Markdown {
  const bytes = path.split('/').map((part) => encodeURIComponent(part.replace(/\p{Surrogate}/gu, '\ufffd')));
  return emit(bytes.join('/').replace(/[!'()*~]/g, (character) => `%${character.charCodeAt(0).toString(16)}`));
}

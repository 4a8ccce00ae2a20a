/** A value of YAML as our own files use it. */
export type Yaml = string | null | readonly Yaml[] | { readonly [key: string]: Yaml };

interface Line {
  readonly indent: number;
  readonly text: string;
  readonly number: number;
}

/**
 * Reads the YAML that the files of this folder use: mappings, lists and plain scalars, all of them as text. It refuses what
 * it does not know (anchors, quotes, flow style, blocks of text, tabs), so that no file is read wrongly.
 *
 * @throws Error with the number of the line, counted from 1.
 */
export function readYaml(text: string): Yaml {
  const lines = text.split('\n').flatMap((raw, index) => {
    const kept = raw.replace(/(^|\s)#.*$/, '').trimEnd();
    return kept === '' ? [] : [{ indent: kept.search(/\S/), text: kept.trimStart(), number: index + 1 }];
  });
  const [value, rest] = readBlock(lines, 0);
  if (rest[0]) throw problem(rest[0], 'it is indented less than the lines before it');
  return value;
}

/** The block that starts with the first line, and the lines after it. */
function readBlock(lines: readonly Line[], least: number): readonly [Yaml, readonly Line[]] {
  const [first] = lines;
  if (!first || first.indent < least) return [null, lines];
  return first.text.startsWith('- ') ? readList(lines, first.indent) : readMapping(lines, first.indent);
}

function readList(lines: readonly Line[], indent: number): readonly [Yaml, readonly Line[]] {
  const items: Yaml[] = [];
  let rest = lines;
  for (let line = rest[0]; line && line.indent === indent && line.text.startsWith('- '); line = rest[0]) {
    const text = line.text.slice(2).trimStart();
    const inner = { ...line, indent: indent + line.text.length - text.length, text };
    if (!/^[\w-]+:(\s|$)/.test(text)) {
      items.push(scalar(inner, text));
      rest = rest.slice(1);
      continue;
    }
    const [item, after] = readMapping([inner, ...rest.slice(1)], inner.indent);
    items.push(item);
    rest = after;
  }
  return [items, rest];
}

function readMapping(lines: readonly Line[], indent: number): readonly [Yaml, readonly Line[]] {
  const found: Record<string, Yaml> = {};
  let rest = lines;
  for (let line = rest[0]; line && line.indent >= indent; line = rest[0]) {
    const [, key, value = ''] = /^([\w-]+):(?:\s+(.*))?$/.exec(line.text) ?? [];
    if (line.indent > indent || key === undefined) throw problem(line, 'it is no key of this mapping');
    if (Object.hasOwn(found, key)) throw problem(line, `the key ${key} is there twice`);
    if (value === '') [found[key], rest] = readBlock(rest.slice(1), indent + 1);
    else {
      found[key] = scalar(line, value);
      rest = rest.slice(1);
    }
  }
  return [found, rest];
}

function scalar(line: Line, text: string): string {
  if (/^["'|>[{&*!%@`]|\t|:\s|:$/.test(text)) throw problem(line, `the value ${text} is more than plain text`);
  return text;
}

function problem({ number }: Line, what: string): Error {
  return new Error(`Line ${number} cannot be read: ${what}.`);
}

/** The block between the first two lines `---` of a page. @throws Error where there is none. */
export function frontMatter(page: string): string {
  const found = /^---\n([\s\S]*?\n)---\n/.exec(page)?.[1];
  if (found === undefined) throw new Error('The page begins with no front matter between two lines of ---.');
  return found;
}

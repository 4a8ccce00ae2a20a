interface Line {
  readonly indent: number;
  readonly text: string;
}

/** A document of a manifest, as far as tests look into it. */
// biome-ignore lint/suspicious/noExplicitAny: tests name what they expect of it
export type Manifest = { readonly kind: string; readonly metadata: any; readonly spec: any };

/**
 * Reads the YAML that a manifest is written in: mappings and lists in block form, plain words, numbers, truth values and strings
 * in double quotes. It refuses everything else.
 */
export function readManifest(text: string): Manifest[] {
  return text.split(/^---\n/m).map((document) => {
    const lines = document.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    const all = lines.map((line) => ({ indent: line.search(/\S/), text: line.trimStart() }));
    const [value, rest] = block(all);
    if (rest[0]) throw new Error(`Indented oddly: ${rest[0].text}`);
    return value as Manifest;
  });
}

function block(lines: readonly Line[]): readonly [unknown, readonly Line[]] {
  const [first] = lines;
  if (!first) throw new Error('A value is missing.');
  return first.text.startsWith('- ') ? list(lines, first.indent) : mapping(lines, first.indent);
}

const KEY = /^([A-Za-z_][\w./-]*|"(?:[^"\\]|\\.)*"):(?: (.*))?$/;

function list(lines: readonly Line[], indent: number): readonly [unknown[], readonly Line[]] {
  const items: unknown[] = [];
  let rest = lines;
  for (let line = rest[0]; line?.indent === indent && line.text.startsWith('- '); line = rest[0]) {
    const inner = { indent: indent + 2, text: line.text.slice(2) };
    if (KEY.test(inner.text)) {
      const [item, after] = mapping([inner, ...rest.slice(1)], inner.indent);
      items.push(item);
      rest = after;
    } else {
      items.push(scalar(inner.text));
      rest = rest.slice(1);
    }
  }
  return [items, rest];
}

function mapping(lines: readonly Line[], indent: number): readonly [Record<string, unknown>, readonly Line[]] {
  const found: Record<string, unknown> = {};
  let rest = lines;
  for (let line = rest[0]; line?.indent === indent && !line.text.startsWith('- '); line = rest[0]) {
    const [, name = '', value] = KEY.exec(line.text) ?? [];
    const key = String(scalar(name));
    if (name === '' || Object.hasOwn(found, key)) throw new Error(`No key: ${line.text}`);
    rest = rest.slice(1);
    if (value === undefined) [found[key], rest] = block(rest);
    else found[key] = scalar(value);
  }
  return [found, rest];
}

function scalar(text: string): unknown {
  if (text === '{}') return {};
  if (text === 'true' || text === 'false') return text === 'true';
  if (/^\d+$/.test(text)) return Number(text);
  if (text.startsWith('"'))
    return JSON.parse(
      text.replace(/\\(?:U([0-9a-f]{8})|.)/g, (whole, long: string | undefined) =>
        long === undefined ? whole : String.fromCodePoint(Number.parseInt(long, 16)),
      ),
    );
  if (!/^[A-Za-z_][\w./-]*$/.test(text)) throw new Error(`YAML may not read ${text} as a word.`);
  return text;
}

/** Reads commands, YAML and Python back as their programs would, strictly: what is odd throws. */

type Scalar = string | number | boolean;

function scalar(text: string): Scalar {
  if (/^\d+$/.test(text)) return Number(text);
  if (text === 'true' || text === 'True') return true;
  return text === 'false' || text === 'False' ? false : text;
}

/** Words of one command as a POSIX shell splits them, then its flags. */
export function parseCommand(text: string): { readonly head: string[]; readonly flags: Record<string, Scalar> } {
  const words = shellWords(text.replaceAll('\\\n', ' '));
  const at = words.findIndex((word) => word.startsWith('--'));
  const head = words.slice(0, at);
  const flags: Record<string, Scalar> = {};
  for (let index = at; index < words.length; index++) {
    const name = words[index] ?? '';
    if (!name.startsWith('--')) {
      head.push(name);
      continue;
    }
    const next = words[index + 1];
    const own = next !== undefined && !next.startsWith('--') && !isScript(next);
    // A flag that Python's argparse reads keeps its word: "true" is a word there.
    flags[name] = own ? (/^\d+$/.test(next) ? Number(next) : next) : true;
    if (own) index++;
  }
  return { head, flags };
}

function isScript(word: string): boolean {
  return word.endsWith('.py');
}

function shellWords(text: string): string[] {
  const words: string[] = [];
  let rest = text.trim();
  while (rest !== '') {
    let word = '';
    for (;;) {
      const ansi = /^\$'((?:[^'\\]|\\.)*)'/s.exec(rest);
      if (ansi) {
        word += ansiText(ansi[1] ?? '');
        rest = rest.slice(ansi[0].length);
        continue;
      }
      const piece = /^(?:'([^']*)'|"([^"`]*)"|\\(.)|(\$[A-Z_]+)|([^\s'"\\;|&$`()<>]+))/s.exec(rest);
      if (!piece) break;
      word += piece[1] ?? piece[2] ?? piece[3] ?? piece[4] ?? piece[5] ?? '';
      rest = rest.slice(piece[0].length);
    }
    if (rest !== '' && !/^\s/.test(rest)) throw new Error(`A shell would act on ${rest.slice(0, 20)}`);
    words.push(word);
    rest = rest.trimStart();
  }
  return words;
}

/** What stands in `$'…'`: UTF-8 in octal, and escaped backslashes and quotes; what is odd throws. */
function ansiText(text: string): string {
  const bytes = [...text.matchAll(/\\([0-7]{3})|\\([\\'])|\\|[^\\]+/g)].flatMap(([all, octal, plain]) => {
    if (octal !== undefined) return [Number.parseInt(octal, 8)];
    if (all === '\\') throw new Error(`A shell would read ${text} in its own way.`);
    return [...new TextEncoder().encode(plain ?? all)];
  });
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes));
}

/** Mappings of mappings of scalars and of lists of them, as YAML's core schema reads them; what is odd throws. */
export function parseYaml(text: string): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  const open: { readonly depth: number; readonly holds: Record<string, unknown> }[] = [{ depth: 0, holds: out }];
  let last: { readonly depth: number; readonly holds: Record<string, unknown>; readonly key: string } | null = null;
  for (const line of text.split('\n').filter((each) => each !== '')) {
    const indent = /^ */.exec(line)?.[0].length ?? 0;
    const rest = line.slice(indent);
    if (rest.startsWith('- ')) {
      if (!last || (indent !== last.depth + 2 && indent !== last.depth))
        throw new Error(`Not YAML that is written here: ${line}`);
      const list = last.holds[last.key] ?? [];
      if (!Array.isArray(list)) throw new Error(`A list item outside a list: ${line}`);
      last.holds[last.key] = [...list, yamlScalar(rest.slice(2))];
      continue;
    }
    const match = /^([a-z_0-9]+|"[a-z_0-9]+"):(?: (.+))?$/.exec(rest);
    if (!match) throw new Error(`Not YAML that is written here: ${line}`);
    const value = match[2];
    const key = (match[1] ?? '').replaceAll('"', '');
    if (last && indent === last.depth + 2 && last.holds[last.key] === undefined) {
      const holds = {};
      last.holds[last.key] = holds;
      open.push({ depth: indent, holds });
    }
    while ((open.at(-1)?.depth ?? 0) > indent) open.pop();
    const here = open.at(-1);
    if (here?.depth !== indent) throw new Error(`Indented oddly: ${line}`);
    if (Object.hasOwn(here.holds, key)) throw new Error(`${key} stands twice.`);
    here.holds[key] = value === undefined ? undefined : yamlScalar(value);
    last = value === undefined ? { depth: indent, holds: here.holds, key } : null;
  }
  return out;
}

function yamlScalar(text: string): unknown {
  if (text.startsWith('"')) return quoted(text);
  if (/^\d+$/.test(text)) return Number(text);
  if (text === 'true' || text === 'false') return text === 'true';
  if (/^(yes|no|on|off|null|y|n|~|true|false)$/i.test(text) || !/^[A-Za-z_][\w./-]*$/.test(text))
    throw new Error(`YAML would not read ${text} as a word.`);
  return text;
}

/** A double-quoted string of YAML and TOML: JSON's, with `\\U` and eight digits for what lies beyond U+FFFF. */
function quoted(text: string): string {
  const pairs = text.replace(/(\\\\)|\\U([0-9a-f]{8})/g, (all, plain: string | undefined, digits: string) => {
    return plain === undefined ? String.fromCodePoint(Number.parseInt(digits, 16)) : all;
  });
  if (/\\u[dD][89a-fA-F]/.test(pairs)) throw new Error(`${text} holds a surrogate, which is no character.`);
  const value: unknown = JSON.parse(pairs);
  if (typeof value !== 'string') throw new Error(`${text} is no string.`);
  return value;
}

/** Tables of a TOML file by their dotted names; the empty name represents the top. */
export function parseToml(text: string): Record<string, Record<string, unknown>> {
  const out: Record<string, Record<string, unknown>> = {};
  let table: Record<string, unknown> | null = null;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: TOML allows no control character in a file
  if (/[\u0000-\u0008\u000b-\u001f\u007f]/.test(text)) throw new Error('A control character.');
  for (const line of text.split('\n').filter((each) => each !== '')) {
    const head = /^\[([a-z_0-9]+(?:\.[a-z_0-9]+)*)\]$/.exec(line);
    const pair = /^([A-Za-z_0-9-]+) = (.+)$/.exec(line);
    if (head?.[1] !== undefined) {
      if (out[head[1]]) throw new Error(`[${head[1]}] stands twice.`);
      table = {};
      out[head[1]] = table;
    } else if (pair) {
      const [, key = '', value = ''] = pair;
      if (table === null) {
        table = {};
        out[''] = table;
      }
      if (Object.hasOwn(table, key)) throw new Error(`${key} stands twice.`);
      table[key] = tomlValue(value);
    } else throw new Error(`Not TOML that is written here: ${line}`);
  }
  return out;
}

function tomlValue(text: string): unknown {
  if (text.startsWith('"')) return quoted(text);
  if (text === 'true' || text === 'false') return text === 'true';
  if (/^(0|[1-9]\d*)$/.test(text)) return Number(text);
  throw new Error(`${text} is no value of TOML.`);
}

/** Keyword arguments of every call in a Python text. */
export function parseCalls(text: string): Record<string, Record<string, Scalar>> {
  const out: Record<string, Record<string, Scalar>> = {};
  for (const [, name = '', body = ''] of text.matchAll(/(\w+)\(\n((?: {4}[^\n]*\n)*)\)/g)) {
    out[name] = Object.fromEntries(
      [...body.matchAll(/^ {4}(\w+)=(.*),$/gm)].map(([, key = '', value = '']) => [key, scalar(value)]),
    );
  }
  return out;
}

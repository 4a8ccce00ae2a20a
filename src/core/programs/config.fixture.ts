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

/** Mappings of mappings of scalars. */
export function parseYaml(text: string): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  let inner: Record<string, Scalar> | null = null;
  for (const line of text.split('\n').filter((each) => each !== '')) {
    const match = /^( {2})?([a-z_0-9]+):(?: (\S+))?$/.exec(line);
    if (!match) throw new Error(`Not YAML that is written here: ${line}`);
    const [, indent, key = '', value] = match;
    if (indent !== undefined && inner && value !== undefined) inner[key] = scalar(value);
    else if (value === undefined) {
      inner = {};
      out[key] = inner;
    } else {
      inner = null;
      out[key] = scalar(value);
    }
  }
  return out;
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

import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { libraryEntries } from './library.ts';

const TYPES = fileURLToPath(new URL('../dist/types', import.meta.url));

/** One public name of a subpath, as the built declarations have it. */
export interface PublicName {
  readonly subpath: string;
  readonly name: string;
  readonly kind: 'function' | 'class' | 'const' | 'interface' | 'type';
  /** The declaration, without its docblock; of a table, its first line. */
  readonly signature: string;
  /** The docblock without its examples. */
  readonly doc: string;
  readonly examples: readonly Example[];
}

export interface Example {
  readonly code: string;
  /** For a page: it needs what Node does not have. */
  readonly browser: boolean;
}

/** `export { a, type B, c as d } from './x.js'`, as entries are written. */
const LIST = /^export (type )?\{([^}]*)\} from '([^']+)';/gm;

/** Every public name, in the order of the subpaths and of their sources. @throws Error where the build has not run. */
export function publicNames(): readonly PublicName[] {
  return Object.entries(libraryEntries()).flatMap(([subpath, source]) => {
    const file = source.replace(/^src\//, '').replace(/\.ts$/, '.d.ts');
    return [...declarations(file).matchAll(LIST)].flatMap(([, , names = '', specifier = '']) =>
      names.split(',').flatMap((part) => {
        const [, local = '', , name = local] = /^\s*(?:type )?(\w+)( as (\w+))?\s*$/.exec(part) ?? [];
        if (local === '') return [];
        return [{ subpath, name, ...declared(local, name, normalize(join(dirname(file), specifier))) }];
      }),
    );
  });
}

/** What a subpath is for: the comment that its source begins with. */
export function aboutSubpath(subpath: string): string {
  const path = fileURLToPath(new URL(`../${libraryEntries()[subpath]}`, import.meta.url));
  const [, text = ''] = /^\/\*\* `moe-loom\/\w+`: ([\s\S]*?) \*\//.exec(readFileSync(path, 'utf8')) ?? [];
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function declarations(file: string): string {
  return readFileSync(join(TYPES, file), 'utf8');
}

type Declared = Omit<PublicName, 'subpath' | 'name'>;

/** A declaration may stand in the file, or be passed on from another. */
function declared(local: string, name: string, path: string): Declared {
  const text = declarations(path.replace(/\.js$/, '.d.ts'));
  const start = new RegExp(
    `((?:^/\\*\\*(?:[^*]|\\*(?!/))*\\*/\\n)?)^export (?:declare )?(?:abstract )?(function|class|const|interface|type) ${local}\\b`,
    'm',
  ).exec(text);
  if (!start) {
    for (const [, , names = '', specifier = ''] of text.matchAll(LIST))
      if (new RegExp(`\\b${local}\\b`).test(names))
        return declared(local, name, normalize(join(dirname(path), specifier)));
    throw new Error(`${path} does not declare ${local}.`);
  }
  const [whole, block = '', kind = ''] = start;
  const rest = text.slice(start.index + block.length);
  const signature = endOf(rest, whole.length - block.length).replace(/^export (declare )?/, '');
  const { doc, examples } = parseBlock(block);
  const [first = ''] = signature.split('\n');
  const shown = kind === 'const' && first !== signature ? `${first} … };` : signature;
  return {
    kind: kind as PublicName['kind'],
    signature: shown.replace(new RegExp(`\\b${local}\\b`), name),
    doc,
    examples,
  };
}

/** TypeScript begins each declaration at the start of a line and indents what is inside it. */
function endOf(text: string, from: number): string {
  const end = /\n(?=\S)(?!\})/.exec(text.slice(from));
  return text.slice(0, end ? from + end.index : text.length).trimEnd();
}

function parseBlock(block: string): Pick<PublicName, 'doc' | 'examples'> {
  const text = block
    .replace(/^\/\*\*\s?/, '')
    .replace(/\s*\*\/\n$/, '')
    .replace(/^ \* ?/gm, '')
    .trim();
  const examples = [...text.matchAll(/@example\n```ts( browser)?\n([\s\S]*?)\n```/g)].map(([, browser, code = '']) => ({
    code,
    browser: browser !== undefined,
  }));
  return { doc: text.replace(/@example\n```ts[\s\S]*?```/g, '').trim(), examples };
}

/** The page of a subpath in `docs/api`. */
export function apiPage(subpath: string, names: readonly PublicName[]): string {
  const shown = names.filter((each) => each.subpath === subpath);
  const values = shown.filter(({ kind }) => kind !== 'interface' && kind !== 'type');
  const types = shown.filter(({ kind }) => kind === 'interface' || kind === 'type');
  const parts = values.map(({ name, signature, doc, examples }) =>
    [
      `## ${name}`,
      ...(doc === '' ? [] : [linked(doc)]),
      ['```ts', signature, '```'].join('\n'),
      ...examples.map(({ code, browser }) => [browser ? '```ts browser' : '```ts', code, '```'].join('\n')),
    ].join('\n\n'),
  );
  const list = types.map(
    ({ name, doc }) => `- \`${name}\`${doc === '' ? '' : `: ${linked(doc).split('\n\n')[0]?.replaceAll('\n', ' ')}`}`,
  );
  return `${[`# moe-loom/${subpath}`, aboutSubpath(subpath), ...parts, ...(list.length > 0 ? [`## Types\n\n${list.join('\n')}`] : [])].join('\n\n')}\n`;
}

/** A docblock as Markdown. */
function linked(doc: string): string {
  return doc.replace(/\{@link ([^}]+)\}/g, '`$1`').replace(/^@throws /gm, 'Throws ');
}

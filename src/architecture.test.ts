import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { PROGRAM_IDS } from './core/programs/all.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const LINES = 400;
const SOURCES_IN_A_FOLDER = 20;

/** Who may import whom, as in docs/architecture.md. `types` allows `import type` alone. */
const ROOMS: Readonly<
  Record<
    string,
    { readonly values: readonly string[]; readonly types?: readonly string[]; readonly packages?: readonly string[] }
  >
> = {
  ground: { values: [], packages: ['hash-wasm'] },
  embed: { values: [] },
  source: { values: [] },
  remote: { values: ['source'], packages: ['valibot'] },
  hub: { values: ['source', 'remote'], packages: ['valibot', '@huggingface/hub'] },
  publish: { values: ['source', 'remote', 'hub'], packages: ['valibot'] },
  safetensors: { values: [], types: ['source'] },
  checkpoint: { values: ['safetensors'], types: ['source'], packages: ['valibot'] },
  quantised: { values: ['safetensors'], types: ['checkpoint'] },
  layouts: { values: ['safetensors', 'quantised'], types: ['checkpoint'] },
  plan: { values: ['safetensors', 'quantised', 'layouts', 'checkpoint'], types: ['source'] },
  kernels: { values: ['safetensors'] },
  sink: { values: ['source'], packages: ['valibot'] },
  verify: { values: ['safetensors', 'checkpoint', 'layouts', 'plan', 'kernels'], types: ['source'] },
  convert: {
    values: ['source', 'safetensors', 'plan', 'kernels', 'sink', 'verify'],
    types: ['checkpoint'],
    packages: ['idb', 'valibot'],
  },
  values: { values: ['source', 'safetensors', 'checkpoint', 'quantised', 'layouts', 'kernels'] },
  tensors: { values: ['safetensors', 'quantised', 'layouts'], types: ['checkpoint'] },
  ranks: { values: ['safetensors', 'checkpoint', 'layouts', 'plan'] },
  compare: { values: ['source', 'safetensors', 'checkpoint', 'layouts', 'plan', 'kernels', 'verify', 'values'] },
  parity: {
    values: ['source', 'safetensors', 'checkpoint', 'layouts', 'plan', 'kernels', 'ranks'],
    packages: ['onnxruntime-web'],
  },
  loads: { values: ['safetensors', 'quantised', 'layouts'], types: ['checkpoint'] },
  cluster: { values: [] },
  handoff: { values: ['checkpoint', 'layouts', 'plan', 'ranks', 'loads'], types: ['source'] },
  programs: {
    values: ['checkpoint', 'layouts', 'plan', 'ranks', 'loads', 'handoff'],
    types: ['safetensors', 'source'],
  },
};

const APP_PACKAGES = [
  'react',
  'react-dom',
  'zustand',
  '@tanstack/react-query',
  '@tanstack/react-virtual',
  'radix-ui',
  'comlink',
  'idb',
];

interface Import {
  readonly from: string;
  readonly specifier: string;
  readonly typeOnly: boolean;
  /** Project path of what is imported, null for packages. */
  readonly target: string | null;
}

function listFiles(folder: string, named: RegExp): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && named.test(entry.name))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)));
}

const isTest = (file: string) => /\.(test|fixture)\.tsx?$/.test(file);
const sources = ['src', 'workers'].flatMap((folder) => listFiles(folder, /\.tsx?$/));
const styles = listFiles('src', /\.css$/);
const code = sources.filter((file) => !isTest(file));
const IMPORT = /^(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?'([^']+)'|import\('([^']+)'\)/gms;

function importsOf(file: string): Import[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  return [...text.matchAll(IMPORT)].map((match) => {
    const specifier = match[2] ?? match[3] ?? '';
    const local = specifier.startsWith('.');
    return {
      from: file,
      specifier,
      typeOnly: match[1] !== undefined,
      target: local ? relative(ROOT, resolve(ROOT, dirname(file), specifier)) : null,
    };
  });
}

const imports = code.flatMap(importsOf);

function roomOf(file: string): string | null {
  const match = /^src\/core\/(?:([^/]+)\/)?[^/]+/.exec(file);
  if (!match) return null;
  const folder = /^src\/core\/([^/]+)\//.exec(file)?.[1];
  return folder ?? 'ground';
}

function packageOf(specifier: string): string {
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? '');
}

/** The feature of the app that a file belongs to, null for every other file. */
function featureOf(file: string): string | null {
  return /^src\/app\/features\/([^/]+)\//.exec(file)?.[1] ?? null;
}

/** Names of classes that a style sheet has rules for. */
function classesOf(sheet: string): string[] {
  const text = readFileSync(join(ROOT, sheet), 'utf8').replaceAll(/\/\*[\s\S]*?\*\//g, '');
  const selectors = text.replaceAll(/\{[^{}]*\}/g, '{}');
  return [...new Set([...selectors.matchAll(/\.([a-z][\w-]*)/g)].map((match) => match[1] ?? ''))];
}

/** Why an import is not allowed, or null. */
function fault(entry: Import): string | null {
  const { from, target, specifier } = entry;
  if (from === 'src/core/index.ts') return null;
  const room = roomOf(from);
  if (room !== null) return coreFault(entry, room);
  if (target === null) return packageFault(from, specifier);
  if (from.startsWith('src/lib/')) {
    if (!target.startsWith('src/core/')) return 'the library names what core has';
    return target.endsWith('.node.ts') && !from.endsWith('.node.ts') ? 'only moe-loom/node may have Node' : null;
  }
  if (from.startsWith('src/elements/'))
    return /^src\/(elements|core)\//.test(target) && !target.endsWith('.node.ts') ? null : 'elements see core alone';
  if (from.startsWith('src/cli/'))
    return target.startsWith('src/cli/') || target === 'src/core/index.ts' || target.endsWith('.node.ts')
      ? null
      : 'the command line sees core/index.ts and *.node.ts';
  if (from.startsWith('workers/'))
    return target.startsWith('workers/') || target === 'src/core/index.ts' ? null : 'workers see core/index.ts';
  if (from.startsWith('src/app/')) {
    if (target.startsWith('src/app/') || target === 'src/core/index.ts' || target.endsWith('.css')) return null;
    if (/^workers\/link\/(transfer|supervise|policy)\.ts$/.test(target)) return null;
    return target.startsWith('workers/') && entry.typeOnly
      ? null
      : 'the app sees core/index.ts, workers/link/{transfer,supervise,policy}.ts and types of workers/';
  }
  return null;
}

function coreFault({ from, target, specifier, typeOnly }: Import, room: string): string | null {
  const rules = ROOMS[room];
  if (!rules) return `the room ${room} is not in the table`;
  if (target === null) {
    if (specifier.startsWith('node:')) return from.endsWith('.node.ts') ? null : 'Node built-ins belong in *.node.ts';
    return rules.packages?.includes(packageOf(specifier)) ? null : `${room} may not import ${specifier}`;
  }
  if (!target.startsWith('src/core/')) return 'core imports core alone';
  if (target.endsWith('.node.ts') && !from.endsWith('.node.ts')) return 'only *.node.ts may import *.node.ts';
  const other = roomOf(target);
  if (other === room || other === 'ground' || (other === 'embed' && room !== 'ground')) return null;
  if (room === 'kernels' && !/^src\/core\/safetensors\/dtype(-\w+)?\.ts$/.test(target))
    return 'kernels see safetensors/dtype*.ts alone';
  if (rules.values.includes(other ?? '')) return null;
  if (rules.types?.includes(other ?? ''))
    return typeOnly || isOpen(from) ? null : `${room} may import only types of ${other}`;
  return `${room} may not import ${other}`;
}

/** The files that open handles for their room. */
function isOpen(file: string): boolean {
  return ['src/core/safetensors/read-header.ts', 'src/core/checkpoint/read-companion-values.ts'].includes(file);
}

function packageFault(from: string, specifier: string): string | null {
  if (specifier.startsWith('node:'))
    return from.startsWith('src/cli/') || from.endsWith('.node.ts')
      ? null
      : 'Node built-ins belong in the command line';
  const name = packageOf(specifier);
  if (from.startsWith('src/cli/')) return name === 'commander' ? null : `the command line may not import ${specifier}`;
  if (from.startsWith('workers/')) return name === 'comlink' ? null : `workers may not import ${specifier}`;
  return APP_PACKAGES.includes(name) ? null : `the app may not import ${specifier}`;
}

function cycleFrom(graph: ReadonlyMap<string, readonly string[]>): string[] | null {
  const state = new Map<string, 'open' | 'done'>();
  const path: string[] = [];
  const visit = (file: string): string[] | null => {
    if (state.get(file) === 'done') return null;
    if (state.get(file) === 'open') return [...path.slice(path.indexOf(file)), file];
    state.set(file, 'open');
    path.push(file);
    for (const next of graph.get(file) ?? []) {
      const cycle = visit(next);
      if (cycle) return cycle;
    }
    path.pop();
    state.set(file, 'done');
    return null;
  };
  for (const file of graph.keys()) {
    const cycle = visit(file);
    if (cycle) return cycle;
  }
  return null;
}

/** Source without docblocks, whose examples print. */
function withoutDocblocks(text: string): string {
  return text.replaceAll(/^[ ]*\/\*\*[\s\S]*?\*\//gm, '');
}

describe('the house', () => {
  it('is read at all', () => {
    expect(code.length).toBeGreaterThan(40);
    expect(imports.length).toBeGreaterThan(100);
  });

  it('has only the imports that docs/architecture.md allows', () => {
    const faults = imports.map((entry) => [entry, fault(entry)] as const).filter(([, reason]) => reason !== null);
    expect(faults.map(([entry, reason]) => `${entry.from} imports ${entry.specifier}: ${reason}`)).toEqual([]);
  });

  it('has no import cycle, types included', () => {
    const graph = new Map(
      code.map((file) => [
        file,
        imports.filter((entry) => entry.from === file && entry.target !== null).map((entry) => entry.target as string),
      ]),
    );
    expect(cycleFrom(graph)).toBeNull();
  });

  it('calls fetch in source/http.ts, and in what replaces the platform in tests, alone', () => {
    const callers = code.filter(
      (file) => file.startsWith('src/core/') && /(^|[^\w.])fetch\(/m.test(readFileSync(join(ROOT, file), 'utf8')),
    );
    const doors = ['src/core/source/http.ts', 'src/core/source/fetch.node.ts'];
    expect(callers.filter((file) => !doors.includes(file))).toEqual([]);
  });

  it('names programs by their ids in core/programs/ alone', () => {
    // These two words are a strategy and a layout as well.
    const ids = PROGRAM_IDS.filter((id) => id !== 'custom' && id !== 'qwen3-moe-fused');
    const quoted = new RegExp(`['"](${ids.map((id) => id.replaceAll('.', '\\.')).join('|')})['"]`, 'g');
    const elsewhere = code.filter((file) => !file.startsWith('src/core/programs/'));
    const found = elsewhere.flatMap((file) =>
      [...readFileSync(join(ROOT, file), 'utf8').matchAll(quoted)].map((match) => `${file}: ${match[0]}`),
    );
    expect(found).toEqual([]);
  });

  it('makes code in core/embed/ alone: elsewhere no string passes for it', () => {
    const elsewhere = code.filter((file) => !file.startsWith('src/core/embed/'));
    const found = (pattern: RegExp) => elsewhere.filter((file) => pattern.test(readFileSync(join(ROOT, file), 'utf8')));
    // `Emitted` is a type that a string does not have: a cast, or the maker of it, would be the way around.
    expect(found(/\bas Emitted\b|\bas unknown as Emitted\b/)).toEqual([]);
    expect(found(/\{[^}]*\bemit\b[^}]*\} from '[./]*embed\/emitted\.ts'/)).toEqual([]);
    // Languages that are easily written by hand.
    expect(found(/\.join\('\\t'\)|'```|`\\`\\`\\`|r'''\$\{/)).toEqual([]);
    // The text of a program holds places for `fill`, and nothing that is put in any other way.
    const programs = code.filter((file) => /-script\.ts$/.test(file) && file.startsWith('src/core/'));
    const bodies = programs.filter((file) => /@@[A-Z]+@@/.test(readFileSync(join(ROOT, file), 'utf8')));
    expect(bodies.length).toBeGreaterThan(2);
    expect(bodies.filter((file) => /\$\{/.test(readFileSync(join(ROOT, file), 'utf8')))).toEqual([]);
  });

  it('has no feature that imports another, its tests and style sheets included', () => {
    const found = sources
      .filter((file) => featureOf(file) !== null)
      .flatMap(importsOf)
      .filter(({ from, target }) => ![null, featureOf(from)].includes(featureOf(target ?? '')));
    expect(found.map(({ from, specifier }) => `${from} imports ${specifier}`)).toEqual([]);
  });

  it('has no room of the app below its features that imports one', () => {
    const above = ['src/app/app.tsx', 'src/app/main.tsx', 'src/app/late-views.ts', 'src/app/keys-table.test.ts'];
    const below = sources.filter((file) => file.startsWith('src/app/') && featureOf(file) === null);
    const found = below
      .filter((file) => !above.includes(file))
      .flatMap(importsOf)
      .filter(({ target }) => featureOf(target ?? '') !== null);
    expect(found.map(({ from, specifier }) => `${from} imports ${specifier}`)).toEqual([]);
  });

  it('has at most 20 sources in a folder of the app and of the workers', () => {
    const folders = new Map<string, number>();
    for (const file of code.filter((each) => /^(src\/app|workers)\//.test(each)))
      folders.set(dirname(file), (folders.get(dirname(file)) ?? 0) + 1);
    expect(folders.size).toBeGreaterThan(10);
    const crowded = [...folders].filter(([, count]) => count > SOURCES_IN_A_FOLDER);
    expect(crowded).toEqual([]);
  });

  it('has a folder a subject in workers/, no file beside the folders', () => {
    expect(sources.filter((file) => dirname(file) === 'workers')).toEqual([]);
  });

  it('keeps the style sheet of a feature in its folder: the theme styles what several use', () => {
    const screens = code.filter((file) => file.endsWith('.tsx') && file.startsWith('src/app/'));
    const words = screens.map((file) => [file, readFileSync(join(ROOT, file), 'utf8')] as const);
    const general = styles.filter((file) => featureOf(file) === null);
    expect(styles.length - general.length).toBeGreaterThan(8);
    const misplaced = general.flatMap((sheet) =>
      classesOf(sheet).flatMap((name) => {
        const users = words.filter(([, text]) => new RegExp(`(?<![\\w-])${name}(?![\\w-])`).test(text));
        const features = new Set(users.map(([file]) => featureOf(file)));
        const [only] = features;
        return features.size === 1 && only !== null ? [`${sheet}: .${name} is of ${only} alone`] : [];
      }),
    );
    expect(misplaced).toEqual([]);
    // And each is loaded by a source beside it.
    const loaded = new Set(
      imports.flatMap(({ from, target }) => (dirname(from) === dirname(target ?? '') ? [target] : [])),
    );
    const top = styles.filter((sheet) => sheet.startsWith('src/app/theme/') || sheet.endsWith('/shell.css'));
    expect(styles.filter((sheet) => !top.includes(sheet) && !loaded.has(sheet))).toEqual([]);
  });

  it('shows what files and servers say by parts/shown.tsx, which marks what is not seen', () => {
    // A child of an element, as in <p>{error.message}</p>.
    const raw = />\s*\{(?:\w+\.)*(?:message|tensor\.(?:name|file)|skipped\.file|identity|problem)\}\s*</;
    const files = code.filter((file) => file.startsWith('src/app/') && file.endsWith('.tsx'));
    expect(files.filter((file) => raw.test(readFileSync(join(ROOT, file), 'utf8')))).toEqual([]);
  });

  it('puts what files and servers say into titles and labels by visible(), as the screen does', () => {
    const said = /\b(?:identity|source|requestedRevision)\b|\.(?:name|tensor|file|path)\b|\btext\(/;
    const files = code.filter((file) => file.startsWith('src/app/') && file.endsWith('.tsx'));
    const raw = files.flatMap((file) =>
      [
        ...readFileSync(join(ROOT, file), 'utf8').matchAll(
          /\s(?:title|alt|aria-label|aria-valuetext)=\{((?:[^{}]|\{[^{}]*\})*)\}/g,
        ),
      ]
        .map(([, expression = '']) => expression)
        .filter((expression) => said.test(expression) && !expression.includes('visible('))
        .map((expression) => `${file}: ${expression}`),
    );
    expect(raw).toEqual([]);
  });

  it('writes to a terminal in cli/terminal.ts alone', () => {
    const writers = code.filter(
      (file) =>
        /^src\/(cli|core)\//.test(file) &&
        /\bstd(out|err)\.write\(|\bconsole\./.test(withoutDocblocks(readFileSync(join(ROOT, file), 'utf8'))),
    );
    expect(writers).toEqual(['src/cli/terminal.ts']);
  });

  it('has no default export, no file called utils or helpers, no file over 400 lines', () => {
    const textsOf = (files: readonly string[]) =>
      files.map((file) => [file, readFileSync(join(ROOT, file), 'utf8')] as const);
    const texts = textsOf(sources);
    expect(texts.filter(([, text]) => /^export default\b/m.test(text)).map(([file]) => file)).toEqual([]);
    expect(sources.filter((file) => /(^|\/)(utils?|helpers?)\.[^/]*$/.test(file))).toEqual([]);
    expect(
      [...texts, ...textsOf(styles)]
        .map(([file, text]) => ({ file, lines: text.split('\n').length - 1 }))
        .filter(({ lines }) => lines > LINES),
    ).toEqual([]);
  });

  it('keeps worker shells at 60 lines or fewer', () => {
    const shells = sources.filter((file) => /^workers\/.*\.worker\.ts$/.test(file));
    expect(shells.filter((file) => readFileSync(join(ROOT, file), 'utf8').split('\n').length - 1 > 60)).toEqual([]);
  });
});

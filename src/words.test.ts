import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type BuiltText, builtTexts } from './words.fixture.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Phrases that a reader whose second language is English does not understand at first reading. */
const BANNED: readonly RegExp[] = [
  /\bg(?:o|oes|oing|one) on with\b/i,
  /\bgo on from\b/i,
  /\btry again for all\b/i,
  /\blets? go\b/i,
  /\b(?:taken? )?for granted\b/i,
  /\bfullest at\b/i,
  /\ba colour (?:a|for each) rank\b/i,
  /\bas the program has it\b/i,
  /\b(?:both|of|at|in) the ends\b/i,
  /\btakes? along\b/i,
  /\bhears? of\b/i,
  /\bst(?:and|ands|anding|ood) for\b/i,
  /\banew\b/i,
  /\bof (?:its|their|our|your|his) own\b/i,
  /\bthere (?:are|is)\.(?:\s|$)/i,
  /\bwhat is to be\b/i,
  /\band the like\b/i,
  /\bon and on\b/i,
  /\bas it is the\b/i,
  /\b(?:came|come|comes) about\b/i,
  /\bsays otherwise\b/i,
  /\bwhich way round\b/i,
];

/** A shape with thousands separators: `[1,536, 4,096]`. */
const SEPARATED_SHAPE = /\[(?:[^\][]*,\s)?\d{1,3}(?:,\d{3})+(?:,\s[^\][]*)?\]/;

/** Files that are not clean yet, as path prefixes. This list only gets shorter. */
const NOT_YET: readonly string[] = [];

function listFiles(folder: string, named: RegExp): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && named.test(entry.name))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)));
}

const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const sources = ['src/app', 'src/cli', 'src/core', 'workers']
  .flatMap((folder) => listFiles(folder, /\.tsx?$/))
  .filter((file) => !/\.(test|fixture)\.tsx?$/.test(file));
const pages = ['README.md', 'index.html', ...listFiles('docs', /\.md$/), ...listFiles('deploy', /\.md$/)];

const texts = new Map<string, readonly BuiltText[]>([
  ...sources.map((file) => [file, builtTexts(file, read(file))] as const),
  ...pages.map((file) => [file, paragraphs(read(file))] as const),
]);

/** The paragraphs of a page: a phrase may run over the end of a line. */
function paragraphs(page: string): BuiltText[] {
  let line = 1;
  return page.split(/\n(?=\s*(?:\n|[-|#*]|\d+\.))/).map((part) => {
    const here = line;
    line += part.split('\n').length;
    return { text: part.replace(/\s+/g, ' ').trim(), line: here };
  });
}

const finds = ({ text }: BuiltText) => [...BANNED, SEPARATED_SHAPE].flatMap((pattern) => pattern.exec(text)?.[0] ?? []);
const isAllowed = (file: string) => NOT_YET.some((prefix) => file.startsWith(prefix));

function faultsIn(file: string): string[] {
  return (texts.get(file) ?? []).flatMap((each) =>
    finds(each).map((found) => `${file}:${each.line}: “${found}” in: ${each.text.slice(0, 160)}`),
  );
}

describe('words that people read', () => {
  it('are collected from code without its comments', () => {
    const source = [
      "import a from 'stands for';",
      '/** stands for */',
      ['const b = `go $', "{a} with`; // 'anew'"].join(''),
      'export const C = () => <p title="of its own">let<b>go</b> {\'x\'}</p>;',
    ].join('\n');
    const found = builtTexts('a.tsx', source);
    expect(found.map(({ text }) => text)).toEqual(['go {} with', 'of its own', 'let', 'go', 'x']);
    expect(found.map(({ line }) => line)).toEqual([3, 4, 4, 4, 4]);
    expect(texts.size).toBeGreaterThan(800);
    expect([...texts.values()].flat().length).toBeGreaterThan(10_000);
  });

  it.each([
    'This stands for that.',
    'Go on with it, or start anew.',
    '84.9 GB there are.',
    'of shape [1,536, 4,096]',
    'of shape [128, 1,536]',
  ])('are found where they are banned: %s', (text) => {
    expect(finds({ text, line: 1 })).not.toEqual([]);
  });

  it.each(['of shape [1536, 4096]', 'the map stands', '[470,187 bytes of it]', 'of its owner'])(
    'are left alone where they are plain: %s',
    (text) => {
      expect(finds({ text, line: 1 })).toEqual([]);
    },
  );

  it('hold no banned phrase and no separator inside a shape', () => {
    expect([...texts.keys()].filter((file) => !isAllowed(file)).flatMap(faultsIn)).toEqual([]);
  });

  it('list no file as not yet clean that is clean', () => {
    const clean = NOT_YET.filter(
      (prefix) => ![...texts.keys()].some((file) => file.startsWith(prefix) && faultsIn(file).length > 0),
    );
    expect(clean).toEqual([]);
  });

  it('write shapes by the one function for them', () => {
    const byHand = sources.filter((file) => /shape[^;]{0,60}\bformatInteger\)/.test(read(file)));
    expect(byHand).toEqual([]);
  });
});

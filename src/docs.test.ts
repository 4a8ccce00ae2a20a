import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { FINDINGS } from './core/checkpoint/finding-tags.ts';
import { ERROR_MEANINGS } from './core/error-meanings.ts';
import { ERROR_TAGS, type ErrorTag } from './core/errors.ts';
import { GLOSSARY, type GlossaryTerm, TERM_IDS } from './core/glossary.ts';
import { DEFECTS } from './core/layouts/defects.ts';
import { DIALECTS, type DialectSpec, layoutId } from './core/layouts/dialects.ts';
import { writePart } from './core/layouts/parts.ts';
import { WRAPPERS } from './core/layouts/wrappers.ts';
import { REFUSALS } from './core/plan/refusals.ts';
import { PROGRAMS } from './core/programs/all.ts';
import { CONFIGURED } from './core/programs/configuring.ts';
import { MEMORY_PROGRAMS } from './core/programs/fitting.ts';
import { DECODERS } from './core/quantised/decode/decode-matrix.ts';
import { QUANT_FORMATS } from './core/quantised/formats/all.ts';
import type { Role } from './core/quantised/types.ts';
import { VALUE_FINDINGS } from './core/values/findings.ts';
import { VERSION } from './core/version.ts';

const read = (path: string) => readFileSync(fileURLToPath(new URL(`../${path}`, import.meta.url)), 'utf8');
const rows = (entries: readonly (readonly string[])[]) => entries.map((cells) => `| ${cells.join(' | ')} |`);

const TABLES = [
  [
    'errors',
    ['tag', 'exit', 'meaning'],
    Object.entries(ERROR_TAGS).map(([tag, { exit }]) => [`\`${tag}\``, String(exit), ERROR_MEANINGS[tag as ErrorTag]]),
  ],
  [
    'findings',
    ['tag', 'severity', 'meaning'],
    Object.entries(FINDINGS).map(([tag, { severity, meaning }]) => [`\`${tag}\``, severity, meaning]),
  ],
  ['defects', ['tag', 'meaning'], Object.entries(DEFECTS).map(([tag, meaning]) => [`\`${tag}\``, meaning])],
  ['refusals', ['tag', 'meaning'], Object.entries(REFUSALS).map(([tag, meaning]) => [`\`${tag}\``, meaning])],
  ['values', ['tag', 'meaning'], Object.entries(VALUE_FINDINGS).map(([tag, meaning]) => [`\`${tag}\``, meaning])],
] as const;

/** The page as the code would write it. */
function tagsPage(page: string): string {
  return TABLES.reduce((text, [name, head, body]) => {
    const table = [`| ${head.join(' | ')} |`, `|${' --- |'.repeat(head.length)}`, ...rows(body)].join('\n');
    return text.replace(new RegExp(`<!-- ${name} -->[^#]*?(?=\\n## |$)`), `<!-- ${name} -->\n\n${table}\n`);
  }, page);
}

const table = (head: readonly string[], body: readonly (readonly string[])[]) =>
  [`| ${head.join(' | ')} |`, `|${' --- |'.repeat(head.length)}`, ...rows(body)].join('\n');

/** A page whose part between two marks is what the code says. */
function withPart(page: string, name: string, text: string): string {
  const pattern = new RegExp(`(<!-- ${name} -->)[^]*?(<!-- /${name} -->)`);
  expect(page).toMatch(pattern);
  return page.replace(pattern, (_, start, end) => `${start}\n\n${text}\n\n${end}`);
}

describe('docs', () => {
  it('list every program with the versions that its facets were read in', async () => {
    const page = read('docs/add-a-program.md');
    const body = PROGRAMS.map(({ id, title, placement, memory, configuration, loads }) => [
      `\`${id}\``,
      title,
      ...[placement, memory, configuration, loads].map((facet) => facet?.version || (facet ? 'yes' : '')),
    ]);
    const text = table(['id', 'program', 'placement', 'memory', 'configuration', 'loads'], body);
    await expect(withPart(page, 'programs', text)).toMatchFileSnapshot('../docs/add-a-program.md');
  });

  it('list the option names of every program', async () => {
    const page = read('docs/add-a-program.md');
    const body = PROGRAMS.flatMap(({ id, placement }) => {
      const names = Object.keys(placement?.settings ?? {});
      return names.length === 0 ? [] : [[`\`${id}\``, names.map((name) => `\`${name}\``).join(', ')]];
    });
    const text = table(['program', 'options'], body);
    await expect(withPart(page, 'settings', text)).toMatchFileSnapshot('../docs/add-a-program.md');
  });

  it('say what a rank holds under every program', async () => {
    const page = read('docs/memory.md');
    const body = MEMORY_PROGRAMS.map(({ memory: { title, holds } }) => [title, holds.dense, holds.experts]);
    const text = table(['program', 'everything but experts', 'experts'], body);
    await expect(withPart(page, 'held', text)).toMatchFileSnapshot('../docs/memory.md');
  });

  it('list every configuration', async () => {
    const page = read('docs/configurations.md');
    const body = CONFIGURED.map(({ id, configuration }) => [
      `\`${id}\``,
      configuration.title,
      `\`${configuration.file}\``,
      configuration.version,
    ]);
    const text = table(['`--config`', 'what', 'file', 'version'], body);
    await expect(withPart(page, 'configurations', text)).toMatchFileSnapshot('../docs/configurations.md');
  });

  it('list every dialect and every wrapper', async () => {
    const told = (by: DialectSpec['toldBy']) => (by === undefined || by === 'names' ? '' : by);
    const dialects = DIALECTS.map((row) => [
      `\`${layoutId(row)}\``,
      Object.values(row.stems)
        .map(
          (stem) =>
            `\`${row.container ? `${row.container}.` : ''}${stem}${writePart(row.blocks ? 'blocks' : 'weight', row.style)}\``,
        )
        .join(' '),
      row.fusion === 'none' ? '' : row.fusion,
      row.orientation === 'out-in' ? '' : row.orientation,
      told(row.toldBy),
      row.by,
    ]);
    const wrappers = WRAPPERS.map(({ word, where, by }) => [`\`${word}.\``, where, by]);
    const page = withPart(
      read('docs/architecture.md'),
      'dialects',
      table(
        ['family/dialect', 'names below the container', 'gate and up', 'orientation', 'told by', 'written by'],
        dialects,
      ),
    );
    const text = withPart(page, 'wrappers', table(['segment', 'where', 'whose'], wrappers));
    await expect(text).toMatchFileSnapshot('../docs/architecture.md');
  });

  it('list every format of quantised experts', async () => {
    const body = QUANT_FORMATS.map(({ id, name, by, parts, needs }) => [
      `\`${id}\``,
      name,
      by,
      Object.entries(parts)
        .map(
          ([role, names]) =>
            `${names.map((part) => `\`${part}\``).join(' or ')}${needs.includes(role as Role) || role === 'codes' ? '' : '?'}`,
        )
        .join(', '),
      typeof DECODERS[id] === 'function' ? 'yes' : 'no',
    ]);
    const head = ['id', 'format', 'written by', 'parts (`?`: some have it)', 'decodes'];
    const text = withPart(read('docs/quantised.md'), 'formats', table(head, body));
    await expect(text).toMatchFileSnapshot('../docs/quantised.md');
  });

  it('explain every term of the glossary', async () => {
    const body = TERM_IDS.map((id) => {
      const { term, also = [], says }: GlossaryTerm = GLOSSARY[id];
      return [term, also.join(', '), says];
    });
    const text = withPart(read('docs/glossary.md'), 'terms', table(['term', 'also', 'meaning'], body));
    await expect(text).toMatchFileSnapshot('../docs/glossary.md');
  });

  it('list every tag of the code', async () => {
    await expect(tagsPage(read('docs/tags.md'))).toMatchFileSnapshot('../docs/tags.md');
  });

  it('and package.json agree on the version', () => {
    expect(JSON.parse(read('package.json')).version).toBe(VERSION);
  });
});

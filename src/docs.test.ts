import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { FINDINGS } from './core/checkpoint/findings.ts';
import { ERROR_TAGS } from './core/errors.ts';
import { DEFECTS } from './core/layouts/defects.ts';
import { REFUSALS } from './core/plan/refusals.ts';
import { VALUE_FINDINGS } from './core/values/findings.ts';
import { VERSION } from './core/version.ts';

const read = (path: string) => readFileSync(fileURLToPath(new URL(`../${path}`, import.meta.url)), 'utf8');
const rows = (entries: readonly (readonly string[])[]) => entries.map((cells) => `| ${cells.join(' | ')} |`);

const TABLES = [
  [
    'errors',
    ['tag', 'exit', 'meaning'],
    Object.entries(ERROR_TAGS).map(([tag, { exit, meaning }]) => [`\`${tag}\``, String(exit), meaning]),
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

describe('docs', () => {
  it('list every tag, as the code has it', async () => {
    await expect(tagsPage(read('docs/tags.md'))).toMatchFileSnapshot('../docs/tags.md');
  });

  it('and package.json agree on the version', () => {
    expect(JSON.parse(read('package.json')).version).toBe(VERSION);
  });
});

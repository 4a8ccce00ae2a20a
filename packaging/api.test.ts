import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allRepos } from '../e2e/support/hub/main.ts';
import { type HubServer, startHub } from '../e2e/support/hub/server.ts';
import { apiPage, type Example, type PublicName, publicNames } from './api.ts';
import { createWorkplace, type Workplace } from './examples.fixture.ts';
import { libraryEntries } from './library.ts';
import { ROOT, runIn } from './run.fixture.ts';

const SUBPATHS = Object.keys(libraryEntries());
const names = publicNames();

let hub: HubServer;
let place: Workplace;

beforeAll(async () => {
  hub = await startHub({ repos: allRepos() });
  place = createWorkplace();
  const cli = join(ROOT, 'dist/cli/moe-loom.js');
  await runIn(place.folder, process.execPath, [
    cli,
    'convert',
    'model',
    '--to',
    'stacked',
    '--out',
    'stacked',
    '--quiet',
  ]);
  expect(existsSync(join(place.folder, 'stacked/config.json'))).toBe(true);
});
afterAll(async () => {
  place.remove();
  await hub.close();
});

/** A public name as one entry of the snapshot: for a type, its first line. */
function entryOf({ subpath, name, kind, signature }: PublicName): string {
  const text = kind === 'interface' || kind === 'class' ? (signature.split('\n')[0] ?? '') : signature;
  return `${subpath} ${kind} ${name}\n  ${text.replaceAll('\n', '\n  ')}`;
}

describe('the public names', () => {
  it('are those that were reviewed; `-u` writes a changed list', async () => {
    const text = `${names.map(entryOf).join('\n')}\n`;
    await expect(text).toMatchFileSnapshot('public-names.txt');
  });

  it.each(SUBPATHS)('of moe-loom/%s are what the built module has', async (subpath) => {
    const module = (await import(join(ROOT, `dist/lib/${subpath}.js`))) as object;
    const values = names.filter((each) => each.subpath === subpath && !['interface', 'type'].includes(each.kind));
    expect(Object.keys(module).sort()).toEqual(values.map(({ name }) => name).sort());
  });

  it('are each said of in a docblock, and every function has an example', () => {
    const values = names.filter(({ kind }) => ['function', 'class', 'const'].includes(kind));
    expect(values.filter(({ doc }) => doc === '').map(({ name }) => name)).toEqual([]);
    const bare = names.filter(({ kind, examples }) => kind === 'function' && examples.length === 0);
    expect(bare.map(({ name }) => name)).toEqual([]);
  });
});

describe('docs/api', () => {
  it.each(SUBPATHS)('%s.md says what the docblocks say; `-u` writes it', async (subpath) => {
    await expect(apiPage(subpath, names)).toMatchFileSnapshot(`../docs/api/${subpath}.md`);
  });

  it('has no page of a subpath that is gone', () => {
    expect(readdirSync(join(ROOT, 'docs/api')).sort()).toEqual(SUBPATHS.map((name) => `${name}.md`).sort());
  });
});

/** What an example says that it prints. */
function promised({ code }: Example): string[] {
  return [...code.matchAll(/\/\/ → (.*)$/gm)].map(([, text = '']) => text);
}

/** Imports the named modules one after another, in one process, and prints what each of them printed. */
const RUN_ALL = `
import { formatWithOptions } from 'node:util';
const printed = {};
const { log } = console;
for (const name of process.argv.slice(2)) {
  const lines = [];
  console.log = (...values) => lines.push(formatWithOptions({}, ...values));
  await import('./' + name + '.js').catch((error) => lines.push(String(error)));
  printed[name] = lines.join(' ').replaceAll(/\\s+/g, ' ');
}
log(JSON.stringify(printed));
`;

describe('the examples of docblocks', () => {
  const runnable = names.flatMap(({ name, examples }) =>
    examples.filter(({ browser }) => !browser).map((example, at) => ({ name: `${name}-${at}`, example })),
  );

  it('print what they promise', async () => {
    for (const { name, example } of runnable) writeFileSync(join(place.folder, `${name}.js`), example.code);
    const ran = await place.run(
      'all',
      RUN_ALL,
      hub.url,
      runnable.map(({ name }) => name),
    );
    expect([ran.code, ran.stderr]).toEqual([0, '']);
    const printed = JSON.parse(ran.stdout) as Readonly<Record<string, string>>;
    for (const { name, example } of runnable) {
      const text = promised(example).join(' ');
      expect([name, text === '', printed[name]]).toEqual([name, false, text]);
    }
  });

  it('for pages are at least JavaScript', async () => {
    const forPages = names.flatMap(({ name, examples }) =>
      examples.filter(({ browser }) => browser).map((each) => ({ name, ...each })),
    );
    expect(forPages.map(({ name }) => name).sort()).toEqual([
      'createOpfsSink',
      'createPickedFolderSink',
      'directoryFiles',
    ]);
    for (const { name, code } of forPages) {
      const path = join(place.folder, `${name}-page.js`);
      writeFileSync(path, code);
      const checked = await runIn(place.folder, process.execPath, ['--check', path]);
      expect([name, checked.code, checked.stderr]).toEqual([name, 0, '']);
    }
  });
});

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** What Vite and Rolldown put into a bundle themselves, as the package that it comes from. */
const HELPERS: readonly (readonly [id: RegExp, name: string])[] = [
  [/^vite\//, 'vite'],
  [/^rolldown\//, 'rolldown'],
];

/**
 * The module as it is recorded: a path below the project or below `node_modules/`, without a query.
 * Null for what only exists while building and has no author but the build.
 */
export function recordedModule(id: string): string | null {
  const path = id.replace(/^\0+/, '').replace(/[?#].*$/, '');
  const at = path.lastIndexOf('/node_modules/');
  if (at >= 0) return path.slice(at + 1);
  const helper = HELPERS.find(([pattern]) => pattern.test(path));
  if (helper) return `node_modules/${helper[1]}/${path}`;
  if (!path.startsWith('/')) return null;
  const local = relative(ROOT, path);
  return local.startsWith('..') ? null : local;
}

/** The plugins that record one build: the second is for the bundles of its workers, which are built apart. */
export interface Recording {
  readonly main: Plugin;
  readonly workers: Plugin;
}

/**
 * Writes `dist/bundled/<name>.json`: every module whose code is in the files of this build, and every file that was copied
 * into them. Modules of which nothing was kept are left out.
 */
export function recordBundled(name: string): Recording {
  const found = new Set<string>();
  const collect: NonNullable<Plugin['generateBundle']> = (_, files) => {
    for (const file of Object.values(files)) {
      const ids =
        file.type === 'asset'
          ? file.originalFileNames.map((path) => join(ROOT, path))
          : Object.entries(file.modules).flatMap(([id, { renderedLength }]) => (renderedLength > 0 ? [id] : []));
      for (const id of ids) {
        const module = recordedModule(id);
        if (module !== null) found.add(module);
      }
    }
  };
  return {
    main: {
      name: 'record-bundled',
      apply: 'build',
      generateBundle: collect,
      closeBundle: () => {
        const path = join(ROOT, 'dist/bundled', `${name}.json`);
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, `${JSON.stringify({ bundle: name, modules: [...found].sort() }, null, 1)}\n`);
      },
    },
    workers: { name: 'record-bundled-workers', generateBundle: collect },
  };
}

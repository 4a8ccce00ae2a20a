import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** The subpaths of the npm package that import no Node: `moe-loom/<name>`, each from `src/lib/<name>.ts`. */
export const SUBPATHS = ['safetensors', 'hub', 'layouts', 'plan', 'convert', 'loads', 'ranks', 'compare'] as const;

/** The custom elements, each from `src/elements/<name>.ts`. */
export const ELEMENTS = ['moe-layout', 'moe-map'] as const;

/** True for the name of a custom element. */
export function isElement(name: string): name is (typeof ELEMENTS)[number] {
  return (ELEMENTS as readonly string[]).includes(name);
}

/** The source of each subpath, `moe-loom/node` among them, by the name of the subpath. */
export function libraryEntries(): Readonly<Record<string, string>> {
  const plain = SUBPATHS.map((name) => [name, `src/lib/${name}.ts`] as const);
  return Object.fromEntries([...plain, ['node', 'src/lib/node.node.ts']]);
}

/** The `exports` of package.json. */
export function packageExports(): Readonly<Record<string, unknown>> {
  const entries = Object.entries(libraryEntries()).map(([name, source]) => {
    const types = `./dist/types/${source.slice('src/'.length).replace(/\.ts$/, '.d.ts')}`;
    return [`./${name}`, { types, default: `./dist/lib/${name}.js` }];
  });
  const elements = ELEMENTS.map((name) => [`./elements/${name}.js`, `./dist/elements/${name}.js`]);
  return Object.fromEntries([...entries, ...elements, ['./package.json', './package.json']]);
}

/** Removes folders of an earlier build: files of one build whose output folder holds other things as well. */
export function emptied(...folders: readonly string[]): Plugin {
  return {
    name: 'emptied',
    apply: 'build',
    buildStart: () => {
      for (const folder of folders) rmSync(join(ROOT, folder), { recursive: true, force: true });
    },
  };
}

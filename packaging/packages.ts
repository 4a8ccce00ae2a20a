import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ELEMENTS } from './library.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** The bundles that a build makes: the app, the command line with the library, the extension of `hf`, and the custom elements. */
export const BUNDLES = ['app', 'cli', 'hf', ...ELEMENTS] as const;
/** Those that are in the npm package. */
export const PACKED = ['app', 'cli', ...ELEMENTS] as const;
export type BundleName = (typeof BUNDLES)[number];

/** A package of somebody else whose code is in at least one bundle. */
export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** An SPDX expression, as the package states it. */
  readonly license: string;
  readonly licenseText: string;
  readonly bundles: readonly BundleName[];
  /** The other package that holds a copy of this one in its files; null where it was bundled directly. */
  readonly inside: string | null;
}

/** Packages whose published files hold copies of others, which the list of modules therefore does not name. */
const COPIES: Readonly<Record<string, readonly string[]>> = { 'onnxruntime-web': ['onnxruntime-common'] };

/** Copyright lines of packages that state a licence and ship no text of it, as the LICENSE of their repository has them. */
const HOLDERS: Readonly<Record<string, string>> = {
  'onnxruntime-web': 'Copyright (c) Microsoft Corporation',
  'onnxruntime-common': 'Copyright (c) Microsoft Corporation',
  'react-remove-scroll-bar': 'Copyright (c) 2025 Anton Korzunov <thekashey@gmail.com>',
};

/** Modules of one bundle, as the build recorded them. @throws Error where the build has not run. */
export function readModules(bundle: BundleName): readonly string[] {
  const path = join(ROOT, 'dist/bundled', `${bundle}.json`);
  if (!existsSync(path)) throw new Error(`dist/bundled/${bundle}.json is missing. Run npm run build.`);
  const { modules } = JSON.parse(readFileSync(path, 'utf8')) as { readonly modules: readonly string[] };
  return modules;
}

/** `node_modules/@a/b/c.js` → `@a/b`; null for a module of this project. */
export function packageOf(module: string): string | null {
  const [, first, second] = /^node_modules\/([^/]+)(?:\/([^/]+))?/.exec(module) ?? [];
  if (first === undefined) return null;
  return first.startsWith('@') ? `${first}/${second}` : first;
}

/** Every package in the bundles, by name. @throws Error for one that has no licence, or no text of it. */
export function bundledPackages(read: (bundle: BundleName) => readonly string[] = readModules): BundledPackage[] {
  const found = new Map<string, { readonly bundles: Set<BundleName>; readonly inside: string | null }>();
  const add = (name: string, bundle: BundleName, inside: string | null) => {
    const known = found.get(name);
    if (known) known.bundles.add(bundle);
    else found.set(name, { bundles: new Set([bundle]), inside });
  };
  for (const bundle of BUNDLES)
    for (const name of new Set(read(bundle).map(packageOf))) {
      if (name === null) continue;
      add(name, bundle, null);
      for (const copy of COPIES[name] ?? []) add(copy, bundle, name);
    }
  return [...found]
    .map(([name, { bundles, inside }]) => ({ ...describe(name), bundles: [...bundles], inside }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function describe(name: string): Pick<BundledPackage, 'name' | 'version' | 'license' | 'licenseText'> {
  const folder = join(ROOT, 'node_modules', name);
  const { version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    readonly version: string;
    readonly license?: unknown;
  };
  if (typeof license !== 'string' || license === '')
    throw new Error(`${name} states no licence in its package.json, so its code cannot be bundled.`);
  return { name, version, license, licenseText: licenseText(folder, name, license) };
}

function licenseText(folder: string, name: string, license: string): string {
  const file = readdirSync(folder).find((each) => /^licen[cs]e(\.\w+)?$/i.test(each));
  if (file) return trimmed(name, readFileSync(join(folder, file), 'utf8'));
  const holder = HOLDERS[name];
  if (holder !== undefined && license === 'MIT') return `MIT License\n\n${holder}\n\n${MIT}`;
  throw new Error(
    `${name} ships no licence file. Add its copyright line to HOLDERS in packaging/packages.ts, from its repository.`,
  );
}

/** Vite's file continues with the licences of what its own program bundles, none of which is in our bundles. */
function trimmed(name: string, text: string): string {
  const [own = ''] = name === 'vite' ? text.split(/^# Licenses of bundled dependencies/m) : [text];
  return own.replace(/\r\n?/g, '\n').trim();
}

const MIT = `Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.`;

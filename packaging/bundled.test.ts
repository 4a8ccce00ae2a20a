import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { ELEMENTS, packageExports, SUBPATHS } from './library.ts';
import { type BUNDLES, bundledPackages, PACKED, packageOf, readModules } from './packages.ts';
import { recordedModule } from './record.ts';
import { ROOT } from './run.fixture.ts';
import { sbom } from './sbom.ts';

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const manifest = JSON.parse(read('package.json'));

/** The names of packages in the modules that the build recorded. */
function namesIn(...bundles: readonly (typeof BUNDLES)[number][]): string[] {
  const names = bundles.flatMap(readModules).map(packageOf);
  return [...new Set(names.filter((name) => name !== null))].sort();
}

/** What CycloneDX 1.6 allows of the parts that we write: https://cyclonedx.org/docs/1.6/json/. */
const License = v.union([
  v.strictObject({ license: v.strictObject({ id: v.pipe(v.string(), v.regex(/^[\w.+-]+$/)) }) }),
  v.strictObject({ expression: v.pipe(v.string(), v.nonEmpty()) }),
]);
const Ref = v.pipe(v.string(), v.regex(/^pkg:npm\/(?:%40[\w.-]+\/)?[\w.-]+@\d+\.\d+\.\d+/));
const Named = { 'bom-ref': Ref, name: v.string(), version: v.string(), licenses: v.array(License), purl: Ref };
const Component = v.strictObject({
  type: v.literal('library'),
  ...Named,
  scope: v.literal('required'),
  hashes: v.array(
    v.strictObject({ alg: v.literal('SHA-512'), content: v.pipe(v.string(), v.regex(/^[a-f0-9]{128}$/)) }),
  ),
  properties: v.array(v.strictObject({ name: v.string(), value: v.string() })),
});
const Bom = v.strictObject({
  $schema: v.literal('http://cyclonedx.org/schema/bom-1.6.schema.json'),
  bomFormat: v.literal('CycloneDX'),
  specVersion: v.literal('1.6'),
  serialNumber: v.pipe(v.string(), v.regex(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/)),
  version: v.pipe(v.number(), v.integer(), v.minValue(1)),
  metadata: v.strictObject({
    lifecycles: v.tuple([v.strictObject({ phase: v.literal('build') })]),
    component: v.strictObject({ type: v.literal('application'), ...Named, description: v.string() }),
  }),
  components: v.array(Component),
  dependencies: v.array(v.strictObject({ ref: Ref, dependsOn: v.optional(v.array(Ref)) })),
});

describe('the modules of a build', () => {
  it('are recorded by their path below the project or below node_modules', () => {
    expect(recordedModule(`${ROOT}src/a.ts?worker`)).toBe('src/a.ts');
    expect(recordedModule('/elsewhere/node_modules/x/node_modules/@a/b/c.js')).toBe('node_modules/@a/b/c.js');
    expect(recordedModule('\0vite/preload-helper.js')).toBe('node_modules/vite/vite/preload-helper.js');
    expect(recordedModule('/elsewhere/c.js')).toBeNull();
    expect(['node_modules/@a/b/c.js', 'node_modules/a/c.js', 'src/a.ts'].map(packageOf)).toEqual(['@a/b', 'a', null]);
  });

  it('hold what the app, its workers and the command line are made of', () => {
    expect(readModules('app')).toEqual(
      expect.arrayContaining(['src/app/main.tsx', 'workers/convert/runner.ts', 'workers/link/flush.worker.ts']),
    );
    expect(namesIn('app')).toEqual(expect.arrayContaining(['react', 'comlink', 'onnxruntime-web', 'vite']));
    for (const name of ['cli', 'hf'] as const) {
      expect(readModules(name)).toContain('src/cli/main.ts');
      expect(namesIn(name)).toEqual(['commander', 'hash-wasm', 'rolldown', 'valibot']);
    }
  });
});

describe('third-party notices', () => {
  it('name every bundled package with its version, its licence and the text of it', () => {
    const notices = read('dist/THIRD-PARTY-NOTICES.md');
    for (const name of namesIn(...PACKED)) {
      const { version, license } = JSON.parse(read(`node_modules/${name}/package.json`));
      const [, part = ''] = notices.split(`\n## ${name} ${version}\n`);
      const [own = ''] = part.split('\n## ');
      expect(own, name).toContain(`Licence: ${license}.`);
      expect(own.length, name).toBeGreaterThan(500);
    }
    expect(notices).toContain('as part of the files of onnxruntime-web');
  });

  it('are at the end of the extension, which is copied as one file', () => {
    const end = read('dist/hf/hf-moe').split('Third-party notices:')[1] ?? '';
    for (const { name, version, licenseText, bundles } of bundledPackages()) {
      if (!bundles.includes('hf')) continue;
      expect(end).toContain(`${name} ${version}`);
      expect(end).toContain(licenseText);
    }
    expect(end.trimEnd().endsWith('*/')).toBe(true);
  });

  it('refuse a package without a licence text', () => {
    expect(() => bundledPackages(() => ['node_modules/no-such-package/a.js'])).toThrow();
  });
});

describe('the bill of materials', () => {
  const bom = v.parse(Bom, JSON.parse(read('dist/sbom.cdx.json')));

  it('is CycloneDX 1.6 and names every bundled package once, in the bundles that hold it', () => {
    const names = bom.components.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => name !== 'onnxruntime-common')).toEqual(namesIn(...PACKED));
    for (const { name, properties } of bom.components) {
      const bundles = properties.flatMap((each) => (each.name === 'moe-loom:bundle' ? [each.value] : []));
      const found = PACKED.filter((bundle) => namesIn(bundle).includes(name));
      if (name !== 'onnxruntime-common') expect(bundles, name).toEqual(found);
    }
    expect(bom.metadata.component).toMatchObject({ name: manifest.name, version: manifest.version });
  });

  it('names each component in its dependencies, and is the same for the same packages', () => {
    const refs = bom.components.map((component) => component['bom-ref']);
    expect(bom.dependencies.map(({ ref }) => ref)).toEqual([bom.metadata.component['bom-ref'], ...refs]);
    expect(bom.dependencies[0]?.dependsOn).toEqual(refs);
    const packages = bundledPackages();
    expect(sbom(manifest, packages)).toEqual(sbom(manifest, packages));
    expect(sbom(manifest, packages).serialNumber).not.toBe(sbom(manifest, packages.slice(1)).serialNumber);
    v.parse(Bom, JSON.parse(read('dist/hf/sbom.cdx.json')));
  });
});

/** What a file imports. Code without whitespace: messages that hold such words have a space. */
function specifiersIn(path: string): string[] {
  const found = read(path).matchAll(/\b(?:from|import|import\(|require\()(["'`])([^"'`]+)\1/g);
  return [...new Set([...found].map(([, , specifier = '']) => specifier))];
}

/** What a file and the chunks that it reaches import, chunks left out. */
function reachedBy(path: string): string[] {
  const files = [path];
  const others = new Set<string>();
  for (const file of files)
    for (const specifier of specifiersIn(file)) {
      if (!specifier.startsWith('.')) others.add(specifier);
      else if (!files.includes(join(dirname(file), specifier))) files.push(join(dirname(file), specifier));
    }
  return [...others].sort();
}

describe('the library', () => {
  it.each(SUBPATHS)('%s imports nothing but its own chunks: no package, and no part of Node', (name) => {
    expect(reachedBy(`dist/lib/${name}.js`)).toEqual([]);
  });

  it('node imports Node and nothing else', () => {
    const reached = reachedBy('dist/lib/node.js');
    expect(reached.length).toBeGreaterThan(3);
    expect(reached.filter((specifier) => !isBuiltin(specifier))).toEqual([]);
  });

  it('has its subpaths in package.json', () => {
    expect(manifest.exports).toEqual(packageExports());
  });

  it.each(ELEMENTS)('the element %s is one file that imports nothing, of 90 kB or less as it is sent', (name) => {
    const path = `dist/elements/${name}.js`;
    expect(specifiersIn(path)).toEqual([]);
    expect(gzipSync(read(path)).length).toBeLessThanOrEqual(90_000);
    expect(read(path)).not.toMatch(/innerHTML|insertAdjacentHTML|\beval\(|new Function\(/);
  });
});

describe('the command line', () => {
  it('imports Node, the optional runtime, and the chunks of the library', () => {
    const others = reachedBy('dist/cli/moe-loom.js').filter((specifier) => !isBuiltin(specifier));
    expect(others).toEqual(['onnxruntime-web/wasm']);
  });

  it('is one file as the extension of hf', () => {
    const others = specifiersIn('dist/hf/hf-moe').filter((specifier) => !isBuiltin(specifier));
    expect(others).toEqual(['onnxruntime-web/wasm']);
  });

  it('asks for the runtime in the version that is tested', () => {
    const version = manifest.devDependencies['onnxruntime-web'];
    expect(read('src/cli/runtime.ts')).toContain(`'onnxruntime-web@${version}'`);
    expect(read('src/app/features/compare/parity/parity-panel.tsx')).toContain(`onnxruntime-web@${version}`);
    expect(manifest.peerDependencies['onnxruntime-web']).toBe(`^${version}`);
  });
});

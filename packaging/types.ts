import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { libraryEntries } from './library.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** What a declaration imports, also by `import('…')`; a comment is matched as a whole and has no specifier. */
const IMPORTED = /\/\*[\s\S]*?\*\/|((?:from |import\(|import )')([^']+)(')/g;

/**
 * Writes the declarations of the library into `dist/types`: those that a subpath reaches, and no others.
 *
 * TypeScript leaves `.ts` in the imports of declarations, so `.js` is written there: every resolution takes that.
 * @throws Error where a declaration imports a package: the library depends on none.
 */
export function writeTypes(): void {
  const made = mkdtempSync(join(tmpdir(), 'moe-loom-types-'));
  const out = join(ROOT, 'dist/types');
  try {
    compile(made);
    rmSync(out, { recursive: true, force: true });
    for (const [file, text] of reached(made)) {
      mkdirSync(dirname(join(out, file)), { recursive: true });
      writeFileSync(join(out, file), text);
    }
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
}

function compile(outDir: string): void {
  const sources = Object.values(libraryEntries()).map((path) => join(ROOT, path));
  const compilerOptions = {
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    outDir,
    rootDir: join(ROOT, 'src'),
  };
  const types = { lib: ['ES2023', 'WebWorker'], types: ['node'], typeRoots: [join(ROOT, 'node_modules/@types')] };
  const config = {
    extends: join(ROOT, 'tsconfig.base.json'),
    compilerOptions: { ...compilerOptions, ...types },
    files: sources,
  };
  const path = join(outDir, 'tsconfig.json');
  writeFileSync(path, JSON.stringify(config));
  execFileSync(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', path], { stdio: 'inherit' });
}

/** Declarations by their path, as they are packed. */
function reached(made: string): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  const open = Object.values(libraryEntries()).map((path) => path.replace(/^src\//, '').replace(/\.ts$/, '.d.ts'));
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (files.has(file)) continue;
    const text = readFileSync(join(made, file), 'utf8');
    for (const [, , specifier] of text.matchAll(IMPORTED)) {
      if (specifier === undefined) continue;
      if (!specifier.startsWith('.'))
        throw new Error(`${file} imports ${specifier}, and the library depends on no package.`);
      open.push(normalize(join(dirname(file), specifier)).replace(/\.ts$/, '.d.ts'));
    }
    files.set(file, text.replace(IMPORTED, withExtension));
  }
  return files;
}

function withExtension(whole: string, start?: string, specifier?: string, end = ''): string {
  return specifier === undefined ? whole : start + specifier.replace(/\.ts$/, '.js') + end;
}

import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Ran, ROOT, runIn } from './run.fixture.ts';

/** A folder in which examples run: `model`, `stacked` (the same, converted), `config.json`, and moe-loom as it is built. */
export interface Workplace {
  readonly folder: string;
  /** Runs a program with this address as `HF_ENDPOINT`. */
  run(name: string, code: string, hub: string, args?: readonly string[]): Promise<Ran>;
  remove(): void;
}

export function createWorkplace(): Workplace {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'moe-loom-examples-')));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(ROOT, join(folder, 'node_modules/moe-loom'));
  cpSync(join(ROOT, 'fixtures/checkpoints/qwen3_moe/hub'), join(folder, 'model'), { recursive: true });
  cpSync(join(ROOT, 'fixtures/configs/Qwen3-235B-A22B.json'), join(folder, 'config.json'));
  writeFileSync(join(folder, 'package.json'), '{"private":true,"type":"module"}');
  return {
    folder,
    run: (name, code, hub, args = []) => {
      writeFileSync(join(folder, `${name}.js`), code);
      return runIn(folder, process.execPath, [`${name}.js`, ...args], { HF_ENDPOINT: hub });
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

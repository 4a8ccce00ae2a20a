import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT, type Ran, runIn } from './run.fixture.ts';

/** A folder in which examples run: `model`, `stacked` (the same, converted), `config.json`, and moe-loom as it is built. */
export interface Workplace {
  readonly folder: string;
  /** Runs a program; requests to the Hub go to this address. */
  run(name: string, code: string, hub: string, args?: readonly string[]): Promise<Ran>;
  remove(): void;
}

/** Sends what is meant for huggingface.co to the fixture Hub. */
const REROUTED = `
const { fetch } = globalThis;
globalThis.fetch = (url, options) => fetch(String(url).replace('https://huggingface.co', process.env.FIXTURE_HUB), options);
`;

export function createWorkplace(): Workplace {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'moe-loom-examples-')));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(ROOT, join(folder, 'node_modules/moe-loom'));
  cpSync(join(ROOT, 'fixtures/checkpoints/qwen3_moe/hub'), join(folder, 'model'), { recursive: true });
  cpSync(join(ROOT, 'fixtures/configs/Qwen3-235B-A22B.json'), join(folder, 'config.json'));
  writeFileSync(join(folder, 'package.json'), '{"private":true,"type":"module"}');
  writeFileSync(join(folder, 'rerouted.js'), REROUTED);
  const rerouted = pathToFileURL(join(folder, 'rerouted.js')).href;
  return {
    folder,
    run: (name, code, hub, args = []) => {
      writeFileSync(join(folder, `${name}.js`), code);
      return runIn(folder, process.execPath, ['--import', rerouted, `${name}.js`, ...args], { FIXTURE_HUB: hub });
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

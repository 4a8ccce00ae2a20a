import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { HOSTILE, isIndexCase, writeHostile } from '../../e2e/support/hostile.ts';

const BIN = fileURLToPath(new URL('../../dist/cli/moe-loom.js', import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'moe-loom-memory-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** A tenth of the longest header, and of the index; `npm run bench:headers` measures the whole against 400 and 600 MB. */
const BYTES = { header: 10e6, index: 24e6 } as const;
/**
 * Most over idle. Tensors are what remains, and these files hold a third of the most that a header may name, and under
 * half of what an index may; values that were built, or escapes in a text each, would take more.
 */
const MOST = { header: 150e6, index: 260e6 } as const;

/** Runs the command line; its high-water mark is its own, `maxRSS` counts its parent's memory too. */
function measured(...args: string[]): { readonly peak: number; readonly said: string } {
  const told = `import { readFileSync } from 'node:fs';
    const peak = () => /VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    process.on('exit', () => process.stderr.write('\\nPEAK ' + peak()));`;
  const flags = ['--import', `data:text/javascript,${encodeURIComponent(told)}`, BIN, ...args];
  const { stdout, stderr } = spawnSync(process.execPath, flags, { encoding: 'utf8', maxBuffer: 64e6 });
  return { peak: Number(/PEAK (\d+)/.exec(stderr)?.[1] ?? Number.NaN) * 1024, said: stdout + stderr };
}

describe('memory over idle grows with the bytes of a header or an index, whatever they say', () => {
  const idle = measured('--version').peak;

  it.each(HOSTILE)(
    '%s',
    (name) => {
      const kind = isIndexCase(name) ? 'index' : 'header';
      const folder = writeHostile(work, name, BYTES[kind]);
      const { peak, said } = measured('inspect', folder);
      rmSync(folder, { recursive: true });
      expect(said).toMatch(/Tensors {6}|^moe-loom: .*\[[a-z-]+\]/);
      expect(peak - idle).toBeLessThan(MOST[kind]);
    },
    60_000,
  );
});

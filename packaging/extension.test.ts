import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { confinedTo, ROOT, runIn } from './run.fixture.ts';

let home: string;
let extension: string;

/** Puts the one file where somebody has it, executable and alone. */
function place(path: string): string {
  mkdirSync(dirname(path), { recursive: true });
  cpSync(join(ROOT, 'dist/hf/hf-moe'), path);
  chmodSync(path, 0o755);
  return path;
}

/** The extension, allowed to read and write below the temporary folder alone. */
function confined(threads: boolean, ...args: readonly string[]) {
  const flags = [...confinedTo(home, threads), extension, ...args];
  return runIn(home, process.execPath, flags, { HOME: home, TMPDIR: home });
}

beforeAll(() => {
  home = realpathSync(mkdtempSync(join(tmpdir(), 'hf-moe-')));
  // as `hf extensions install` places it: huggingface_hub/cli/extensions.py
  extension = place(join(home, '.local/share/hf/extensions/hf-moe/hf-moe'));
  cpSync(join(ROOT, 'fixtures/checkpoints/qwen3_moe/hub'), join(home, 'model'), { recursive: true });
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

describe('hf moe', () => {
  it('is one executable file, and calls itself as it was called', async () => {
    expect(readdirSync(dirname(extension))).toEqual(['hf-moe']);
    const help = await runIn(home, extension, ['inspect', '--help']);
    expect([help.code, help.stderr]).toEqual([0, '']);
    expect(help.stdout).toContain('Usage: hf moe inspect [options] <source>');
    const alone = await runIn(home, place(join(home, 'bin/hf-moe')), ['--help']);
    expect(alone.stdout).toContain('Usage: hf-moe [options] [command]');
    const wrong = await runIn(home, extension, ['explain', 'no-such-term']);
    expect(wrong.stderr).toMatch(/^hf moe: .*Run "hf moe explain"/);
  });

  it('inspects, and says what loads', async () => {
    const inspected = await confined(true, 'inspect', 'model', '--json');
    expect(JSON.parse(inspected.stdout)).toMatchObject({ modelType: 'qwen3_moe', layout: 'per-expert' });
    const loads = await confined(true, 'loads', 'model');
    expect([loads.code, loads.stderr]).toEqual([0, '']);
    expect(loads.stdout).toContain('hf moe convert --to');
  });

  it('converts in threads, which run the same file', async () => {
    const convert = ['convert', 'model', '--to', 'stacked', '--max-shard-size', '200KB', '--threads', '2', '--quiet'];
    const ran = await confined(true, ...convert, '--out', 'stacked', '--json');
    expect([ran.code, ran.stderr]).toEqual([0, '']);
    expect(JSON.parse(ran.stdout)).toMatchObject({ verified: { equal: true } });
    // Without the right to start threads it fails: they were started.
    const forbidden = await confined(false, ...convert, '--out', 'none');
    expect(forbidden.code).toBe(2);
    expect(forbidden.stderr).toContain('at new Worker');
    const verified = await confined(false, 'verify', 'model', 'stacked');
    expect(verified.stdout).toContain('Equal:');
  });

  it('names what it was installed without, and how to have it', async () => {
    const sample = await confined(true, 'sample');
    expect([sample.code, sample.stderr]).toEqual([2, expect.stringContaining('npx moe-loom sample')]);
    const parity = await confined(true, 'parity', 'model', '--layer', '0');
    expect(parity.code).toBe(2);
    expect(parity.stderr).toContain(`npm i --prefix ${dirname(extension)} onnxruntime-web@1.30.0`);
  });
});

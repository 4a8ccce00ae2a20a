import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { HOSTILE } from '../core/embed/hostile.fixture.ts';
import { hubFolder, safetensorsBytes } from '../core/testing.fixture.ts';

const BIN = fileURLToPath(new URL('../../dist/cli/moe-loom.js', import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'moe-loom-terminal-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** Names that UTF-8 and a file system can hold. */
const NAMES = HOSTILE.filter((name) => !/\p{Surrogate}/u.test(name) && name.length < 200);
const HIDING = /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/** A checkpoint whose tensors and config bear the names, in a folder called by one of them. */
function hostileFolder(at: string): string {
  const folder = join(work, `${at} \u001b[31m\u202e\n$(touch pwned)`);
  mkdirSync(folder);
  cpSync(hubFolder('qwen3_moe'), folder, { recursive: true });
  const rows = NAMES.map((name) => ({ name: `model.${name}.weight`, dtype: 'F32' as const, shape: [2] }));
  writeFileSync(join(folder, 'odd.safetensors'), safetensorsBytes(rows));
  const config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'));
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...config, model_type: '\u001b]0;pwned\u0007' }));
  return folder;
}

function run(...args: string[]) {
  const { stdout, stderr, status } = spawnSync(process.execPath, [BIN, ...args], { encoding: 'utf8', cwd: work });
  return { stdout, stderr, status };
}

describe('what is printed of hostile names', () => {
  const a = hostileFolder('a');
  const b = hostileFolder('b');
  const odd = join(a, 'odd.safetensors');
  const commands: string[][] = [
    ['inspect', a],
    ['inspect', odd],
    ['tensors', a],
    ['tensors', odd, '--search', 'expert 1'],
    ['check', a, odd],
    ['loads', odd],
    ['plan', a, '--to', 'stacked'],
    ['compare', odd, join(b, 'odd.safetensors')],
    ['compare', a, odd],
    ['compare', a, odd, '--markdown'],
    ['verify', a, odd],
    ['stats', odd],
    ['inspect', join(a, 'absent\u001b[2J\u009b\u202e.safetensors')],
    ['ranks', a, '--framework', 'transformers-5', '--ep', '4'],
    ['ranks', a, '--config', 'sglang', '--ep', '4'],
  ];

  it.each(commands)('%s: no character acts on the terminal', (...args) => {
    const { stdout, stderr } = run(...args);
    expect(stdout + stderr).not.toBe('');
    expect(HIDING.exec(stdout)).toBeNull();
    expect(HIDING.exec(stderr)).toBeNull();
    expect(stdout).not.toMatch(/^touch pwned/m);
  });

  it.each(commands.filter((args) => !args.includes('--markdown')))('%s --json: nor does its JSON', (...args) => {
    const { stdout } = run(...args, '--json');
    expect(HIDING.exec(stdout)).toBeNull();
    expect(JSON.parse(stdout)).toBeTypeOf('object');
  });

  it('treats the model type as unknown and says so', () => {
    expect(run('inspect', a).stdout).toMatch(/model_type.*treated as unknown\. \[config-name-invalid\]/);
  });
});

/** A file whose header is as long as the format lets it be. */
function longHeader(name: string, start: string, unit: string, end: string): string {
  const path = join(work, `${name}.safetensors`);
  const length = 100_000_000;
  const bytes = Buffer.alloc(8 + length, ' ');
  bytes.writeBigUInt64LE(BigInt(length));
  bytes.write(start, 8);
  const from = 8 + start.length;
  const count = Math.floor((length - start.length - end.length) / unit.length);
  bytes.fill(unit, from, from + count * unit.length);
  bytes.write(end, from + count * unit.length);
  writeFileSync(path, bytes);
  return path;
}

/** Most memory that a run had at once, in MB, and what it printed; a heap of 300 MB is all it may have. */
function measured(...args: string[]): { readonly peak: number; readonly stdout: string } {
  // `maxRSS` counts the parent's memory before exec as well; the high-water mark is the program's own.
  const told = `import { readFileSync } from 'node:fs';
    const peak = () => /VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    process.on('exit', () => process.stderr.write('\\nPEAK ' + peak()));`;
  const flags = [
    '--max-old-space-size=300',
    '--import',
    `data:text/javascript,${encodeURIComponent(told)}`,
    BIN,
    ...args,
  ];
  const { stdout, stderr } = spawnSync(process.execPath, flags, { encoding: 'utf8', maxBuffer: 64e6 });
  return { peak: Number(/PEAK (\d+)/.exec(stderr)?.[1] ?? Number.NaN) / 1000, stdout };
}

const EMPTY = '"dtype":"U8","shape":[0],"data_offsets":[0,0]';

describe('headers of 100 MB take 400 MB at most', () => {
  it.each([
    ['unknown arrays', `{"a":{${EMPTY},"x":[`, '[],', '[]]}}', 'valid'],
    ['a name of escapes', '{"', '\\n', `":{${EMPTY}}}`, 'valid'],
    ['a metadata value of escapes', '{"__metadata__":{"k":"', '\\u00e9', '"}}', 'valid'],
    ['a shape of millions', '{"a":{"dtype":"U8","shape":[', '1,', '1],"data_offsets":[0,0]}}', 'numbers'],
    ['a number of millions of digits', '{"a":{"dtype":"U8","shape":[', '1', '],"data_offsets":[0,0]}}', 'invalid'],
  ])(
    '%s',
    (name, start, unit, end, says) => {
      const path = longHeader(name.replaceAll(' ', '-'), start, unit, end);
      const { peak, stdout } = measured('check', path);
      rmSync(path);
      expect(stdout).toContain(says);
      expect(peak).toBeGreaterThan(30);
      expect(peak).toBeLessThan(400);
    },
    240_000,
  );

  it('and an index of 240 MB takes 600 MB at most', () => {
    const folder = join(work, 'long-index');
    mkdirSync(folder);
    writeFileSync(join(folder, 'model.safetensors'), safetensorsBytes([{ name: 'a', dtype: 'F32', shape: [2] }]));
    const index = Buffer.alloc(240_000_000, ' ');
    const [start, end] = ['{"weight_map":{"a":"model.safetensors"},"other":[', '[]]}'];
    index.write(start);
    const count = Math.floor((index.length - start.length - end.length) / 3);
    index.fill('[],', start.length, start.length + 3 * count);
    index.write(end, start.length + 3 * count);
    writeFileSync(join(folder, 'model.safetensors.index.json'), index);
    const { peak, stdout } = measured('check', folder);
    expect(stdout).toContain('valid.');
    expect(peak).toBeLessThan(600);
  }, 240_000);
});

describe('what is no file', () => {
  it('a named pipe as a shard ends at once', () => {
    const folder = join(work, 'pipe');
    mkdirSync(folder);
    execFileSync('mkfifo', [join(folder, 'model.safetensors')]);
    for (const path of [folder, join(folder, 'model.safetensors')]) {
      const { status, stderr } = run('inspect', path);
      expect(status).toBe(2);
      expect(stderr).toContain('is a named pipe (FIFO), not a file.');
    }
  });
});

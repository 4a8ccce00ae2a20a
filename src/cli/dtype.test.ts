import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fp8Entries } from '../core/plan/unpack.fixture.ts';
import { hubFolder } from '../core/testing.fixture.ts';
import { run } from './run.fixture.ts';

let work: string;

beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'moe-loom-dtype-'));
  for (const [name, entries] of Object.entries(fp8Entries(64, 48, 'e4m3', 16))) {
    mkdirSync(join(work, name));
    for (const [file, content] of Object.entries(entries)) writeFileSync(join(work, name, file), content);
  }
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

describe('--dtype bf16', () => {
  it.each(['cpu', 'auto'])('gives what plain weights give, on %s, and says that it is not lossless', async (engine) => {
    const [packed, plain] = [join(work, `packed ${engine}`), join(work, `plain ${engine}`)];
    const choice = ['--to', 'gate-up', '--engine', engine];
    const made = await run('convert', join(work, 'packed'), ...choice, '--dtype', 'bf16', '--out', packed, '--card');
    expect(made).toMatchObject({ code: 0 });
    expect(made.stdout).toContain('Not lossless: 10 tensors in FP8 e4m3 became bf16.');
    expect((await run('convert', join(work, 'plain'), ...choice, '--out', plain)).code).toBe(0);
    for (const file of ['model.safetensors', 'config.json', 'model.safetensors.index.json'])
      expect(readFileSync(join(packed, file), 'latin1')).toBe(readFileSync(join(plain, file), 'latin1'));
    expect(readFileSync(join(packed, 'README.md'), 'utf8')).toContain('**not lossless**');
    const report = JSON.parse(readFileSync(join(packed, 'moe-loom-report.json'), 'utf8'));
    expect(report.unpacked).toEqual({ dtype: 'bf16', formats: ['FP8 e4m3'], tensors: 10 });
    expect(report.verified.method).toContain('that the CPU makes of packed weights');
  });

  it('is refused where nothing is quantised, and takes bf16 alone', async () => {
    const refused = await run('plan', hubFolder('mixtral'), '--to', 'stacked', '--dtype', 'bf16');
    expect(refused).toMatchObject({ code: 1, stdout: expect.stringContaining('nothing to unpack') });
    const wrong = await run('plan', hubFolder('mixtral'), '--to', 'stacked', '--dtype', 'int4');
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('--dtype takes bf16') });
  });

  it('lets ranks hold what a conversion would unpack: as many bytes as of the plain weights', async () => {
    const ranks = ['--framework', 'transformers-5', '--ep', '3'];
    const held = async (name: string, ...flags: string[]) => {
      const { stdout } = await run('ranks', join(work, name), ...ranks, '--to', 'gate-up', '--json', ...flags);
      return JSON.parse(stdout).ranks.map(({ bytes }: { bytes: number }) => bytes);
    };
    const plain = await held('plain');
    expect(plain).toHaveLength(3);
    expect(await held('packed', '--dtype', 'bf16')).toEqual(plain);
    expect(await held('packed')).not.toEqual(plain);
    const alone = await run('ranks', join(work, 'packed'), ...ranks, '--dtype', 'bf16');
    expect(alone).toMatchObject({ code: 2, stderr: expect.stringContaining('needs --to') });
  });
});

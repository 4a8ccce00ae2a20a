import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { hubFolder } from '../core/testing.fixture.ts';
import { briefly, type Change, PLANTED_FINDINGS, plantedFaults, plantedFiles } from '../core/values/planted.fixture.ts';
import { addStats } from './stats.ts';

let printed: string;
let work: string;

beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'moe-loom-stats-'));
  printed = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(work, { recursive: true, force: true });
  process.exitCode = 0;
});

/** What `moe-loom stats …` prints. */
async function stats(...args: string[]): Promise<string> {
  const program = new Command('moe-loom').exitOverride();
  addStats(program);
  await program.parseAsync(['node', 'moe-loom', 'stats', ...args]);
  return printed;
}

function planted(change: Change, layers: number): string {
  for (const [name, content] of Object.entries(plantedFiles(change, layers))) writeFileSync(join(work, name), content);
  return work;
}

describe('stats', () => {
  it('finds planted dead, twin, NaN and outlier experts', async () => {
    const { findings, matrices } = JSON.parse(await stats(planted(plantedFaults, 2), '--json'));
    expect(findings.map(briefly).sort()).toEqual([...PLANTED_FINDINGS].sort());
    expect(new Set(findings.flatMap(({ experts }: { experts: { layer: number }[] }) => experts[0]?.layer))).toEqual(
      new Set([1]),
    );
    expect(matrices).toHaveLength(2 * 12 * 3);
    // What the values show is no error; that experts alone are a cut piece of a model is one.
    expect(process.exitCode ?? 0).toBe(1);
    process.exitCode = 0;
  });

  it('prints the contract', async () => {
    const value = JSON.parse(await stats(hubFolder('qwen3_moe'), '--layers', '2', '--json'));
    expect(Object.keys(value)).toEqual([
      'version',
      'matrices',
      'unreadable',
      'findings',
      'bytes',
      'experts',
      'ofExperts',
    ]);
    expect(value.matrices).toHaveLength(12 * 3);
    expect(value.matrices[0]).toEqual({
      prefix: 'model.layers.2.mlp',
      layer: 2,
      expert: 0,
      projection: 'gate',
      dtype: 'BF16',
      rows: expect.any(Number),
      columns: expect.any(Number),
      identity: expect.stringMatching(/^gate BF16 \d+ \d+ straight [0-9a-f]+$/),
      count: value.matrices[0].rows * value.matrices[0].columns,
      huge: 0,
      zeros: expect.any(Number),
      nan: 0,
      infinite: 0,
      maxAbs: expect.any(Number),
      mean: expect.any(Number),
      rms: expect.any(Number),
    });
    expect(value.bytes).toBe(value.matrices.reduce((sum: number, { count }: { count: number }) => sum + 2 * count, 0));
  });

  it('measures some experts, or one of so many, and says how many they are', async () => {
    const folder = hubFolder('qwen3_moe');
    const some = JSON.parse(await stats(folder, '--experts', '1,3', '--layers', '2', '--json'));
    expect([some.experts, some.ofExperts, some.matrices.length]).toEqual([2, 12, 6]);
    printed = '';
    const [line] = (await stats(folder, '--every', '10')).split('\n');
    expect(line).toBe('Sample       3 of 24 experts');
    printed = '';
    expect(await stats(folder, '--every', '1')).not.toContain('Sample');
    for (const every of ['0', '-1', '1.5', 'x', ''])
      await expect(stats(folder, '--every', every)).rejects.toThrow(/--every takes/);
  });

  it('prints a line for each projection of each layer, then what stands out', async () => {
    const lines = (await stats(planted(plantedFaults, 2))).trimEnd().split('\n');
    const rows = lines.filter((line) => line.startsWith('model.layers.'));
    expect(rows.map((row) => row.split(/ +/).slice(0, 3).join(' '))).toEqual(
      [0, 1].flatMap((layer) =>
        ['gate', 'up', 'down'].map((projection) => `model.layers.${layer}.mlp ${projection} 12`),
      ),
    );
    expect(lines).toContain('! All matrices of expert 1 of model.layers.1.mlp are zero. [dead-expert]');
    expect(lines.filter((line) => line.startsWith('!'))).toHaveLength(PLANTED_FINDINGS.length);
  });

  it('says so when no expert stands out', async () => {
    expect(await stats(planted((value) => value, 1))).toContain(
      '\nNo dead, twin or outlier experts and no NaN were found.\n',
    );
  });

  it('refuses layers without experts, and paths without files', async () => {
    await expect(stats(hubFolder('qwen3_moe'), '--layers', '1')).rejects.toMatchObject({ tag: 'usage' });
    await expect(stats(join(work, 'nothing.safetensors'))).rejects.toMatchObject({ tag: 'path-not-found' });
  });
});

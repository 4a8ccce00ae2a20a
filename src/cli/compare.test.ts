import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { openCheckpoint, planConversion, runPlan } from '../core/index.ts';
import { createFolderSink } from '../core/sink/folder.node.ts';
import { openLocal } from '../core/source/folder.node.ts';
import { hubFolder } from '../core/testing.fixture.ts';
import { addCompare } from './compare.ts';

let printed: string;
let fused: string;

beforeAll(async () => {
  fused = join(mkdtempSync(join(tmpdir(), 'moe-loom-compare-')), 'fused');
  const files = await openLocal(hubFolder('qwen3_moe'));
  const sink = await createFolderSink(fused);
  await runPlan(planConversion(await openCheckpoint(files), 'gate-up'), { files, sink });
  return () => rmSync(fused, { recursive: true, force: true });
});
beforeEach(() => {
  printed = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = 0;
});

/** What `moe-loom compare …` prints, and its exit code. */
async function compare(...args: string[]) {
  const program = new Command('moe-loom').exitOverride();
  addCompare(program);
  for (const command of program.commands) command.exitOverride();
  await program.parseAsync(['node', 'moe-loom', 'compare', ...args]);
  return { text: printed, code: process.exitCode ?? 0 };
}

describe('compare', () => {
  it('prints the contract, and exits 0 where only the layout differs', async () => {
    const { text, code } = await compare(hubFolder('qwen3_moe'), fused, '--json');
    const value = JSON.parse(text);
    expect(code).toBe(0);
    expect(Object.keys(value)).toEqual([
      'version',
      'equal',
      'compared',
      'left',
      'right',
      'layers',
      'prefixes',
      'notes',
      'counts',
      'differences',
      'groups',
      'values',
    ]);
    expect(value).toMatchObject({
      equal: true,
      compared: 'headers',
      values: null,
      left: { tensors: 104, paired: 104 },
    });
    expect(value.counts.reshaped.entries).toBe(72);
  });

  it('compares values when asked, of some layers or of all', async () => {
    const all = JSON.parse((await compare(hubFolder('qwen3_moe'), fused, '--values', '--json', '--quiet')).text);
    expect(all).toMatchObject({ equal: true, compared: 'values', values: { compared: 104, equal: 104, mistakes: [] } });
    printed = '';
    const some = JSON.parse((await compare(hubFolder('qwen3_moe'), fused, '--layers', '2', '--json')).text);
    expect(some.values.compared).toBe(45);
  });

  it('exits 1 where they differ, and says by what', async () => {
    const { text, code } = await compare(hubFolder('qwen3_moe'), hubFolder('mixtral'));
    expect(code).toBe(1);
    expect(text).toMatch(/^[\d,]+ differences in the headers\./);
    expect(text).toContain('only left');
  });

  it('writes a summary in Markdown', async () => {
    const { text } = await compare(hubFolder('qwen3_moe'), fused, '--markdown');
    expect(text).toMatch(/^## Two checkpoints compared\n/);
    expect(text).toContain('| Tensors | 104 | 36 |');
  });

  it('throws a tagged error where a side is not there', async () => {
    await expect(compare(hubFolder('qwen3_moe'), '/nowhere')).rejects.toMatchObject({ tag: 'path-not-found' });
  });
});

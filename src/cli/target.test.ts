import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { hubFolder } from '../core/testing.fixture.ts';
import { addConvert } from './convert.ts';
import { addPlan } from './plan.ts';
import { parseTargetFlags } from './target.ts';

let printed: string;

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

/** The target of the plan that `moe-loom plan … --json` prints. */
async function targetOf(...args: string[]): Promise<string> {
  const program = new Command('moe-loom').exitOverride();
  addPlan(program);
  await program.parseAsync(['node', 'moe-loom', 'plan', hubFolder('qwen3_moe'), '--json', ...args]);
  return JSON.parse(printed).target;
}

describe('--for', () => {
  it.each([
    ['vllm', 'per-expert'],
    ['transformers-5', 'gate-up'],
    ['transformers', 'gate-up'],
    ['mlx', 'switch-mlp'],
  ])('%s is another way to say --to %s', async (program, layout) => {
    expect(await targetOf('--for', program)).toBe(layout);
  });

  it('stands beside --to where the program loads that layout too', async () => {
    expect(await targetOf('--for', 'transformers-5', '--to', 'per-expert')).toBe('per-expert');
  });

  it('is refused where it contradicts --to', async () => {
    await expect(targetOf('--for', 'vllm', '--to', 'gate-up')).rejects.toMatchObject({
      tag: 'usage',
      message: expect.stringContaining('--to gate-up and --for vllm contradict each other'),
    });
  });

  it('names the programs where it is given another, and asks for one of the two where neither is given', async () => {
    await expect(targetOf('--for', 'word')).rejects.toThrow('--for takes transformers-5, ');
    await expect(targetOf()).rejects.toThrow('--for <program>');
    expect(() => parseTargetFlags({ to: 'word' })).toThrow('--to takes');
  });

  it('ends where no conversion makes the program load the checkpoint', async () => {
    const program = new Command('moe-loom').exitOverride();
    addPlan(program);
    const args = ['node', 'moe-loom', 'plan', hubFolder('gpt_oss'), '--for', 'qwen3-moe-fused'];
    await expect(program.parseAsync(args)).rejects.toMatchObject({ tag: 'not-convertible' });
  });

  it('is an option of convert too', async () => {
    const program = new Command('moe-loom').exitOverride();
    addConvert(program);
    const args = [
      'node',
      'moe-loom',
      'convert',
      hubFolder('qwen3_moe'),
      '--for',
      'vllm',
      '--to',
      'gate-up',
      '--out',
      '/nowhere/x',
    ];
    await expect(program.parseAsync(args)).rejects.toThrow('contradict each other');
  });
});

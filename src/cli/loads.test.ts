import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LOADERS } from '../core/index.ts';
import { hubFolder } from '../core/testing.fixture.ts';
import { addLoads } from './loads.ts';

const IDS = LOADERS.map(({ id }) => id);
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

/** What `moe-loom loads …` prints. */
async function loads(...args: string[]): Promise<string> {
  const program = new Command('moe-loom').exitOverride();
  addLoads(program);
  await program.parseAsync(['node', 'moe-loom', 'loads', ...args]);
  return printed;
}

describe('loads', () => {
  it('prints the contract', async () => {
    const value = JSON.parse(await loads(hubFolder('mixtral'), '--json'));
    expect(Object.keys(value)).toEqual(['version', 'consumers']);
    expect(value.consumers.map(({ id }: { id: string }) => id)).toEqual(IDS);
    for (const consumer of value.consumers) {
      expect(Object.keys(consumer)).toEqual([
        'id',
        'version',
        'verdict',
        'missing',
        'unexpected',
        'mismatched',
        'evidence',
        'cure',
        'needs',
        'inference',
      ]);
      expect(Object.keys(consumer.evidence)).toEqual(['kind', 'source', 'date']);
    }
    expect(value.consumers[0]).toEqual({
      id: 'transformers-5',
      version: '5.17.0',
      verdict: 'loads-converting',
      missing: [],
      unexpected: [],
      mismatched: [],
      evidence: { kind: 'run', source: expect.stringContaining('5.17.0'), date: '2026-11-22' },
      cure: null,
      needs: [],
      inference: null,
    });
  });

  it('prints a line a consumer, then what stands behind it', async () => {
    const lines = (await loads(hubFolder('qwen3_moe'))).split('\n');
    expect(lines.slice(0, IDS.length).map((line) => line.split(' ')[0])).toEqual(IDS);
    expect(lines.join('\n')).toContain('→ moe-loom convert --to stacked');
    expect(lines.join('\n')).toMatch(/\n {2}missing: \d+ tensors\n {4}model\.layers/);
    expect(lines.join('\n')).toContain('… and ');
    expect(process.exitCode).not.toBe(1);
  });

  it('prints a script with hashes of real experts', async () => {
    const script = await loads(hubFolder('qwen3_moe'), '--script', 'transformers-5');
    expect(script.startsWith('#!/usr/bin/env python3\n')).toBe(true);
    expect(script.match(/"sha256": "[0-9a-f]{64}"/g)).toHaveLength(12);
  });

  it('says why a consumer has no script, and which consumers there are', async () => {
    await expect(loads(hubFolder('mixtral'), '--script', 'vllm')).rejects.toMatchObject({ tag: 'usage' });
    await expect(loads(hubFolder('mixtral'), '--script', 'word')).rejects.toThrow('transformers-4.57');
  });
});

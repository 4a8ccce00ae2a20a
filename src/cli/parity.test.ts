import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FIXTURES, hubFolder } from '../core/testing.fixture.ts';
import { run as runProgram } from './run.fixture.ts';

const run = (...args: string[]) => runProgram('parity', ...args);

const BLOCK_IO = join(FIXTURES, 'checkpoints/mixtral/block_io.safetensors');

describe('moe-loom parity', () => {
  it('prints the contract, held against given hidden states', async () => {
    const given = ['--input', BLOCK_IO, '--input-tensor', 'model.layers.1.mlp.input.0'];
    const expected = ['--expect-tensor', 'model.layers.1.mlp.output'];
    const { code, stdout } = await run(
      hubFolder('mixtral'),
      '--layer',
      '1',
      '--ep',
      '4',
      ...given,
      ...expected,
      '--json',
    );
    const value = JSON.parse(stdout);
    expect(code).toBe(0);
    expect(value).toMatchObject({
      layer: 1,
      ep: 4,
      experts: 8,
      topK: 2,
      tokens: 24,
      seed: null,
      verdict: 'same',
      faults: [],
    });
    expect(Object.keys(value.expected)).toEqual(['perExpert', 'stacked', 'gateUp', 'expertParallel']);
    for (const size of Object.values(value.expected)) expect(size).toBeLessThan(1e-5);
    expect(value.pairs).toHaveLength(6);
    expect(value.tokensPerExpert.reduce((sum: number, count: number) => sum + count, 0)).toBe(48);
    expect(value.router.indices[0]).toHaveLength(2);
    expect(value.operator.maxRelative).toBeLessThan(1e-5);
  });

  it('says different, and exits 1, where the block should have given something else', async () => {
    const given = ['--input', BLOCK_IO, '--input-tensor', 'model.layers.1.mlp.input.0'];
    const { code, stdout } = await run(
      hubFolder('mixtral'),
      '--layer',
      '1',
      ...given,
      '--expect-tensor',
      'model.layers.2.mlp.output',
    );
    expect(code).toBe(1);
    expect(stdout).toContain('Different: the largest difference is above 0.00001.');
  });

  it('compares with a second checkpoint, and keeps demonstration and proof apart', async () => {
    const { code, stdout } = await run(
      hubFolder('gpt_oss'),
      hubFolder('gpt_oss'),
      '--layer',
      '0',
      '--tokens',
      '4',
      '--seed',
      '7',
    );
    expect(code).toBe(0);
    expect(stdout).toContain('perExpert – other');
    expect(stdout).toContain('compare --values and verify prove equal bytes.');
  });

  it.each([
    ['a layer without experts', ['--layer', '1'], 'Layer 1 has no routed experts'],
    ['ranks that do not divide', ['--layer', '0', '--ep', '5'], '1, 2, 3, 4, 6, 12 ranks would do'],
    ['a tensor without its file', ['--layer', '0', '--input-tensor', 'x'], '--input'],
    ['a number that is none', ['--layer', 'two'], '--layer takes a whole number'],
  ])('exits 2 for %s', async (_, flags, words) => {
    const { code, stderr } = await run(hubFolder('qwen3_moe'), ...flags);
    expect(stderr).toContain(words);
    expect(code).toBe(2);
  });
});

import { describe, expect, it } from 'vitest';
import { BENCHES } from './benches.ts';
import type { Machine } from './machine.ts';

const WHOLE: Machine = { browser: '/usr/bin/chromium', freeBytes: 1e12, noGpu: null };

function runOn(name: string, machine: Partial<Machine>, quick = false) {
  const bench = BENCHES.find((each) => each.name === name);
  if (!bench) throw new Error(`no bench ${name}`);
  return bench.run({ ...WHOLE, ...machine }, quick);
}

describe('what runs where', () => {
  it('is everything, nothing left out, on a whole machine', () => {
    for (const { run, name } of BENCHES) {
      const { args, missing } = run(WHOLE, false);
      expect([name, args === null, missing]).toEqual([name, false, []]);
    }
  });

  it('is no kernel without a GPU: the reason says where they were last measured', () => {
    const { args, missing } = runOn('kernels', { noGpu: 'no GPU' });
    expect(args).toBeNull();
    for (const { why } of missing) expect(why).toBe('no GPU; last measured: bench/kernels/README.md');
  });

  it('is what needs no browser where there is none, and says what is left out', () => {
    for (const name of ['ui', 'drawings']) {
      const { args, missing } = runOn(name, { browser: null });
      expect([args, missing.length]).toEqual([null, 1]);
    }
    expect(runOn('ranks', { browser: null })).toMatchObject({
      args: ['--no-browser'],
      missing: [{ name: 'click to paint' }],
    });
    const { args, missing } = runOn('convert', { browser: null });
    expect(args?.slice(-2)).toEqual(['--places', 'node']);
    expect(missing.map(({ name }) => name)).toEqual(['Chromium']);
  });

  it('is only shapes that fit on the disk', () => {
    const { args, missing } = runOn('convert', { freeBytes: 30e9 });
    expect(args).toContain('qwen-1,qwen-2');
    expect(missing).toEqual([{ name: 'qwen-4', why: 'needs 59 GB on the disk, where 30 GB are free' }]);
    expect(runOn('convert', { freeBytes: 1e9 }, true)).toMatchObject({ args: null, missing: [{ name: 'qwen-1' }] });
  });

  it('is one small shape in a quick run', () => {
    expect(runOn('convert', {}, true).args).toEqual(['--quick', '--shapes', 'qwen-1', '--pairs', '3']);
  });
});

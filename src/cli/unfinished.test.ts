import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { failUnfinished, type Host } from './unfinished.ts';

function host(exitCode?: number): Host & EventEmitter {
  return Object.assign(new EventEmitter(), { exitCode });
}

describe('a process that ends', () => {
  it('with unsettled work ends with 13, or with the code that was set', () => {
    for (const [set, code] of [
      [undefined, 13],
      [0, 13],
      [141, 141],
    ] as const) {
      const process = host(set);
      failUnfinished(new Promise(() => {}), process);
      process.emit('exit');
      expect(process.exitCode).toBe(code);
    }
  });

  it('after its work keeps its code', async () => {
    const process = host();
    const work = Promise.resolve();
    failUnfinished(work, process);
    await work;
    await Promise.resolve();
    process.emit('exit');
    expect(process.exitCode).toBeUndefined();
  });
});

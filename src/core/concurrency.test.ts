import { describe, expect, it } from 'vitest';
import { mapConcurrent } from './concurrency.ts';

describe('mapConcurrent', () => {
  it('keeps order and the limit', async () => {
    let running = 0;
    let most = 0;
    const results = await mapConcurrent([5, 1, 3, 2, 4], 2, async (value) => {
      running++;
      most = Math.max(most, running);
      for (let i = 0; i < value; i++) await Promise.resolve();
      running--;
      return value * 10;
    });
    expect(results).toEqual([50, 10, 30, 20, 40]);
    expect(most).toBe(2);
  });

  it('stops the others at the first failure and throws it', async () => {
    const aborted: number[] = [];
    const started: number[] = [];
    const run = mapConcurrent([0, 1, 2, 3], 2, async (value, signal) => {
      started.push(value);
      if (value === 0) throw new Error('zero');
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      aborted.push(value);
    });
    await expect(run).rejects.toThrow('zero');
    expect(aborted).toEqual([1]);
    expect(started).toEqual([0, 1]);
  });

  it('gives tasks that run at the same time a signal each, and one signal to those that follow each other', async () => {
    const signals: AbortSignal[] = [];
    await mapConcurrent([0, 1, 2, 3], 2, async (_, signal) => void signals.push(signal));
    expect(new Set(signals).size).toBe(2);
  });

  it('starts nothing when it is cancelled already', async () => {
    const run = mapConcurrent([1], 1, async () => 1, AbortSignal.abort());
    await expect(run).rejects.toMatchObject({ tag: 'cancelled' });
  });
});

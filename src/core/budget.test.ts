import { describe, expect, it } from 'vitest';
import { createBudget } from './budget.ts';

describe('a budget', () => {
  it('never lets out more than its capacity and serves in order', async () => {
    const budget = createBudget(100);
    const first = await budget.take(60);
    const order: string[] = [];
    const named = async (bytes: number, name: string) => {
      const release = await budget.take(bytes);
      order.push(name);
      return release;
    };
    const second = named(50, 'second');
    const third = named(10, 'third');
    await Promise.resolve();
    expect(order).toEqual([]);
    first();
    first();
    (await second)();
    (await third)();
    expect(order).toEqual(['second', 'third']);
    expect(budget.peak).toBeLessThanOrEqual(100);
  });

  it('counts more than its capacity as all of it, and lets the cancelled go', async () => {
    const budget = createBudget(10);
    const release = await budget.take(1000);
    const controller = new AbortController();
    const waiting = budget.take(5, controller.signal);
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ tag: 'cancelled' });
    release();
    (await budget.take(10))();
    await expect(budget.take(1, AbortSignal.abort())).rejects.toMatchObject({ tag: 'cancelled' });
    expect(() => createBudget(0)).toThrow(expect.objectContaining({ tag: 'usage' }));
  });
});

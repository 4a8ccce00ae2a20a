import { expect, it } from 'vitest';
import { createRing } from './ring.ts';
import { isMeasured, ringOf } from './ring-memory.ts';

it('gives as many places as the ring has, and those that become free in the order in which they were asked for', async () => {
  const ring = createRing(2);
  const [first, second] = [await ring.enter(), await ring.enter()];
  expect(ring.isFull()).toBe(true);
  const order: number[] = [];
  const waiting = [1, 2].map(async (number) => {
    const leave = await ring.enter();
    order.push(number);
    return leave;
  });
  await Promise.resolve();
  expect(order).toEqual([]);
  first();
  first();
  await waiting[0];
  expect(order).toEqual([1]);
  second();
  for (const leave of await Promise.all(waiting)) leave();
  expect(order).toEqual([1, 2]);
  expect(ring.isFull()).toBe(false);
});

it('measures an adapter once, and again only where nothing could be measured', async () => {
  let measured = 0;
  const measure = (rate: number | null) => async () => {
    measured++;
    return { tileBytes: 1, depth: 1, rate };
  };
  const [a, b] = await Promise.all([ringOf('one', measure(2)), ringOf('one', measure(3))]);
  expect(a).toBe(b);
  expect(await ringOf('one', measure(4))).toBe(a);
  expect(measured).toBe(1);
  await ringOf('two', measure(null));
  expect(await ringOf('two', measure(5))).toMatchObject({ rate: 5 });
  expect(measured).toBe(3);
});

it('believes of what a browser kept only a ring that is ever measured', () => {
  expect(isMeasured({ tileBytes: 4 * 2 ** 20, depth: 8, rate: 3.4 })).toBe(true);
  for (const stored of [null, {}, { tileBytes: 4 * 2 ** 20, depth: 8 }, { tileBytes: 2 ** 40, depth: 8, rate: 3 }])
    expect(isMeasured(stored)).toBe(false);
});

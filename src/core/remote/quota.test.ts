import { expect, it } from 'vitest';
import { createQuotaCounter } from './quota.ts';

it('counts the requests of the last 300 s', () => {
  let now = 5_000_400;
  const quota = createQuotaCounter(() => now);
  expect([quota.used(), quota.freeIn()]).toEqual([0, 0]);
  quota.count();
  quota.count();
  now += 100_000;
  quota.count();
  expect([quota.used(), quota.freeIn()]).toEqual([3, 200]);
  now += 199_000;
  expect([quota.used(), quota.freeIn()]).toEqual([3, 1]);
  now += 1_000;
  expect([quota.used(), quota.freeIn()]).toEqual([1, 100]);
  now += 1e9;
  expect([quota.used(), quota.freeIn()]).toEqual([0, 0]);
});

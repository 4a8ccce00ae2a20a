import { expect, it } from 'vitest';
import { onAbort } from './on-abort.ts';

it('tells all who wait, once, but those who left, through one listener', () => {
  const controller = new AbortController();
  let listeners = 0;
  const add = controller.signal.addEventListener.bind(controller.signal);
  controller.signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners++;
    add(...args);
  };
  const told: string[] = [];
  onAbort(controller.signal, () => told.push('a'));
  const leave = onAbort(controller.signal, () => told.push('b'));
  onAbort(controller.signal, () => told.push('c'));
  leave();
  controller.abort();
  controller.abort();
  expect([told, listeners]).toEqual([['a', 'c'], 1]);
  onAbort(controller.signal, () => told.push('late'));
  expect(told).toEqual(['a', 'c', 'late']);
  expect(onAbort(undefined, () => told.push('never'))()).toBeUndefined();
});

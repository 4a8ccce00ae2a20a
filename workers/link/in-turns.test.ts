import { expect, it } from 'vitest';
import { inTurns } from './in-turns.ts';

/** Steps that each take longer than a turn. */
function* slow(count: number, seen: string[]): Generator<void, string> {
  for (let at = 0; at < count; at += 1) {
    const began = performance.now();
    while (performance.now() - began < 20);
    seen.push(`step ${at}`);
    yield;
  }
  return 'done';
}

it('answers others between steps, and gives the result', async () => {
  const seen: string[] = [];
  const { port1, port2 } = new MessageChannel();
  const heard = new Promise<void>((resolve) => {
    port1.onmessage = () => {
      seen.push('message');
      port1.close();
      resolve();
    };
  });
  port2.postMessage(null);
  expect(await inTurns(slow(8, seen))).toBe('done');
  await heard;
  expect(seen.indexOf('message')).toBeGreaterThan(0);
  expect(seen.indexOf('message')).toBeLessThan(8);
});

it('hands on what a step throws', async () => {
  const failing = (function* (): Generator<void, never> {
    yield;
    throw new RangeError('no');
  })();
  await expect(inTurns(failing)).rejects.toThrow('no');
});

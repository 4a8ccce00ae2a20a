import { expect, test } from 'vitest';
import { MIB } from '../units.ts';
import { createEarlyFlush } from './early-flush.ts';

/** Flushes that end when they are told to. */
function heldFlushes() {
  const ends: { readonly resolve: () => void; readonly reject: (cause: unknown) => void }[] = [];
  const flush = () => new Promise<void>((resolve, reject) => void ends.push({ resolve, reject }));
  return { ends, flush };
}

test('flushes run in the background, one at a time, each for at least 64 MiB', async () => {
  const { ends, flush } = heldFlushes();
  const early = createEarlyFlush(flush);
  early.wrote(63 * MIB);
  expect(ends).toHaveLength(0);
  early.wrote(MIB);
  early.wrote(500 * MIB);
  expect(ends).toHaveLength(1);
  ends[0]?.resolve();
  await expect.poll(() => ends.length).toBe(2);
  early.wrote(MIB);
  const ended = early.end();
  early.wrote(100 * MIB);
  ends[1]?.resolve();
  await ended;
  expect(ends).toHaveLength(2);
});

test('what an early flush reports is thrown at the end, and no further one hides it', async () => {
  const { ends, flush } = heldFlushes();
  const early = createEarlyFlush(flush);
  early.wrote(64 * MIB);
  ends[0]?.reject(new Error('EIO'));
  await Promise.resolve();
  early.wrote(200 * MIB);
  await expect(early.end()).rejects.toThrow('EIO');
  expect(ends).toHaveLength(1);
});

import { expect, it } from 'vitest';
import { release } from './release.ts';

it('frees bytes that are all of their memory', () => {
  const bytes = new Uint8Array(8);
  release(bytes);
  release(bytes);
  expect(bytes.length).toBe('transfer' in ArrayBuffer.prototype ? 0 : 8);
});

it('leaves memory that others may look at', () => {
  const memory = new Uint8Array([1, 2, 3, 4]);
  release(memory.subarray(0, 2));
  expect([...memory]).toEqual([1, 2, 3, 4]);
  const shared = new Uint8Array(new SharedArrayBuffer(4));
  release(shared);
  expect(shared.length).toBe(4);
});

import { expect, it } from 'vitest';
import { bodyChunks } from './body-chunks.ts';

it('come in one buffer of ours: the browser makes none for each chunk', async () => {
  const url = URL.createObjectURL(new Blob([new Uint8Array(3_000_000).fill(7)]));
  const chunks = bodyChunks((await fetch(url)).body);
  URL.revokeObjectURL(url);
  let received = 0;
  const sizes = new Set<number>();
  for (let chunk = await chunks.next(); chunk !== null; chunk = await chunks.next()) {
    received += chunk.length;
    expect(chunk.every((byte) => byte === 7)).toBe(true);
    sizes.add(chunk.buffer.byteLength);
  }
  expect([received, ...sizes]).toEqual([3_000_000, 256 * 1024]);
});

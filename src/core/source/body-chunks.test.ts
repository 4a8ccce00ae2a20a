import { describe, expect, it } from 'vitest';
import { bodyChunks } from './body-chunks.ts';

const BYTES = Uint8Array.from({ length: 2_000_003 }, (_, at) => (at * 7) % 251);

async function readAll(body: ReadableStream<Uint8Array<ArrayBuffer>> | null) {
  const chunks = bodyChunks(body);
  const parts: Uint8Array[] = [];
  const sizes = new Set<number>();
  for (let chunk = await chunks.next(); chunk !== null; chunk = await chunks.next()) {
    parts.push(chunk.slice());
    sizes.add(chunk.buffer.byteLength);
  }
  return { bytes: Buffer.concat(parts), sizes: [...sizes] };
}

/** A stream of bytes in pieces of this length, as the network gives them. */
function byteStream(piece: number): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = 0;
  return new ReadableStream({
    type: 'bytes',
    pull: (to) => {
      if (at >= BYTES.length) {
        to.close();
        to.byobRequest?.respond(0);
        return;
      }
      to.enqueue(BYTES.slice(at, at + piece));
      at += piece;
    },
  });
}

describe('the chunks of a body', () => {
  it.each([1000, 70_000, 600_000])(
    'come in order, in a buffer that is used again, from pieces of %d',
    async (piece) => {
      const { bytes, sizes } = await readAll(byteStream(piece));
      expect(Buffer.compare(bytes, BYTES)).toBe(0);
      expect(sizes).toEqual([256 * 1024]);
    },
  );

  it('come from a stream that cannot fill a buffer of ours, too', async () => {
    const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
      start: (to) => {
        to.enqueue(BYTES.slice(0, 5));
        to.enqueue(BYTES.slice(5));
        to.close();
      },
    });
    expect(Buffer.compare((await readAll(stream)).bytes, BYTES)).toBe(0);
    expect((await readAll(null)).bytes.length).toBe(0);
  });

  it('of two bodies at once do not mix', async () => {
    const both = await Promise.all([readAll(byteStream(70_000)), readAll(byteStream(70_000))]);
    for (const { bytes } of both) expect(Buffer.compare(bytes, BYTES)).toBe(0);
  });

  it('end with the error of the body', async () => {
    const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
      type: 'bytes',
      pull: (to) => to.error(new Error('reset')),
    });
    await expect(bodyChunks(stream).next()).rejects.toThrow('reset');
  });
});

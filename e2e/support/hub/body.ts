import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs';

/** Bytes that can be read at any place; `read` answers `[start, end)`, which lies inside `[0, size]`. */
export interface Body {
  readonly size: number;
  read(start: number, end: number): Uint8Array;
}

/** A file at most this long is kept in memory; a longer one is read from disk at each request. */
const KEEP_BYTES = 32 * 1024 * 1024;

export function bytesBody(bytes: Uint8Array): Body {
  return { size: bytes.byteLength, read: (start, end) => bytes.subarray(start, end) };
}

export function textBody(text: string): Body {
  return bytesBody(new TextEncoder().encode(text));
}

export const EMPTY_BODY: Body = bytesBody(new Uint8Array(0));

/** A body that is made when it is first looked at, and kept. */
export function lazyBody(make: () => Body): Body {
  let made: Body | undefined;
  const get = (): Body => {
    made ??= make();
    return made;
  };
  return {
    get size() {
      return get().size;
    },
    read: (start, end) => get().read(start, end),
  };
}

export function repeatBody(byte: number, size: number): Body {
  return { size, read: (start, end) => new Uint8Array(end - start).fill(byte) };
}

/** The bodies one after another. */
export function concatBody(parts: readonly Body[]): Body {
  const size = parts.reduce((sum, part) => sum + part.size, 0);
  return {
    size,
    read(start, end) {
      const out = new Uint8Array(end - start);
      let base = 0;
      for (const part of parts) {
        const from = Math.max(start, base);
        const to = Math.min(end, base + part.size);
        if (from < to) out.set(part.read(from - base, to - base), from - start);
        base += part.size;
      }
      return out;
    },
  };
}

/** The first `size` bytes of a body: a file whose upload broke off. */
export function truncatedBody(body: Body, size: number): Body {
  return { size, read: (start, end) => body.read(start, end) };
}

function readFileRange(path: string, start: number, end: number): Uint8Array {
  const out = new Uint8Array(end - start);
  const handle = openSync(path, 'r');
  try {
    let done = 0;
    while (done < out.byteLength) {
      const count = readSync(handle, out, done, out.byteLength - done, start + done);
      if (count === 0) throw new Error(`${path} is shorter than it was`);
      done += count;
    }
  } finally {
    closeSync(handle);
  }
  return out;
}

export function fileBody(path: string): Body {
  const { size } = statSync(path);
  if (size <= KEEP_BYTES) return bytesBody(readFileSync(path));
  return { size, read: (start, end) => readFileRange(path, start, end) };
}

export function readAll(body: Body): Uint8Array {
  return body.read(0, body.size);
}

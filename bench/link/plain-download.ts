/** What a plain client did. */
export interface PlainDownload {
  readonly bytes: number;
  readonly seconds: number;
}

/**
 * The function that a page or Node runs, as JavaScript: downloads ranges of one address, so many at a time, and throws the
 * bytes away. `own`: into a buffer that is used again, which is faster in Chromium and slower in Node.
 */
export const PLAIN_DOWNLOAD = `async (url, ranges, parallel, own) => {
  const started = performance.now();
  let next = 0;
  let bytes = 0;
  const one = async () => {
    for (let range = ranges[next++]; range; range = ranges[next++]) {
      const response = await fetch(url, { headers: { Range: 'bytes=' + range[0] + '-' + range[1] }, cache: 'no-store' });
      if (response.status !== 206) throw new Error('status ' + response.status);
      const reader = response.body.getReader(own ? { mode: 'byob' } : {});
      let buffer = own ? new ArrayBuffer(262144) : null;
      const read = () => (own ? reader.read(new Uint8Array(buffer)) : reader.read());
      for (let part = await read(); !part.done; part = await read()) {
        bytes += part.value.length;
        if (own) buffer = part.value.buffer;
      }
    }
  };
  await Promise.all(Array.from({ length: parallel }, one));
  return { bytes, seconds: (performance.now() - started) / 1000 };
}`;

/** Ranges of `size` bytes that cover `total` bytes from `start`, first and last byte of each. */
export function rangesFrom(start: number, total: number, size: number): [number, number][] {
  return Array.from({ length: Math.ceil(total / size) }, (_, at) => [
    start + at * size,
    start + Math.min(total, (at + 1) * size) - 1,
  ]);
}

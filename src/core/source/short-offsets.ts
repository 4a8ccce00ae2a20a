/**
 * Headers that are shipped as samples, without the numbers that follow from others: where tensors lie one behind the other in
 * the order of the header, `"data_offsets":[start,end]` is written as `"data_offsets":[length]`. The same lengths come again
 * and again, so that the compressed sample has a third of the bytes.
 */

/** The number of bytes before the JSON of a header: its length. */
const PREFIX = 8;
const OFFSETS = /"data_offsets":\[(\d+),(\d+)\]/g;
const LENGTH = /"data_offsets":\[(\d+)\]/g;

/** The header with lengths, as {@link restoreOffsets} reads it. @throws Error where tensors are in another order, or have gaps. */
export function shortenOffsets(header: Uint8Array): Uint8Array<ArrayBuffer> {
  let at = 0;
  return rewrite(header, OFFSETS, (_, start, end) => {
    if (Number(start) !== at)
      throw new Error(`A tensor begins at byte ${start}, not at the end of the one before, ${at}.`);
    const length = Number(end) - at;
    at = Number(end);
    return `"data_offsets":[${length}]`;
  });
}

/** The header byte for byte as it was. */
export function restoreOffsets(short: Uint8Array): Uint8Array<ArrayBuffer> {
  let at = 0;
  return rewrite(short, LENGTH, (_, length) => {
    const start = at;
    at += Number(length);
    return `"data_offsets":[${start},${at}]`;
  });
}

function rewrite(
  header: Uint8Array,
  pattern: RegExp,
  replace: (match: string, ...numbers: string[]) => string,
): Uint8Array<ArrayBuffer> {
  const text = new TextDecoder().decode(header.subarray(PREFIX)).replace(pattern, replace);
  const json = new TextEncoder().encode(text);
  const bytes = new Uint8Array(PREFIX + json.length);
  bytes.set(header.subarray(0, PREFIX));
  bytes.set(json, PREFIX);
  return bytes;
}

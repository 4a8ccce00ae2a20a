import type { ByteRange } from '../../core/index.ts';

/** What a `Range` header asks of a file: a part, the whole, or what cannot be given. */
export type Wanted = { readonly kind: 'whole' } | ({ readonly kind: 'part' } & ByteRange) | { readonly kind: 'none' };

/**
 * Reads `bytes=a-b`, `bytes=a-` and `bytes=-n`; an end beyond the file is its end (RFC 9110, 14.1). One range alone: several
 * could ask for a file many times over. Anything else asks for nothing that there is.
 */
export function wantedOf(header: string | undefined, byteLength: number): Wanted {
  if (header === undefined) return { kind: 'whole' };
  const match = /^bytes=(\d{1,16})?-(\d{1,16})?$/.exec(header.trim());
  const [, first, last] = match ?? [];
  if (!match || (first === undefined && last === undefined)) return { kind: 'none' };
  if (first === undefined) {
    const length = Math.min(Number(last), byteLength);
    return length === 0 ? { kind: 'none' } : { kind: 'part', start: byteLength - length, end: byteLength };
  }
  const start = Number(first);
  const end = last === undefined ? byteLength : Math.min(Number(last) + 1, byteLength);
  return start < end ? { kind: 'part', start, end } : { kind: 'none' };
}

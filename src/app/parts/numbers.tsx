import { formatBytes, formatInteger } from '../../core/index.ts';

/** The exact number: `470,187,269,120 bytes`. */
export function formatByteCount(bytes: number): string {
  return `${formatInteger(bytes)} bytes`;
}

/** Bytes of a file from the first to behind the last: `bytes 1,024–2,048`. */
export function formatRange({ start, end }: { readonly start: number; readonly end: number }): string {
  return `bytes ${formatInteger(start)}–${formatInteger(end)}`;
}

/** A number of bytes, rounded; the exact one is shown on hover. */
export function Bytes({ of }: { readonly of: number }) {
  return <span title={formatByteCount(of)}>{formatBytes(of)}</span>;
}

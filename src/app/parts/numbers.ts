import { formatBytes, formatInteger } from '../../core/index.ts';

/** `470,187,269,120 bytes (470 GB)`: exact first, then as a person says it. */
export function formatExactBytes(bytes: number): string {
  return bytes < 1000 ? `${bytes} bytes` : `${formatInteger(bytes)} bytes (${formatBytes(bytes)})`;
}

/** Bytes of a file from the first to behind the last: `bytes 1,024–2,048`. */
export function formatRange({ start, end }: { readonly start: number; readonly end: number }): string {
  return `bytes ${formatInteger(start)}–${formatInteger(end)}`;
}

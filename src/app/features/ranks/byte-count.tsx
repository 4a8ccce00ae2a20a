import { formatBytes, formatInteger } from '../../../core/index.ts';

/** A number of bytes, rounded with its unit; the exact number is on hover. */
export function ByteCount({ bytes }: { readonly bytes: number }) {
  return <span title={`${formatInteger(bytes)} bytes`}>{formatBytes(bytes)}</span>;
}

import { formatBytes } from '../../core/index.ts';
import { formatByteCount } from './numbers.ts';

/** A number of bytes, rounded; the exact one is shown on hover. */
export function Bytes({ of }: { readonly of: number }) {
  return <span title={formatByteCount(of)}>{formatBytes(of)}</span>;
}

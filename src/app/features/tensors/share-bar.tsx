import { useMemo } from 'react';
import { styled } from '../../parts/set-style.ts';

interface ShareBarProps {
  readonly bytes: number;
  /** Bytes of all that is listed. */
  readonly of: number;
}

/** How much of what is listed a row holds, drawn behind its number of bytes. The cell's title says it in words. */
export function ShareBar({ bytes, of }: ShareBarProps) {
  const width = of > 0 ? (100 * bytes) / of : 0;
  const place = useMemo(() => styled({ width: `${width}%` }), [width]);
  return <span className="share-bar" aria-hidden="true" ref={place} />;
}

/** `12.3 % of the bytes listed`. */
export function shareWords(bytes: number, of: number): string {
  const percent = of > 0 ? (100 * bytes) / of : 0;
  const text = percent > 0 && percent < 0.01 ? 'less than 0.01' : String(Number(percent.toPrecision(3)));
  return `${text} % of the bytes listed`;
}

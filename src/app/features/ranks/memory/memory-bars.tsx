import type { MemoryReport } from '../../../../core/index.ts';
import { formatBand } from './memory-format.ts';

import { termColour } from './term-colours.ts';

/** One bar for each set-up: the low end of each term, then the band to the high end as hatching, and the capacity as a line. */
export function MemoryBars({ reports }: { readonly reports: readonly MemoryReport[] }) {
  const widest = Math.max(...reports.flatMap(({ high, capacity }) => [high, capacity]), 1) * 1.06;
  const of = (value: number) => (value / widest) * 1000;
  return (
    <div className="memory-bars">
      {reports.map((report, at) => {
        let from = 0;
        const { low, high, capacity, terms } = report;
        return (
          <svg
            key={at === 0 ? 'first' : 'beside'}
            viewBox="0 0 1000 48"
            preserveAspectRatio="none"
            role="img"
            aria-label={`${formatBand(report)} GB of ${capacity.toFixed(1)} GB`}
          >
            <defs>
              <pattern id={`band-${at}`} width="6" height="6" patternUnits="userSpaceOnUse">
                <path d="M0 6 L6 0" className="band-line" />
              </pattern>
            </defs>
            <rect width="1000" height="40" className="bar-ground" />
            {terms.map((term) => {
              const start = from;
              from += term.low;
              return (
                <rect
                  key={term.name}
                  x={of(start)}
                  width={of(term.low)}
                  height="40"
                  className="term"
                  fill={termColour(term.name)}
                >
                  <title>{`${term.name}: ${formatBand(term)} GB`}</title>
                </rect>
              );
            })}
            <rect x={of(low)} width={of(high - low)} height="40" fill={`url(#band-${at})`} className="band">
              <title>{`Between ${low.toFixed(1)} and ${high.toFixed(1)} GB`}</title>
            </rect>
            <rect x={of(capacity) - 1} width="2" height="48" className="capacity" />
          </svg>
        );
      })}
      <p className="quiet small">
        Solid: the low estimate of each term. Hatched: up to the high estimate. Red line: the memory of one GPU.
      </p>
    </div>
  );
}

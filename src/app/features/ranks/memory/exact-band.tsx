import type { Term } from '../../../../core/index.ts';
import { formatBand } from './memory-format.ts';

/** GB of a term or of a whole GPU, rounded to 0.1; megabytes on hover. */
export function ExactBand({ low, high }: Pick<Term, 'low' | 'high'>) {
  const exact = low === high ? high.toFixed(3) : `${low.toFixed(3)} to ${high.toFixed(3)}`;
  return <span title={`${exact} GB`}>{formatBand({ low, high })}</span>;
}

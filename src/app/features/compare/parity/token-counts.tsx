import type { ParityJson } from '../../../../core/index.ts';
import { styled } from '../../../parts/set-style.ts';

/** How often each expert and each rank was chosen: bars, with the numbers as text. */
export function TokenCounts({ report }: { readonly report: ParityJson }) {
  const { tokensPerExpert, tokensPerRank, topK, tokens } = report;
  const idle = tokensPerExpert.filter((count) => count === 0).length;
  return (
    <div className="parity-counts">
      <Bars
        name="Tokens per expert"
        counts={tokensPerExpert}
        words={`${tokens} tokens × ${topK} experts; ${idle === 0 ? 'every expert got tokens' : `${idle} of ${tokensPerExpert.length} experts got no token`}`}
        each="Expert"
      />
      <Bars
        name="Per rank"
        counts={tokensPerRank}
        words={`${tokensPerRank.length} ranks: ${listed(tokensPerRank)}`}
        each="Rank"
      />
    </div>
  );
}

/** As many numbers as a line holds. */
const LISTED = 16;

function listed(counts: readonly number[]): string {
  return counts.length > LISTED ? `${Math.min(...counts)} to ${Math.max(...counts)} each` : counts.join(', ');
}

interface BarsProps {
  readonly name: string;
  readonly counts: readonly number[];
  readonly words: string;
  readonly each: string;
}

function Bars({ name, counts, words, each }: BarsProps) {
  const most = Math.max(1, ...counts);
  return (
    <figure className="parity-bars">
      <figcaption>
        <strong>{name}</strong> <span className="quiet">{words}</span>
      </figcaption>
      <div className="columns" role="img" aria-label={`${name}: ${words}`}>
        {counts.map((count, at) => (
          <span
            // biome-ignore lint/suspicious/noArrayIndexKey: an expert is its place
            key={at}
            className={count === 0 ? 'column none' : 'column'}
            title={`${each} ${at}: ${count}`}
            ref={styled({ '--part': String(count / most) })}
          />
        ))}
      </div>
    </figure>
  );
}

import { VERDICT_WORDS, type Verdict } from '../../core/index.ts';
import './verdict-badge.css';

/** Drawn on 16 × 16; each verdict has another shape, so that colour is never the only cue. */
const MARKS: Readonly<Record<Verdict, string>> = {
  loads: 'M3 8.5 6.5 12 13 4.5',
  'loads-converting': 'M2.5 6H12M9 3l3 3-3 3M13.5 11H4M7 8.5 4 11l3 2.5',
  partial: 'M8 2 15 14H1ZM8 6.5v3.5M8 11.5v1',
  'wrong-values': 'M3 6h10M3 10h10M10.5 2.5l-5 11',
  refuses: 'M4 4l8 8M12 4l-8 8',
  unknown: 'M5.5 5.5a2.5 2.5 0 1 1 3.6 2.2c-.8.4-1.1.9-1.1 1.8M8 11.8v1',
};

/** The mark of a verdict alone: say the verdict in words beside it. */
export function VerdictMark({ verdict }: { readonly verdict: Verdict }) {
  return (
    <svg viewBox="0 0 16 16" aria-hidden="true">
      <path d={MARKS[verdict]} />
    </svg>
  );
}

/** A verdict as a mark and a word. */
export function VerdictBadge({ verdict }: { readonly verdict: Verdict }) {
  return (
    <span className="load-verdict" data-verdict={verdict}>
      <VerdictMark verdict={verdict} />
      {VERDICT_WORDS[verdict]}
    </span>
  );
}

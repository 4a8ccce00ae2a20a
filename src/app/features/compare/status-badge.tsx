import { type CompareStatus, STATUS_WORDS } from '../../../core/index.ts';
import { STATUS_MEANINGS } from './status-labels.ts';

/** Drawn on 16 × 16; each status has its own shape, so that no meaning depends on colour. */
const MARKS: Readonly<Record<CompareStatus, string>> = {
  same: 'M3 6h10M3 10h10',
  moved: 'M2.5 8H13M9 4l4 4-4 4',
  renamed: 'M3 13l.8-3.2 7-7 2.4 2.4-7 7L3 13zM9.500 4.300l2.400 2.400',
  reshaped: 'M2.500 2.500h7v7h-7zM9.500 6.500h4v7h-7v-4',
  'dtype-changed': 'M3 4h10M8 4v9',
  'shape-changed': 'M2.500 2.500h4v11h-4zM10 8h3.500v5.500H10z',
  'value-changed': 'M3 6h10M3 10h10M11 2.500l-6 11',
  'only-left': 'M2.500 3h4.500v10H2.500zM10 8h1M13 8h.5',
  'only-right': 'M9 3h4.500v10H9zM2.500 8h1M5.500 8h.5',
};

/** A status as a mark and a word. */
export function StatusBadge({ status }: { readonly status: CompareStatus }) {
  return (
    <span className="status-badge" data-status={status} title={STATUS_MEANINGS[status]}>
      <StatusMark status={status} />
      {STATUS_WORDS[status]}
    </span>
  );
}

/** Only the mark, for places where the word is next to it. */
export function StatusMark({ status }: { readonly status: CompareStatus }) {
  return (
    <svg viewBox="0 0 16 16" aria-hidden="true" className="status-mark" data-status={status}>
      <path d={MARKS[status]} />
    </svg>
  );
}

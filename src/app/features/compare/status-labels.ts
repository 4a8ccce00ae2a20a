import type { Proof } from '../../../../workers/compare/protocol.ts';
import { type CompareStatus, STATUS_WORDS } from '../../../core/index.ts';

/** What each status means, in a sentence. */
export const STATUS_MEANINGS: Readonly<Record<CompareStatus, string>> = {
  same: 'Same name, dtype and sizes, at the same place of the same file.',
  moved: 'Same name, dtype and sizes; in another file, or at another place in it.',
  renamed: 'Same dtype and sizes under another name.',
  reshaped: 'The same numbers by meaning, in another tensor or another order.',
  'dtype-changed': 'Stored in another dtype.',
  'shape-changed': 'Other sizes, which no layout explains.',
  'value-changed': 'Other numbers.',
  'only-left': 'There is nothing on the right that means the same.',
  'only-right': 'There is nothing on the left that means the same.',
};

/** What is known of the numbers. */
export const PROOF_LABELS: Readonly<Record<Proof, string>> = {
  none: 'not compared',
  equal: 'equal bytes',
  cast: 'equal after a cast',
  different: 'different',
  skipped: 'not comparable',
};

/** `reshaped, equal bytes`. */
export function statusLabel(status: CompareStatus, proof: Proof): string {
  return proof === 'none' ? STATUS_WORDS[status] : `${STATUS_WORDS[status]}, ${PROOF_LABELS[proof]}`;
}

/** One colour each, apart with every kind of colour blindness; a mark and a word always stand beside them. */
export const STATUS_COLOURS: Readonly<Record<CompareStatus, string>> = {
  same: '#8b8b8b',
  moved: '#56b4e9',
  renamed: '#0072b2',
  reshaped: '#44aa99',
  'dtype-changed': '#e69f00',
  'shape-changed': '#cc79a7',
  'value-changed': '#b3440f',
  'only-left': '#6a51a3',
  'only-right': '#d9cb3c',
};
export const PROVEN_COLOUR = '#117755';
/** Of experts whose layer the other side does not have. */
export const ALONE_COLOUR = '#c2c8d2';

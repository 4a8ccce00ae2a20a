import type { Proof } from '../../../../workers/compare/protocol.ts';
import { type CompareStatus, STATUS_WORDS } from '../../../core/index.ts';

/** The meaning of each status in one sentence. */
export const STATUS_MEANINGS: Readonly<Record<CompareStatus, string>> = {
  same: 'Same name, dtype and sizes, at the same position of the same file.',
  moved: 'Same name, dtype and sizes, in another file or at another position.',
  renamed: 'Same dtype and sizes, another name.',
  reshaped: 'The same weights, stored in another tensor or another order.',
  'dtype-changed': 'The dtype differs.',
  'shape-changed': 'The sizes differ, and no layout explains it.',
  'value-changed': 'The values differ.',
  'only-left': 'The right side has no match for it.',
  'only-right': 'The left side has no match for it.',
};

/** The result of comparing values. */
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

/** One colour for each status, distinct under every kind of colour blindness. A mark and a word are always next to it. */
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
/** The colour of experts in layers that the other side does not have. */
export const ALONE_COLOUR = '#c2c8d2';

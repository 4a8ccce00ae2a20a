import { type ErrorTag, LoomError } from '../errors.ts';
import { formatInteger } from '../units.ts';

/**
 * Most tensors of one file: a tab that shows so many takes 340 MB. Known checkpoints have 497,000 at most (Kimi K3), over 163
 * shards; 100 MB of the shortest entries are 1.4 million.
 */
export const MAX_HEADER_TENSORS = 300_000;

/** Most tensors of one index. The largest index known (Kimi K3) has 497,000; 240 MB could name ten million. */
export const MAX_INDEX_TENSORS = 500_000;

const WORDS = {
  'header-too-large': {
    what: 'The header',
    whole: 'one file',
    wayOn: 'Save the checkpoint in several shards.',
  },
  'index-weight-map-invalid': {
    what: 'weight_map',
    whole: 'an index',
    wayOn: 'Read the shards without the index (--no-index on the command line).',
  },
} as const satisfies Partial<Record<ErrorTag, unknown>>;

/** The refusal of a header or an index that names more than `most` tensors; without `where`, of one that is to be written. */
export function tooManyTensors(
  tag: keyof typeof WORDS,
  most: number,
  where?: { readonly file: string; readonly byte: number },
): LoomError {
  const { what, whole, wayOn } = WORDS[tag];
  const place = where ? ` (byte ${where.byte} of ${where.file})` : '';
  const message = `${what} names more than ${formatInteger(most)} tensors, the most that is read from ${whole}${place}. ${wayOn}`;
  return new LoomError(tag, message, where ?? {});
}

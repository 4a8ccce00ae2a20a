import { plural } from '../units.ts';

/** Which source files were held to the hash that their source states for them. */
export interface SourceHashes {
  /** SHA-256 of the whole file is what the source states. */
  readonly checked: readonly string[];
  /** The others that weights came from: nothing is stated, or only a part was read. */
  readonly unchecked: readonly string[];
  /** Of `unchecked`, those for which the source does state a hash. */
  readonly partlyRead: readonly string[];
}

/** Names that a sentence holds. */
const NAMED = 3;

/** What a report proves of the source itself, and what it does not: sentences for people. */
export function describeSourceHashes({ checked, unchecked, partlyRead }: SourceHashes): string {
  const known = `${plural(checked.length, 'file')} of the source ${checked.length === 1 ? 'has' : 'have'} the sha256 that it states`;
  const silent = unchecked.filter((name) => !partlyRead.includes(name));
  const sentences = [
    ...(checked.length > 0 ? [`What was read is what the source holds out: ${known}.`] : []),
    ...(partlyRead.length > 0
      ? [`Not held to the sha256 that the source states, for only parts were read: ${namesOf(partlyRead)}.`]
      : []),
    ...(silent.length > 0
      ? [
          `The source states no sha256 for ${namesOf(silent)}: the output is proven equal to what was read, and no more is known of that.`,
        ]
      : []),
  ];
  return sentences.join(' ');
}

function namesOf(names: readonly string[]): string {
  const more = names.length - NAMED;
  return names.slice(0, NAMED).join(', ') + (more > 0 ? ` and ${plural(more, 'more file')}` : '');
}

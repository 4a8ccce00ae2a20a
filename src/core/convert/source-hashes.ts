import { plural } from '../units.ts';

/** Which source files were checked against the SHA-256 that the source states for them. */
export interface SourceHashes {
  /** Names of files whose SHA-256 is the stated one. */
  readonly checked: readonly string[];
  /** The other files that weights were read from: no hash is stated, or only a part was read. */
  readonly unchecked: readonly string[];
  /** Those of `unchecked` for which a hash is stated. */
  readonly partlyRead: readonly string[];
}

/** Most names in one sentence. */
const NAMED = 3;

/** Sentences that say which source files were checked against a stated hash, which were not, and what follows. */
export function describeSourceHashes({ checked, unchecked, partlyRead }: SourceHashes): string {
  const silent = unchecked.filter((name) => !partlyRead.includes(name));
  const match = checked.length === 1 ? 'matches' : 'match';
  return [
    ...(checked.length > 0
      ? [`${plural(checked.length, 'source file')} ${match} the sha256 that the source states.`]
      : []),
    ...(partlyRead.length > 0
      ? [`Not checked against the stated sha256, because only parts were read: ${namesOf(partlyRead)}.`]
      : []),
    ...(silent.length > 0
      ? [
          `The source states no sha256 for ${namesOf(silent)}. The output is proven equal to the bytes that were read; whether these are the published bytes was not checked.`,
        ]
      : []),
  ].join(' ');
}

function namesOf(names: readonly string[]): string {
  const more = names.length - NAMED;
  return names.slice(0, NAMED).join(', ') + (more > 0 ? ` and ${plural(more, 'more file')}` : '');
}

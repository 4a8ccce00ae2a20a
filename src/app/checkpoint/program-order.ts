import type { LoadVerdict } from '../../../workers/inspect/protocol.ts';
import { USES, type Use, type VerdictCounts, verdictSentence } from '../../core/index.ts';

type Listed = Pick<LoadVerdict, 'id' | 'use'>;

/** Programs under one heading of a list. */
export interface ProgramGroup<V extends Listed> {
  readonly key: 'pinned' | Use;
  readonly title: string;
  readonly programs: readonly V[];
}

const TITLES: Readonly<Record<Use, string>> = {
  widely: 'Widely used',
  specialised: 'Specialised',
  fork: 'Forks and add-ons',
};

/** Programs as every list of the app shows them: pinned first, in the order of pinning, then widely used ones, forks last. */
export function programGroups<V extends Listed>(verdicts: readonly V[], pinned: readonly string[]): ProgramGroup<V>[] {
  const mine = pinned.flatMap((id) => verdicts.filter((each) => each.id === id));
  const others = verdicts.filter((each) => !mine.includes(each));
  const groups: readonly ProgramGroup<V>[] = [
    { key: 'pinned', title: 'Pinned', programs: mine },
    ...USES.map((use) => ({ key: use, title: TITLES[use], programs: others.filter((each) => each.use === use) })),
  ];
  return groups.filter(({ programs }) => programs.length > 0);
}

/** The programs of the reader: the pinned ones, or the widely used ones where none is pinned. */
export function ownPrograms<V extends Listed>(verdicts: readonly V[], pinned: readonly string[]): readonly V[] {
  const [first] = programGroups(verdicts, pinned);
  return first?.programs ?? [];
}

/** A verdict with the numbers of its names. */
export function countsOf({ verdict, missing, unexpected, mismatched }: LoadVerdict): VerdictCounts {
  return { verdict, missing: missing.count, unexpected: unexpected.count, mismatched: mismatched.count };
}

/** What a program does with the checkpoint, in one sentence. */
export function sentenceOf(verdict: LoadVerdict): string {
  return verdictSentence(countsOf(verdict));
}

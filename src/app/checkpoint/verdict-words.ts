import type { LoadVerdict, NameKind } from '../../../workers/inspect/protocol.ts';
import { type EvidenceKind, plural, type Verdict } from '../../core/index.ts';

/** Verdicts in words. */
export const VERDICT_WORDS: Readonly<Record<Verdict, string>> = {
  partial: 'Partial',
  refuses: 'Refuses',
  unknown: 'Unknown',
  'loads-converting': 'Loads, converting',
  loads: 'Loads',
};

/** The most dangerous first: what starts without a word costs more than what stops with an error. */
export const VERDICT_ORDER = Object.keys(VERDICT_WORDS) as readonly Verdict[];

/** How a claim is known, in words. */
export const EVIDENCE_WORDS: Readonly<Record<EvidenceKind, string>> = {
  run: 'Run',
  source: 'Read in source',
  reported: 'Reported',
  unverified: 'Unverified',
};

/** What each list of names means. */
export const NAME_KINDS: Readonly<Record<NameKind, { readonly word: string; readonly meaning: string }>> = {
  missing: { word: 'missing', meaning: 'the model has them, this checkpoint does not' },
  unexpected: { word: 'unexpected', meaning: 'this checkpoint has them, the model does not' },
  mismatched: { word: 'mismatched', meaning: 'in both, but not of one shape' },
};

/** True for a verdict that leaves every expert as it was trained. */
export function isGoodVerdict({ verdict }: Pick<LoadVerdict, 'verdict'>): boolean {
  return verdict === 'loads' || verdict === 'loads-converting';
}

/** Verdicts, the worst first; those of one kind keep their order. */
export function worstFirst(verdicts: readonly LoadVerdict[]): LoadVerdict[] {
  return VERDICT_ORDER.flatMap((wanted) => verdicts.filter(({ verdict }) => verdict === wanted));
}

/** What happens, in one sentence. */
export function sentenceOf(verdict: LoadVerdict): string {
  const { missing, unexpected, mismatched } = verdict;
  switch (verdict.verdict) {
    case 'loads':
      return 'Takes every expert as it is stored.';
    case 'loads-converting':
      return 'Rearranges the experts while loading; none is lost.';
    case 'partial':
      return partialSentence(missing.count, unexpected.count);
    case 'refuses':
      return `Stops with an error${refusedBy(missing.count, unexpected.count, mismatched.count)}.`;
    case 'unknown':
      return 'Nobody has shown what it makes of this layout.';
  }
}

function partialSentence(missing: number, unexpected: number): string {
  if (missing > 0)
    return `Starts without an error; ${plural(missing, 'expert tensor')} ${missing === 1 ? 'is' : 'are'} random.`;
  if (unexpected > 0)
    return `Starts without an error; ${plural(unexpected, 'tensor')} ${unexpected === 1 ? 'is' : 'are'} dropped.`;
  return 'Starts without an error; experts are random or dropped.';
}

function refusedBy(missing: number, unexpected: number, mismatched: number): string {
  if (mismatched > 0) return `: ${plural(mismatched, 'tensor')} of another shape than it expects`;
  if (unexpected > 0) return `: ${plural(unexpected, 'name')} that it does not know`;
  if (missing > 0) return `: ${plural(missing, 'tensor')} that it does not find`;
  return ' before anything runs';
}

/** How many load it, and what the others do. */
export function summaryOf(verdicts: readonly LoadVerdict[]): { readonly good: string; readonly rest: string } {
  const of = (wanted: Verdict) => verdicts.filter(({ verdict }) => verdict === wanted);
  const good = verdicts.filter(isGoodVerdict).length;
  const refusing = of('refuses').length;
  const unknown = of('unknown').length;
  const parts = [
    ...(refusing === 0 ? [] : [`${refusing} ${refusing === 1 ? 'refuses' : 'refuse'} it with an error`]),
    ...(unknown === 0 ? [] : [`of ${unknown} nothing is known`]),
  ];
  return { good: `${good} of ${verdicts.length} load it`, rest: parts.join(', ') };
}

/** What a partial load leaves the experts as. */
export function damageOf(partial: readonly LoadVerdict[]): string {
  return partial.every(({ missing }) => missing.count > 0) ? 'random experts' : 'experts random or dropped';
}

/** Who starts with random experts, as a sentence; null when nobody does. */
export function silentOnes(verdicts: readonly LoadVerdict[]): string | null {
  const partial = verdicts.filter(({ verdict }) => verdict === 'partial');
  const names = partial.map(({ title }) => title);
  const damage = damageOf(partial);
  const last = names.at(-1);
  if (last === undefined) return null;
  if (names.length === 1) return `${last} starts with ${damage}, without an error.`;
  return `${names.slice(0, -1).join(', ')} and ${last} start with ${damage}, without an error.`;
}

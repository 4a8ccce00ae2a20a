import { plural } from '../units.ts';
import { isGood } from './predict.ts';
import type { EvidenceKind, ProgramVerdict, Verdict } from './types.ts';

/** Verdicts in words. The order is that of danger: damage without an error costs more than an error. */
export const VERDICT_WORDS: Readonly<Record<Verdict, string>> = {
  partial: 'Wrong weights',
  'wrong-values': 'Wrong values',
  refuses: 'Fails',
  unknown: 'Not known',
  'loads-converting': 'Loads, converting',
  loads: 'Loads',
};

/** The most dangerous verdict first. */
export const VERDICT_ORDER = Object.keys(VERDICT_WORDS) as readonly Verdict[];

/** How a verdict is known, in words. */
export const EVIDENCE_WORDS: Readonly<Record<EvidenceKind, string>> = {
  run: 'Run',
  source: 'Read in source',
  reported: 'Reported',
  unverified: 'Unverified',
};

/** A verdict with the numbers of names that the program would report. */
export interface VerdictCounts extends Pick<ProgramVerdict, 'verdict'> {
  readonly missing: number;
  readonly unexpected: number;
  readonly mismatched: number;
}

/**
 * The verdict with the numbers of missing, unexpected and mismatched tensors.
 *
 * @example
 * ```ts
 * import { openCheckpoint } from 'moe-loom/layouts';
 * import { predictLoads, verdictCounts } from 'moe-loom/loads';
 * import { openFolder } from 'moe-loom/node';
 * const [first] = predictLoads(await openCheckpoint(await openFolder('model')));
 * console.log(verdictCounts(first)); // → { verdict: 'loads-converting', missing: 0, unexpected: 0, mismatched: 0 }
 * ```
 */
export function verdictCounts({ verdict, missing, unexpected, mismatched }: ProgramVerdict): VerdictCounts {
  return { verdict, missing: missing.length, unexpected: unexpected.length, mismatched: mismatched.length };
}

/**
 * What a program does with the checkpoint, in one sentence.
 *
 * @example
 * ```ts
 * import { openCheckpoint } from 'moe-loom/layouts';
 * import { predictLoads, verdictCounts, verdictSentence } from 'moe-loom/loads';
 * import { openFolder } from 'moe-loom/node';
 * const [first] = predictLoads(await openCheckpoint(await openFolder('model')));
 * console.log(verdictSentence(verdictCounts(first))); // → It rearranges the experts while it loads them. No weight is lost.
 * ```
 */
export function verdictSentence(counts: VerdictCounts): string {
  switch (counts.verdict) {
    case 'loads':
      return 'It loads all weights as they are stored.';
    case 'loads-converting':
      return 'It rearranges the experts while it loads them. No weight is lost.';
    case 'partial':
      return partialSentence(counts);
    case 'wrong-values':
      return 'It loads without an error, but with wrong values in the experts.';
    case 'refuses':
      return `It stops with an error${reasonOf(counts)}.`;
    case 'unknown':
      return 'No test and no source code shows what it does with this layout.';
  }
}

function partialSentence({ missing, unexpected }: VerdictCounts): string {
  const start = 'It starts without an error, but';
  if (missing > 0)
    return `${start} ${plural(missing, 'expert tensor')} ${missing === 1 ? 'has' : 'have'} random values.`;
  if (unexpected > 0) return `${start} ${plural(unexpected, 'tensor')} ${unexpected === 1 ? 'is' : 'are'} dropped.`;
  return `${start} experts have random values or are dropped.`;
}

function reasonOf({ missing, unexpected, mismatched }: VerdictCounts): string {
  if (mismatched > 0)
    return `: ${plural(mismatched, 'tensor')} ${mismatched === 1 ? 'has' : 'have'} an unexpected shape`;
  if (unexpected > 0) return `: it does not know ${plural(unexpected, 'name')}`;
  if (missing > 0) return `: it does not find ${plural(missing, 'tensor')}`;
  return ' before it runs';
}

/** How many programs load it, and what the others do; `rest` is empty where nothing is to be said. */
export function loadsSummary(verdicts: readonly Pick<ProgramVerdict, 'verdict'>[]): {
  readonly good: string;
  readonly rest: string;
} {
  const count = (wanted: Verdict) => verdicts.filter(({ verdict }) => verdict === wanted).length;
  const good = verdicts.filter(isGood).length;
  const [partial, failing, unknown] = [count('partial') + count('wrong-values'), count('refuses'), count('unknown')];
  const parts = [
    ...(partial === 0 ? [] : [`${partial} ${partial === 1 ? 'starts' : 'start'} with wrong weights`]),
    ...(failing === 0 ? [] : [`${failing} ${failing === 1 ? 'fails' : 'fail'} with an error`]),
    ...(unknown === 0 ? [] : [`${unknown} ${unknown === 1 ? 'is' : 'are'} not known`]),
  ];
  return { good: `${good} of ${verdicts.length} programs load it`, rest: parts.join(', ') };
}

/** `vLLM, MLX and SGLang`. */
export function namesInWords(names: readonly string[]): string {
  const last = names.at(-1) ?? '';
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} and ${last}`;
}

/** True for a verdict of experts that are wrong without an error. */
export function isDamaged({ verdict }: Pick<ProgramVerdict, 'verdict'>): boolean {
  return verdict === 'partial' || verdict === 'wrong-values';
}

/** Which programs start with wrong weights, as a sentence; null where none does. `missing`: how many tensors each does not find. */
export function damagedPrograms(
  verdicts: readonly (Pick<ProgramVerdict, 'verdict' | 'title'> & { readonly missing: number })[],
): string | null {
  const damaged = verdicts.filter(isDamaged);
  if (damaged.length === 0) return null;
  const one = damaged.length === 1;
  const names = namesInWords(damaged.map(({ title }) => title));
  const partial = damaged.filter(({ verdict }) => verdict === 'partial');
  const random = partial.every(({ missing }) => missing > 0) ? 'random' : 'random or dropped';
  const owner = one ? 'its' : 'their';
  const what = partial.length === 0 ? 'experts have wrong values' : `expert weights are ${random}`;
  const also = partial.length > 0 && partial.length < damaged.length ? ', or have wrong values' : '';
  return `${names} ${one ? 'starts' : 'start'} without an error, but ${owner} ${what}${also}.`;
}

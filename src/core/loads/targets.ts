import type { TargetLayout } from '../layouts/types.ts';
import { isGood } from './predict.ts';
import type { ProgramVerdict, Verdict } from './types.ts';

type Judged = Pick<ProgramVerdict, 'id' | 'verdict'>;

/** What programs are predicted to do with the result of one conversion. */
export interface TargetOutcome {
  readonly target: TargetLayout;
  /** Null where the checkpoint cannot be converted to it. */
  readonly verdicts: readonly Judged[] | null;
}

/** What programs do with a checkpoint as it is. */
export interface CurrentLoads {
  /** The family of its layout, which may be no target. */
  readonly layout: string;
  readonly verdicts: readonly (Judged & Pick<ProgramVerdict, 'cure'>)[];
}

/** The layout to convert to for one program, and what the program then does. */
export interface ProgramTarget {
  readonly target: TargetLayout;
  readonly verdict: Extract<Verdict, 'loads' | 'loads-converting'>;
}

/**
 * The layout to convert to so that a program loads the result; null where no layout of `outcomes` does that.
 *
 * A layout that the program reads as it is comes before one that it rearranges. Of equals: the conversion that its
 * verdict names, the layout that the checkpoint has, the one that most programs load, the first.
 */
export function targetForProgram(
  id: string,
  current: CurrentLoads,
  outcomes: readonly TargetOutcome[],
): ProgramTarget | null {
  const cure = current.verdicts.find((each) => each.id === id)?.cure ?? null;
  const fitting = outcomes.flatMap(({ target, verdicts }) => {
    const verdict = verdicts?.find((each) => each.id === id)?.verdict;
    if (!verdicts || (verdict !== 'loads' && verdict !== 'loads-converting')) return [];
    const marks = [verdict === 'loads', target === cure, target === current.layout].map(Number);
    return [{ target, verdict, marks: [...marks, countGood(verdicts)] }];
  });
  const [best] = fitting.sort((a, b) => compareMarks(b.marks, a.marks));
  return best ? { target: best.target, verdict: best.verdict } : null;
}

/** True where no other conversion can be better for a program than one that was found: not all need be known then. */
export function isFinalTarget(id: string, { layout, verdicts }: CurrentLoads, found: ProgramTarget): boolean {
  const cure = verdicts.find((each) => each.id === id)?.cure ?? null;
  return found.verdict === 'loads' && found.target === (cure ?? layout);
}

/** Negative, 0 or positive as the first mark that differs says. */
function compareMarks(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((mark, index) => mark !== b[index]);
  return at === -1 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
}

/** How many of these programs load it with every expert as it was trained. */
export function countGood(verdicts: readonly Pick<ProgramVerdict, 'verdict'>[]): number {
  return verdicts.filter(isGood).length;
}

/** The conversions that may be preselected, best first: those after which a `wanted` program loads what it does not load now. */
export function preselectable(wanted: readonly string[], { verdicts }: CurrentLoads): readonly TargetLayout[] {
  const cures = wanted.flatMap((id) => verdicts.find((each) => each.id === id)?.cure ?? []);
  return [...new Set(cures)];
}

/**
 * The conversion to preselect; null where there is none. It is one of `preselectable`, and at least as many programs load
 * its result as load the checkpoint now.
 */
export function preselectedTarget(
  wanted: readonly string[],
  current: CurrentLoads,
  outcomes: readonly TargetOutcome[],
): TargetLayout | null {
  const now = countGood(current.verdicts);
  const keeps = preselectable(wanted, current).find((target) => {
    const verdicts = outcomes.find((outcome) => outcome.target === target)?.verdicts;
    return verdicts != null && countGood(verdicts) >= now;
  });
  return keeps ?? null;
}

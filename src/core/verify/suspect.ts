import { type Budget, createBudget } from '../budget.ts';
import { detectLayout } from '../layouts/detect.ts';
import type { LayerGroup } from '../layouts/types.ts';
import { MISTAKES, type Mistake, type MistakeKind } from './mistakes.ts';
import { contentsOf, isKnown } from './pairs.ts';
import { createReader, type VerifySide } from './reading.ts';
import { type PrintTable, printGroup } from './tables.ts';
import { expertsName, joined, layerName } from './wording.ts';

export interface SuspectOptions {
  /** Prefixes of the layer groups to look at; all when left out. */
  readonly prefixes?: readonly string[] | undefined;
  readonly budget?: Budget | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** What one checkpoint's values say of themselves, and what they cannot say. */
export interface SuspectFindings {
  readonly findings: readonly Mistake[];
  readonly unknowable: string;
}

/** What no look at a checkpoint alone can tell. */
export const UNKNOWABLE =
  'Without the original nobody can tell whether the experts stand in the right order, whether gate and up are swapped, or whether an expert is of another layer or model: names, shapes and dtypes are the same either way.';

/**
 * Looks for experts that are equal or all zero, with nothing but the checkpoint itself; reads every expert once.
 *
 * Progress counts layers.
 */
export async function suspectFindings(
  { checkpoint, files }: VerifySide,
  options: SuspectOptions = {},
): Promise<SuspectFindings> {
  const { signal, prefixes, onProgress } = options;
  const groups = detectLayout(checkpoint).groups.filter(
    (group) => group.kind !== 'dense' && isKnown(group) && (prefixes?.includes(group.prefix) ?? true),
  );
  const reader = createReader({ checkpoint, files }, signal);
  const findings: Mistake[] = [];
  const budget = options.budget ?? createBudget();
  try {
    for (const [done, group] of groups.entries()) {
      const table = await printGroup(reader, group, contentsOf(group), { budget, signal });
      findings.push(...zeroExperts(group, table), ...equalExperts(group, table));
      onProgress?.(done + 1, groups.length);
    }
  } finally {
    await reader.dispose();
  }
  return { findings, unknowable: UNKNOWABLE };
}

/** Experts of which every weight is 0. */
function zeroExperts(group: LayerGroup, table: PrintTable): Mistake[] {
  const experts = numbers(group).filter((expert) => isZero(table, expert));
  if (experts.length === 0) return [];
  const names = expertsName(experts, group.experts ?? 0);
  return [finding('zeros', group, experts, `${names} ${experts.length === 1 ? 'is' : 'are'} all zero`)];
}

function equalExperts(group: LayerGroup, table: PrintTable): Mistake[] {
  const sets = new Map<string, number[]>();
  for (const expert of numbers(group)) {
    if (isZero(table, expert)) continue;
    const key = [...table.values()].map((prints) => prints[expert]?.hash).join();
    sets.set(key, [...(sets.get(key) ?? []), expert]);
  }
  return [...sets.values()]
    .filter((experts) => experts.length > 1)
    .map((experts) => finding('experts-equal', group, experts, `experts ${joined(experts.map(String))} are equal`));
}

function numbers(group: LayerGroup): number[] {
  return Array.from({ length: group.experts ?? 0 }, (_, expert) => expert);
}

function isZero(table: PrintTable, expert: number): boolean {
  return [...table].filter(([key]) => !key.endsWith(' bias')).every(([, prints]) => prints[expert]?.zeros === true);
}

function finding(kind: MistakeKind, group: LayerGroup, experts: readonly number[], what: string): Mistake {
  const projections = [...new Set(contentsOf(group).map((content) => content.projection))];
  const { prefix, index: layer } = group;
  const message = `${layerName(group)}: ${what}.`;
  return { kind, prefix, layer, experts, projections, tensor: null, place: null, message, cure: MISTAKES[kind].cure };
}

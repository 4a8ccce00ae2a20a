import type { GroupStep } from '../../../../core/index.ts';

/** Layer groups that go through the same operations. */
export interface Chain {
  readonly layers: string;
  readonly count: number;
  readonly from: string;
  readonly to: string | null;
  readonly operations: readonly string[];
  readonly mtp: boolean;
}

/** Joins the groups of a plan that are treated alike, in the order of their first layer. */
export function chainsOf(groups: readonly GroupStep[]): Chain[] {
  const alike = new Map<string, GroupStep[]>();
  for (const group of groups) {
    const key = [group.from, group.to, group.kind, ...group.operations].join(' ');
    alike.set(key, [...(alike.get(key) ?? []), group]);
  }
  return [...alike.values()].flatMap((members) => {
    const [first] = members;
    if (!first) return [];
    const { from, to, operations, kind } = first;
    return [{ layers: layersOf(members), count: members.length, from, to, operations, mtp: kind === 'mtp' }];
  });
}

/** `0–2, 5`, or the prefixes where layers have no numbers. */
function layersOf(groups: readonly GroupStep[]): string {
  const numbers = groups.flatMap((group) => (group.index === null ? [] : [group.index]));
  if (numbers.length !== groups.length) return groups.map((group) => group.prefix).join(', ');
  const runs: [number, number][] = [];
  for (const number of [...numbers].sort((a, b) => a - b)) {
    const run = runs.at(-1);
    if (run && number <= run[1] + 1) run[1] = number;
    else runs.push([number, number]);
  }
  return runs.map(([first, last]) => (first === last ? `${first}` : `${first}–${last}`)).join(', ');
}

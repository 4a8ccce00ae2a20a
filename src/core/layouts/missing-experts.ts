import { nameLayers, stackNames, stackOf } from './layer-names.ts';
import { tensorPlace } from './tensor-place.ts';
import type { CheckpointLayout, LayerGroup } from './types.ts';

/** Gaps and layers that the sentence names before it counts the rest. */
const LIMIT_NAMED = 6;

/**
 * Which experts the routers choose and no tensor holds, in sentences; null where every expert is there.
 *
 * An expert is missing when no tensor of one of its projections is there. A quantised companion alone may be absent: experts
 * of one layer can be quantised differently. Layers of multi-token prediction are left out. `cause`: a finding's sentence
 * that says why, which then comes first.
 */
export function missingExperts(layout: CheckpointLayout, cause?: string): string | null {
  const sparse = layout.groups.filter((group) => group.kind === 'moe');
  const names = stackNames(sparse);
  const alike = new Map<string, LayerGroup[]>();
  for (const group of sparse) {
    const lack = lackOf(group);
    if (lack === null) continue;
    const key = `${stackOf(group)} ${lack}`;
    alike.set(key, [...(alike.get(key) ?? []), group]);
  }
  if (alike.size === 0) return null;
  const lacks = [...alike.values()].map((groups) => {
    const [first] = groups;
    const name = nameLayers(groups, (first && names.get(stackOf(first))) ?? null);
    return `${name} ${groups.length === 1 ? 'lacks' : 'lack'} ${first ? lackOf(first) : ''}`;
  });
  const rest = lacks.length - LIMIT_NAMED;
  const more = rest > 0 ? `; ${rest} more kinds of layers lack experts` : '';
  const named = lacks.slice(0, LIMIT_NAMED).join('; ') + more;
  if (cause !== undefined)
    return `${cause} Experts are missing: ${named}. Ranks cannot hold experts that are missing. Complete the checkpoint.`;
  return `Experts are missing from the files: ${named}. Ranks cannot hold experts that are missing. Complete the checkpoint; if it was pruned, its routers must have as many rows as there are experts.`;
}

function lackOf(group: LayerGroup): string | null {
  // Beyond the config's number nobody looked for holes, so there may be some below an expert that is one too many.
  const missing = group.defects.filter(({ tag }) => tag === 'expert-missing' || tag === 'expert-extra');
  if (missing.length === 0) return null;
  const projections = missing.flatMap(({ projection }) => projection ?? []);
  const whole = projections.map((projection) => `the ${projection} projections`);
  const range = missing.find((defect) => defect.range !== undefined)?.range;
  const gaps = range ? [range] : group.layout?.family === 'per-expert' ? gapsOf(group) : [];
  const all = [...gapWords(gaps), ...whole];
  return all.length === 0 ? null : all.join(' and ');
}

function gapWords(gaps: readonly (readonly [number, number])[]): string[] {
  if (gaps.length === 0) return [];
  const named = gaps
    .slice(0, LIMIT_NAMED)
    .map(([start, end]) => (end - start === 1 ? String(start) : `${start}–${end - 1}`));
  const single = gaps.length === 1 && (gaps[0]?.[1] ?? 0) - (gaps[0]?.[0] ?? 0) === 1;
  const rest = gaps.length - named.length;
  return [`${single ? 'expert' : 'experts'} ${named.join(', ')}${rest > 0 ? ` and ${rest} more gaps` : ''}`];
}

/** Half-open intervals of experts of which some projection is not there; a name may claim any number, so none is counted to. */
function gapsOf({ members, expertTensors, experts }: LayerGroup): (readonly [number, number])[] {
  const names = new Set(expertTensors);
  const present = [...new Set(expertTensors.flatMap((name) => tensorPlace(name).expert ?? []))].sort((a, b) => a - b);
  const projections = [...new Set(members.map(({ projection }) => projection))];
  const whole = present.filter((expert) =>
    projections.every((projection) =>
      members.some((each) => each.projection === projection && names.has(nameOf(each.template, expert))),
    ),
  );
  const gaps: [number, number][] = [];
  let next = 0;
  for (const expert of [...whole, experts ?? 0]) {
    if (expert > next) gaps.push([next, expert]);
    next = Math.max(next, expert + 1);
  }
  return gaps;
}

function nameOf(template: string, expert: number): string {
  return template.replaceAll('{i}', String(expert));
}

import type { Checkpoint } from '../checkpoint/types.ts';
import { withoutConsequences } from '../layouts/consequences.ts';
import { nameLayers, stackNames, stackOf } from '../layouts/layer-names.ts';
import type { CheckpointLayout, LayerGroup } from '../layouts/types.ts';
import type { Refusal } from './types.ts';

/** The refusal of a layer whose experts have a defect: the first one's. */
export function refusalOf(group: LayerGroup): { refusal: Refusal } | null {
  const [defect] = group.defects;
  if (!defect) return null;
  const tag = defect.tag === 'orientation-ambiguous' ? 'orientation-ambiguous' : 'group-defective';
  const { message } = defect;
  return {
    refusal: { tag, message: message.startsWith(`${group.prefix}:`) ? message : `${group.prefix}: ${message}` },
  };
}

/** The refusal of a layer whose experts are not understood. */
export function unreadRefusal({ prefix, reason, defects }: LayerGroup): Refusal {
  const readings = defects.find((each) => each.readings)?.readings;
  const message = `${prefix}: ${reason ?? 'this program does not know how the experts are stored'}`;
  const tag = readings ? 'layout-ambiguous' : 'layout-unknown';
  return { tag, message, group: prefix, ...(readings ? { readings } : {}) };
}

/** Groups without those whose defects a finding about the files explains: where the plan is refused for that finding. */
export function withoutExplained(
  groups: readonly LayerGroup[],
  checkpoint: Checkpoint,
  layout: CheckpointLayout,
): readonly LayerGroup[] {
  const { perGroup } = withoutConsequences(checkpoint, layout);
  const left = new Map(layout.groups.map((group, at) => [group, perGroup[at] ?? []]));
  return groups.flatMap((group) => {
    const defects = left.get(group) ?? group.defects;
    return defects.length === 0 && group.defects.length > 0 ? [] : [{ ...group, defects }];
  });
}

/** Refusals of layers, one for all layers of a stack that are refused for the same reason. */
export function onePerReason(refusals: readonly Refusal[], groups: readonly LayerGroup[]): Refusal[] {
  const byPrefix = new Map(groups.map((group) => [group.prefix, group]));
  const names = stackNames(groups);
  const alike = new Map<string, { readonly first: Refusal; readonly groups: LayerGroup[]; readonly all: Refusal[] }>();
  for (const refusal of refusals) {
    const group = byPrefix.get(refusal.group ?? '');
    const said = refusal.message.replaceAll(group?.prefix ?? '\0', '{layer}');
    const key = `${group ? stackOf(group) : ''} ${refusal.tag} ${said}`;
    const known = alike.get(key) ?? { first: refusal, groups: [], all: [] };
    if (group) known.groups.push(group);
    known.all.push(refusal);
    alike.set(key, known);
  }
  return Array.from(alike.values(), ({ first, groups: own, all }) => {
    const [group] = own;
    if (!group || own.length < 2) return first;
    const needs = all.flatMap((each) => each.needs ?? []);
    const lead = `${group.prefix}: `;
    const rest = first.message.startsWith(lead) ? first.message.slice(lead.length) : first.message;
    const stack = names.get(stackOf(group)) ?? null;
    const message = rest.includes(group.prefix)
      ? `${first.message} The same goes for ${nameLayers(own.slice(1), stack)}.`
      : `${nameLayers(own, stack)}: ${rest}`;
    return { ...first, message, ...(first.needs ? { needs } : {}) };
  });
}

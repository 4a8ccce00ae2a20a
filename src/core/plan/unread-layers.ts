import { nameLayers, stackNames, stackOf } from '../layouts/layer-words.ts';
import type { LayerGroup } from '../layouts/types.ts';
import type { Refusal } from './types.ts';

/** Layers whose experts are not understood, one refusal for all that have the same reason. */
export function unreadRefusals(groups: readonly LayerGroup[]): Refusal[] {
  const names = stackNames(groups);
  const alike = new Map<string, LayerGroup[]>();
  for (const group of groups) {
    const key = `${stackOf(group)} ${group.reason}`;
    alike.set(key, [...(alike.get(key) ?? []), group]);
  }
  return [...alike.values()].flatMap((own): Refusal[] => {
    const [first] = own;
    if (!first) return [];
    const readings = first.defects.find((each) => each.readings)?.readings;
    const where = own.length === 1 ? first.prefix : nameLayers(own, names.get(stackOf(first)) ?? null);
    const message = `${where}: ${first.reason ?? 'the experts are stored in an unknown way'}`;
    const tag = readings ? 'layout-ambiguous' : 'layout-unknown';
    return [{ tag, message, group: first.prefix, ...(readings ? { readings } : {}) }];
  });
}

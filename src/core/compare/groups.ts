import { architectureOf } from '../layouts/architecture-rules.ts';
import { prefixIn } from '../layouts/rename.ts';
import { layerPrefix } from '../layouts/tensor-place.ts';
import type { LayerGroup } from '../layouts/types.ts';
import { turnedPartner } from '../verify/diagnose/turned.ts';
import { contentsOf, type GroupPair, isKnown, type Side } from '../verify/pairs.ts';
import { underRules } from './roots.ts';
import type { PrefixRule } from './types.ts';

/**
 * The same layers' experts in two checkpoints: by the same prefix, by rules of prefixes and of the architecture, then the
 * only one left of a layer on both sides. Layers whose experts are stored in an unknown way are matched where turning
 * matrices makes them known; otherwise their tensors go by name.
 */
export function matchGroups(left: Side, right: Side, rules: readonly PrefixRule[]): GroupPair[] {
  const mine = left.layout.groups.filter((group) => group.layout !== null);
  const open = new Set(right.layout.groups.filter((group) => group.layout !== null));
  const partners = new Map<LayerGroup, LayerGroup>();
  const rounds: ((group: LayerGroup, side: 'left' | 'right') => string)[] = [
    (group) => group.prefix,
    (group, side) => underRules(memoryPrefix(group.prefix, side === 'left' ? left : right), side, rules),
    (group, side) => underRules(layerOf(group.prefix), side, rules),
  ];
  for (const keyOf of rounds) {
    const theirs = unique([...open], (group) => keyOf(group, 'right'));
    const ours = unique(
      mine.filter((group) => !partners.has(group)),
      (group) => keyOf(group, 'left'),
    );
    for (const [key, group] of ours) {
      const partner = theirs.get(key);
      if (!partner) continue;
      partners.set(group, partner);
      open.delete(partner);
    }
  }
  return mine.flatMap((group) => {
    const partner = partners.get(group);
    return partner ? (pairOf(group, partner, right) ?? []) : [];
  });
}

function pairOf(left: LayerGroup, partner: LayerGroup, right: Side): GroupPair | null {
  if (!isKnown(left)) return null;
  if (isKnown(partner)) return { left, right: partner, contents: contentsOfBoth(left, partner), turned: new Set() };
  const turned = turnedPartner(left, partner, right);
  return turned && { left, right: turned.group, contents: contentsOfBoth(left, turned.group), turned: turned.turned };
}

function contentsOfBoth(left: LayerGroup, right: LayerGroup): GroupPair['contents'] {
  const contents = contentsOf(left);
  const known = new Set(contents.map(({ projection, part }) => `${projection} ${part}`));
  return [...contents, ...contentsOf(right).filter(({ projection, part }) => !known.has(`${projection} ${part}`))];
}

function memoryPrefix(prefix: string, { layout }: Side): string {
  const row = architectureOf(layout.modelType);
  return row ? prefixIn('memory', prefix, row) : prefix;
}

/** `model.layers.0.` of `model.layers.0.block_sparse_moe`; a name without a number is not changed. */
function layerOf(prefix: string): string {
  const layer = layerPrefix(prefix);
  return layer === '' ? prefix : `${layer}.`;
}

/** Items whose key occurs only once. */
export function unique<T>(all: Iterable<T>, keyOf: (each: T) => string): Map<string, T> {
  const found = new Map<string, T>();
  const twice = new Set<string>();
  for (const each of all) {
    const key = keyOf(each);
    if (found.has(key)) twice.add(key);
    else found.set(key, each);
  }
  for (const key of twice) found.delete(key);
  return found;
}

import { stackRoot, tensorPlace } from '../layouts/tensor-place.ts';
import type { PrefixRule } from './types.ts';

/** Prefixes of the text model in checkpoints. Source: transformers 5.17, base_model_prefix and conversion_mapping.py. */
const TEXT = new Set([
  '',
  'model.',
  'model.language_model.',
  'model.text_model.',
  'language_model.',
  'language_model.model.',
  'thinker.model.',
  'transformer.',
  'backbone.',
]);

/** Prefixes that training frameworks add to every name. */
const WRAPPERS = /^(?:module\.|_orig_mod\.|_fsdp_wrapped_module\.|base_model\.model\.)+/;

/** The prefixes before numbered layers: `model.` of `model.layers.0.mlp`. */
export function rootsOf(names: Iterable<string>): ReadonlySet<string> {
  const roots = new Set<string>();
  for (const name of names) {
    const { stack, layer } = tensorPlace(name);
    const root = layer === null ? null : stackRoot(stack);
    if (root !== null) roots.add(root);
  }
  return roots;
}

/**
 * Matches the first parts of names: equal ones, and of the rest those with the same role if each side has exactly one.
 *
 * If a side has a role twice, nothing is matched, because names alone do not decide it.
 */
export function matchRoots(left: ReadonlySet<string>, right: ReadonlySet<string>): PrefixRule[] {
  const [mine, other] = [byRole(left, right), byRole(right, left)];
  return [...mine].flatMap(([role, roots]): PrefixRule[] => {
    const partners = other.get(role) ?? [];
    const [from] = roots;
    const [to] = partners;
    if (from === undefined || to === undefined || roots.length > 1 || partners.length > 1) return [];
    return [{ left: from, right: to, reason: role === TEXT_ROLE ? 'both are the text model' : `both are ${role}` }];
  });
}

const TEXT_ROLE = 'text';

/** Roots that the other side does not have, by role. */
function byRole(own: ReadonlySet<string>, other: ReadonlySet<string>): Map<string, string[]> {
  const roles = new Map<string, string[]>();
  for (const root of own) {
    if (other.has(root)) continue;
    const role = roleOf(root);
    roles.set(role, [...(roles.get(role) ?? []), root]);
  }
  return roles;
}

function roleOf(root: string): string {
  const bare = root.replace(WRAPPERS, '');
  return TEXT.has(bare) ? TEXT_ROLE : bare.replace(/^model\./, '');
}

const HEAD = /(?:^|\.)(lm_head\.[^.]+)$/;

/** Spells the prefix of a name in one way, so that matching names are equal. */
export function underRules(name: string, side: 'left' | 'right', rules: readonly PrefixRule[]): string {
  const head = HEAD.exec(name)?.[1];
  if (head !== undefined) return head;
  let best: PrefixRule | null = null;
  for (const rule of rules) {
    if (name.startsWith(rule[side]) && rule[side].length >= (best?.[side].length ?? 0)) best = rule;
  }
  if (best) return `${rules.indexOf(best)} ${name.slice(best[side].length)}`;
  return name.replace(WRAPPERS, '').replace(/^model\./, '');
}

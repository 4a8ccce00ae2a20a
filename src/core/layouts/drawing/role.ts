import { tensorPlace } from '../tensor-place.ts';
import type { CheckpointLayout, ExpertMember, LayerGroup, StoredProjection } from '../types.ts';

/** What a tensor is for, as pictures colour it and lists sort it. The number of a role is its place here. */
export const ROLES = [
  'gate',
  'up',
  'gate-up',
  'down',
  'router',
  'shared',
  'attention',
  'mlp',
  'norm',
  'embedding',
  'other',
] as const;

export type Role = (typeof ROLES)[number];

/** What a tensor is in its layer: `part` is `weight`, `bias` or a companion of quantised weights, null outside experts. */
export interface TensorRole {
  readonly role: Role;
  readonly part: string | null;
  /** The one expert that it belongs to; null where it holds all of them or none. */
  readonly expert: number | null;
  /** Place of the layer group in the layout, -1 where it belongs to none. */
  readonly group: number;
}

/** Layers whose names are spelled out at a time: files hold their tensors layer by layer, in a few runs. */
const MOST_SPELLED = 8;

/**
 * Tells the role of every tensor of a checkpoint, by its layout first and by its name where no group holds it. Names of
 * half a million experts are never spelled out together.
 */
export function roleReader(layout: Pick<CheckpointLayout, 'groups'>): (name: string) => TensorRole {
  const layers = new Map<string, number[]>();
  layout.groups.forEach((group, at) => {
    const key = layerKey(`${group.prefix}.`);
    const same = layers.get(key);
    if (same) same.push(at);
    else layers.set(key, [at]);
  });
  const spelled = new Map<string, ReadonlyMap<string, TensorRole>>();
  const namesOfLayer = (key: string, groups: readonly number[]) => {
    const known = spelled.get(key);
    if (known) return known;
    const made = new Map(groups.flatMap((at) => [...rolesOf(layout.groups[at], at)]));
    const [oldest] = spelled.keys();
    if (oldest !== undefined && spelled.size === MOST_SPELLED) spelled.delete(oldest);
    spelled.set(key, made);
    return made;
  };
  return (name) => {
    const { stack, layer, rest } = tensorPlace(name);
    const key = keyOf(stack, layer);
    const groups = layers.get(key) ?? [];
    const found = groups.length === 0 ? undefined : namesOfLayer(key, groups).get(name);
    const group = layer === null ? -1 : (groups[0] ?? -1);
    return found ?? { role: roleByName(rest), part: null, expert: null, group };
  };
}

function layerKey(name: string): string {
  const { stack, layer } = tensorPlace(name);
  return keyOf(stack, layer);
}

function keyOf(stack: string, layer: number | null): string {
  return layer === null ? '' : `${stack} ${layer}`;
}

/** Roles of the tensors that a group names: its experts', its router's, its shared experts'. */
function* rolesOf(group: LayerGroup | undefined, at: number): Generator<readonly [string, TensorRole]> {
  if (!group) return;
  for (const member of group.members) {
    const { projection, part } = member;
    for (const [expert, name] of namesOf(member, group.experts))
      yield [name, { role: projection satisfies StoredProjection, part, expert, group: at }];
  }
  for (const name of group.router) yield [name, { role: 'router', part: null, expert: null, group: at }];
  for (const name of group.shared) yield [name, { role: 'shared', part: null, expert: null, group: at }];
}

/** Names of a member's tensors, each with the number of the one expert that it is of, null for a stack of all. */
export function namesOf(
  { template }: Pick<ExpertMember, 'template'>,
  experts: number | null,
): readonly (readonly [expert: number | null, name: string])[] {
  if (!template.includes('{i}')) return [[null, template]];
  return Array.from({ length: experts ?? 0 }, (_, expert) => [expert, template.replaceAll('{i}', String(expert))]);
}

/** First match decides: a norm inside an attention is a norm. */
const BY_NAME: readonly (readonly [RegExp, Role])[] = [
  [/(?:^|[._])(?:\w*norm\w*|ln_\w+|layernorm)(?:\.|$)/i, 'norm'],
  [/(?:^|\.)(?:embed_tokens|tok_embeddings|word_embeddings|wte|embed\w*|lm_head|output)(?:\.|$)/, 'embedding'],
  [/(?:^|\.)(?:\w*attn\w*|attention\w*|mixer|mamba|conv|temporal_block)(?:\.|$)/i, 'attention'],
  [/(?:^|\.)(?:mlp|feed_forward|ffn|block_sparse_moe|moe)(?:\.|$)/, 'mlp'],
];

/** The role that a name below its layer tells, where no group of experts holds it. */
export function roleByName(rest: string): Role {
  return BY_NAME.find(([pattern]) => pattern.test(rest))?.[1] ?? 'other';
}

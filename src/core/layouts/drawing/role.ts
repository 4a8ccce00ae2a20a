import { expertTemplate, isDigit, layerEnd } from '../tensor-place.ts';
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

/**
 * Tells the role of every tensor of a checkpoint, by its layout first and by its name where no group holds it. Names of
 * experts are taken apart, never spelled out: there may be half a million.
 */
export function roleReader(layout: Pick<CheckpointLayout, 'groups'>): (name: string) => TensorRole {
  const groups = new Map<string, number[]>();
  layout.groups.forEach(({ prefix }, at) => {
    const key = startOf(`${prefix}.`);
    const same = groups.get(key);
    if (same) same.push(at);
    else groups.set(key, [at]);
  });
  const layers = new Map<string, LayerRoles>();
  const named = new Map<string, Role>();
  /** Experts of one kind have one template: a pattern is tried once for all of them. */
  const byTemplate = (rest: string): Role => {
    const template = expertTemplate(rest);
    const role = named.get(template) ?? roleByName(template);
    named.set(template, role);
    return role;
  };
  let last: LayerRoles | null = null;
  const layerOf = (name: string): LayerRoles => {
    // Files hold their tensors layer by layer.
    if (last !== null && last.start !== '' && name.startsWith(last.start)) return last;
    const start = startOf(name);
    last = layers.get(start) ?? rolesOf(start, groups.get(start) ?? [], layout.groups);
    layers.set(start, last);
    return last;
  };
  return (name) => {
    const layer = layerOf(name);
    const known = layer.names.get(name) ?? expertRole(layer.numbered, name);
    return known ?? { role: byTemplate(name.slice(layer.start.length)), part: null, expert: null, group: layer.group };
  };
}

/** `model.layers.5.` of a name in a numbered layer, else nothing. */
export function startOf(name: string): string {
  const end = layerEnd(name);
  return end === 0 ? '' : name.slice(0, end + 1);
}

/** What the tensors of a layer are, by the groups that it has. */
interface LayerRoles {
  readonly start: string;
  /** The first of its groups; -1 for none, and outside of numbered layers. */
  readonly group: number;
  readonly names: ReadonlyMap<string, TensorRole>;
  /** Tensors of one expert each: what stands before and after its number. */
  readonly numbered: readonly NumberedRole[];
}

interface NumberedRole extends Omit<TensorRole, 'expert'> {
  readonly before: string;
  readonly after: string;
  /** How many there are: names with higher numbers are no expert's. */
  readonly experts: number;
}

function rolesOf(start: string, places: readonly number[], all: readonly LayerGroup[]): LayerRoles {
  const names = new Map<string, TensorRole>();
  const numbered: NumberedRole[] = [];
  for (const group of places) {
    const { members = [], router = [], shared = [], experts } = all[group] ?? {};
    for (const { template, projection, part } of members) {
      const [before = '', after] = template.split('{i}', 2);
      const role = { role: projection satisfies StoredProjection, part, group };
      if (after === undefined) names.set(template, { ...role, expert: null });
      else numbered.push({ ...role, before, after, experts: experts ?? 0 });
    }
    for (const name of router) names.set(name, { role: 'router', part: null, expert: null, group });
    for (const name of shared) names.set(name, { role: 'shared', part: null, expert: null, group });
  }
  return { start, group: start === '' ? -1 : (places[0] ?? -1), names, numbered };
}

function expertRole(numbered: LayerRoles['numbered'], name: string): TensorRole | null {
  for (const { before, after, experts, role, part, group } of numbered) {
    if (!name.startsWith(before) || !name.endsWith(after)) continue;
    const expert = numberIn(name, before.length, name.length - after.length);
    if (expert !== null && expert < experts) return { role, part, group, expert };
  }
  return null;
}

/** The number that a part of a name is; null where it is none, or has more digits than any that is counted. */
function numberIn(name: string, from: number, to: number): number | null {
  if (to <= from || to - from > MOST_DIGITS) return null;
  let value = 0;
  for (let at = from; at < to; at += 1) {
    const code = name.charCodeAt(at);
    if (!isDigit(code)) return null;
    value = value * 10 + code - ZERO;
  }
  return value;
}

const ZERO = 0x30;
const MOST_DIGITS = 9;

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
  [/(?:^|\.)(?:\w*attn\w*|\w*attention\w*|mixer|mamba|conv|temporal_block)(?:\.|$)/i, 'attention'],
  [/(?:^|\.)(?:mlp|feed_forward|ffn|block_sparse_moe|moe)(?:\.|$)/, 'mlp'],
];

/** The role that a name below its layer tells, where no group of experts holds it. */
export function roleByName(rest: string): Role {
  return BY_NAME.find(([pattern]) => pattern.test(rest))?.[1] ?? 'other';
}

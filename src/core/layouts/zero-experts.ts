import type { Bucket } from './bucket.ts';
import { type Config, configNumber } from './config-keys.ts';
import { nameLayers } from './layer-names.ts';
import type { Defect } from './types.ts';

/** Config keys of experts that compute nothing (LongCat's identity experts): a router has rows for them too. */
const ZERO_KEYS = ['zero_expert_num'] as const;

/** Experts of a layer that compute nothing, by the config. Their numbers follow those of the routed experts. */
export function zeroExperts(config: Config | null, prefix: string): number {
  return configNumber(config, ZERO_KEYS, null, prefix) ?? 0;
}

/** A bucket without the tensors of zero-computation experts, and these. */
export interface WithoutZero {
  readonly bucket: Bucket;
  /** Names of the tensors, in the order of the bucket. */
  readonly names: readonly string[];
  /** The numbers of their experts, each once. */
  readonly experts: readonly number[];
}

/**
 * Takes the tensors of zero-computation experts out of a bucket: those of experts `first` to `first + zero − 1` that lack a
 * projection which the experts before them have, or stand beside experts that are stacked. An expert that is whole stays,
 * and is one more than the config says.
 *
 * transformers 5.17 holds gate and up of LongCat for these experts too, and writes them.
 */
export function withoutZeroExperts(bucket: Bucket, first: number | null, zero: number): WithoutZero {
  const none: WithoutZero = { bucket, names: [], experts: [] };
  if (first === null || zero === 0) return none;
  const kinds = [...bucket.kinds].filter(([, { template }]) => template.includes('{i}'));
  const numbers = new Set(kinds.flatMap(([, { names }]) => [...names.keys()]));
  const isZero = (expert: number) => expert >= first && expert < first + zero;
  const apart = [...numbers].some((expert) => !isZero(expert));
  const lacks = (expert: number) => !apart || kinds.some(([, { names }]) => !names.has(expert));
  const experts = [...numbers].filter((expert) => isZero(expert) && lacks(expert));
  if (experts.length === 0) return none;
  const aside = new Set(experts);
  const names: string[] = [];
  const left = new Map(bucket.kinds);
  for (const [key, kind] of kinds) {
    names.push(...[...kind.names].flatMap(([expert, name]) => (aside.has(expert) ? name : [])));
    const kept = new Map([...kind.names].filter(([expert]) => !aside.has(expert)));
    if (kept.size === 0) left.delete(key);
    else left.set(key, { ...kind, names: kept });
  }
  const defects = bucket.defects.filter(({ expert }) => expert === undefined || !aside.has(expert));
  return { bucket: { ...bucket, kinds: left, defects }, names, experts };
}

/** What is told of such tensors in one layer. */
export function zeroExpertsTold({ bucket, names, experts }: WithoutZero, index: number | null): Defect {
  const which = nameLayers(
    experts.map((number) => ({ prefix: '', index: number })),
    null,
  ).replace('layer', 'expert');
  const where = nameLayers([{ prefix: bucket.prefix, index }], null);
  const message = `In ${where}, ${names.length} tensors belong to ${which}, which compute nothing (zero_expert_num in the config). No program uses them, and a conversion copies them as they are.`;
  return { tag: 'expert-unused', message, group: bucket.prefix, ...(names[0] ? { tensor: names[0] } : {}) };
}

import type { Config } from '../config-keys.ts';
import type { Groups, Normalisation, ScoringRouter } from './block.ts';
import { flagOf, numberOf, Unknown, wordOf } from './config-values.ts';

/** As added to sums of weights by DeepSeek and those after it. */
const TINY = 1e-20;
const BY_SUM: Normalisation = { kind: 'sum', epsilon: 0, floor: 0 };

const bySum = (epsilon: number): Normalisation => ({ kind: 'sum', epsilon, floor: 0 });

const PLAIN: Omit<ScoringRouter, 'topK'> = {
  kind: 'scoring',
  softcap: 0,
  scores: 'softmax',
  groups: null,
  weights: 'scores',
  normalise: null,
  scale: 1,
};

/** Softmax over all experts, then the best; renormalised always, never, or as `norm_topk_prob` says. */
export function softmaxThenTopK(topK: number, normalise: boolean): ScoringRouter {
  return { ...PLAIN, topK, normalise: normalise ? BY_SUM : null };
}

/** The best logits, then a softmax over them alone. */
export function topKThenSoftmax(topK: number, scale = 1): ScoringRouter {
  return { ...PLAIN, topK, scores: 'logits', weights: 'softmax-of-chosen', scale };
}

/** Sigmoid scores; a correction bias, where the checkpoint has one, decides the choice but not the weights. */
export function sigmoidRouter(
  topK: number,
  { epsilon, scale = 1, normalise = true, softcap = 0 }: SigmoidOptions,
): ScoringRouter {
  return { ...PLAIN, topK, scores: 'sigmoid', softcap, normalise: normalise ? bySum(epsilon) : null, scale };
}

interface SigmoidOptions {
  readonly epsilon: number;
  readonly scale?: number;
  readonly normalise?: boolean;
  readonly softcap?: number;
}

/** What `n_group` and its like are where a config leaves them out. */
export interface DeepSeekDefaults {
  readonly groups?: number | null;
  readonly keep?: number | null;
  readonly normalise?: boolean;
  readonly scale?: number;
}

/** DeepSeek V3's router: sigmoid, correction bias, the best groups by their two best experts. */
export function deepSeekRouter(
  config: Config,
  topK: number,
  { groups = 1, keep = 1, normalise = true, scale = 1 }: DeepSeekDefaults,
): ScoringRouter {
  return {
    ...sigmoidRouter(topK, {
      epsilon: TINY,
      normalise: flagOf(config, 'norm_topk_prob', flagOf(config, 'moe_renormalize', normalise)),
      scale: numberOf(config, 'routed_scaling_factor', scale),
    }),
    groups: groupsOf(config, groups, keep, 'best-two', 'minus-infinity'),
  };
}

/** Groups as `n_group` and `topk_group` say; null where one group leaves nothing to choose. */
export function groupsOf(
  config: Config,
  usualCount: number | null,
  usualKeep: number | null,
  by: Groups['by'],
  others: Groups['others'],
): Groups | null {
  const count = numberOf(config, 'n_group', numberOf(config, 'num_expert_group', usualCount ?? 0));
  const keep = numberOf(config, 'topk_group', usualKeep ?? 0);
  if (count <= 1) return null;
  if (!Number.isInteger(count) || !Number.isInteger(keep) || keep < 1 || keep > count)
    throw new Unknown(`The config has n_group ${count} with topk_group ${keep}, which no router can use.`);
  return { count, keep, by, others };
}

/** DeepSeek V2's: softmax, the best groups by their best expert, weights not renormalised. */
export function deepSeek2Router(config: Config, topK: number): ScoringRouter {
  const method = wordOf(config, 'topk_method', 'greedy');
  const scale = numberOf(config, 'routed_scaling_factor', 1);
  if (method === 'greedy') return { ...PLAIN, topK, scale };
  if (method !== 'group_limited_greedy') throw new Unknown(`The topk_method ${method} is not known to this program.`);
  const groups = groupsOf(config, null, null, 'best', 'zero');
  return { ...PLAIN, topK, scale, groups, weights: 'grouped-scores' };
}

/** Mistral 4's: softmax, groups by their two best, renormalised. */
export function mistral4Router(config: Config, topK: number): ScoringRouter {
  return {
    ...PLAIN,
    topK,
    groups: groupsOf(config, 1, 1, 'best-two', 'zero'),
    normalise: flagOf(config, 'norm_topk_prob', true) ? bySum(TINY) : null,
    scale: numberOf(config, 'routed_scaling_factor', 1),
  };
}

/** A.X-K2's: DeepSeek V3's, with zero instead of minus infinity for other groups. */
export function axk2Router(config: Config, topK: number): ScoringRouter {
  const groups = groupsOf(config, null, null, 'best-two', 'zero');
  return { ...deepSeekRouter(config, topK, { groups: null, keep: null, scale: 2.5 }), groups };
}

/** DeepSeek V4's: the scoring function is the config's. */
export function deepSeek4Router(config: Config, topK: number): ScoringRouter {
  const word = wordOf(config, 'scoring_func', 'sqrtsoftplus');
  const scores = word === 'sqrtsoftplus' ? 'sqrt-softplus' : word === 'sigmoid' ? 'sigmoid' : null;
  if (scores === null) throw new Unknown(`The scoring_func ${word} is not known to this program.`);
  const scale = numberOf(config, 'routed_scaling_factor', 1.5);
  return { ...PLAIN, topK, scores, normalise: bySum(TINY), scale };
}

/** ERNIE's: softmax, a correction bias, the weights' sum counting as at least `moe_norm_min`. */
export function ernieRouter(config: Config, topK: number): ScoringRouter {
  const floor = numberOf(config, 'moe_norm_min', 1e-12);
  return { ...PLAIN, topK, normalise: { kind: 'sum', epsilon: 0, floor } };
}

/** DBRX's: softmax, then the best, divided by their p-norm. An explicit null in the config: as they are. */
export function dbrxRouter(config: Config, topK: number): ScoringRouter {
  const part = config.ffn_config;
  const none = typeof part === 'object' && part !== null && Reflect.get(part, 'moe_normalize_expert_weights') === null;
  const p = numberOf(config, 'ffn_config.moe_normalize_expert_weights', 1);
  return { ...PLAIN, topK, normalise: none ? null : { kind: 'norm', p } };
}

/** Command A's: the best logits, weighed by a softmax over them or by their sigmoids. */
export function cohereRouter(config: Config, topK: number): ScoringRouter {
  const word = wordOf(config, 'expert_selection_fn', 'softmax');
  if (word === 'softmax') return topKThenSoftmax(topK);
  if (word !== 'sigmoid') throw new Unknown(`The expert_selection_fn ${word} is not known to this program.`);
  const normalise = flagOf(config, 'norm_topk_prob', true) ? BY_SUM : null;
  return { ...PLAIN, topK, scores: 'logits', weights: 'sigmoid-of-chosen', normalise };
}

/** Llama 4's: the best logits, each through a sigmoid. */
export function llama4Router(topK: number): ScoringRouter {
  return { ...PLAIN, topK, scores: 'logits', weights: 'sigmoid-of-chosen' };
}

/** LongCat's: softmax with a correction bias over experts with and without weights. */
export function longcatRouter(config: Config, topK: number): ScoringRouter {
  return { ...PLAIN, topK, scale: numberOf(config, 'routed_scaling_factor', 6) };
}

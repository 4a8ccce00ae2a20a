import type { Config } from '../config-keys.ts';
import type { BlockRules, Inner, Router } from './block.ts';
import { clamped, flagOf, gated, numberOf } from './config-values.ts';
import { type DeepSeekDefaults, deepSeekRouter, softmaxThenTopK, topKThenSoftmax } from './routers.ts';

/** What a model type's block is made from: the experts' config, the layer's number, experts a token is sent to. */
export interface BlockFacts {
  readonly config: Config;
  readonly layer: number;
  /** Where the layer's experts are, as its names begin. */
  readonly prefix: string;
  readonly topK: number;
}

/** What differs from the usual block: the class whose code was read, its router, and what else is not usual. */
export type Block = Partial<BlockRules> & Pick<BlockRules, 'source' | 'router'>;
export type BlockMaker = (facts: BlockFacts) => Block;

/** Why a block is not computed here. */
export const UNREAD = 'This program does not know what its block computes: its modelling code was not read.';
export const OWN_CODE = 'Its block is defined only by code in its repositories, which was not checked.';

export const GPT_OSS_INNER: Inner = { kind: 'oai', alpha: 1.702, limit: 7 };

/** A block of the class `source`, with a router and with what else is not usual. */
export const block =
  (
    source: string,
    router: (facts: BlockFacts) => Router,
    more: (facts: BlockFacts) => Partial<BlockRules> = () => ({}),
  ): BlockMaker =>
  (facts) => ({ source, router: router(facts), ...more(facts) });

/** Softmax, then the best; renormalised always, never, or as `norm_topk_prob` says, with its default. */
export const softmax =
  (usual: boolean | 'always' | 'never') =>
  ({ config, topK }: BlockFacts) =>
    softmaxThenTopK(topK, typeof usual === 'boolean' ? flagOf(config, 'norm_topk_prob', usual) : usual === 'always');

/** The best logits, then a softmax over them. */
export const chosen = ({ topK }: BlockFacts): Router => topKThenSoftmax(topK);

export const deepSeek =
  (defaults: DeepSeekDefaults = {}) =>
  ({ config, topK }: BlockFacts) =>
    deepSeekRouter(config, topK, defaults);

/** Shared experts of the same kind, which the block cannot be without. */
export const shared = ({ config }: BlockFacts): Partial<BlockRules> => ({
  sharedInner: gated(config),
  sharedRequired: true,
});

/** SiLU between gate and up that `swiglu_limit` cuts off. */
export const limited = ({ config }: BlockFacts): Inner => clamped('silu', numberOf(config, 'swiglu_limit', 10));

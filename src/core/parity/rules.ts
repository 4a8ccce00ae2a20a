import { architectureOf } from '../layouts/architecture-rules.ts';
import { type Config, expertConfig, topK as topKOf } from '../layouts/config-keys.ts';
import type { BlockRules } from '../layouts/families/block.ts';
import type { Block } from '../layouts/families/blocks.ts';
import { gated, numberOf, Unknown } from '../layouts/families/config-values.ts';
import type { LayerGroup } from '../layouts/types.ts';

export type RulesAnswer = { readonly rules: BlockRules } | { readonly reason: string };

/** What the block of a layer computes, or why that is not known. Source: modelling code of transformers 5.17.0. */
export function blockRules(modelType: string | null, config: Config | null, group: LayerGroup): RulesAnswer {
  const maker = architectureOf(modelType)?.block;
  if (typeof maker !== 'function' || !config) return { reason: reasonOf(modelType, config, maker) };
  const topK = topKOf(config, group.index, group.prefix);
  if (topK === null || topK < 1) return { reason: 'The config does not say how many experts a token is sent to.' };
  const part = expertConfig(config, group.prefix);
  try {
    const made = maker({ config: part, layer: group.index ?? 0, prefix: group.prefix, topK });
    return { rules: { ...usual(part, made), ...made } };
  } catch (error) {
    if (error instanceof Unknown) return { reason: error.message };
    throw error;
  }
}

function reasonOf(modelType: string | null, config: Config | null, known: unknown): string {
  if (!config) return 'There is no config.json, which says how tokens are sent to experts.';
  if (modelType === null) return 'The config names no model_type, which says how tokens are sent to experts.';
  const why = typeof known === 'string' ? known : 'It is not known how it sends tokens to experts.';
  return `The block of ${modelType} is not computed here. ${why}`;
}

function usual(config: Config, { inner }: Block): Omit<BlockRules, 'source' | 'router'> {
  return {
    inner: inner ?? gated(config),
    sharedInner: null,
    sharedRequired: false,
    corrected: true,
    scaleInput: false,
    routedScale: 1,
    combine: 'sum',
    zeroExperts: 0,
    epsilon: numberOf(config, 'rms_norm_eps', 1e-6),
    norms: 'none',
    note: null,
  };
}

import type { ModelFacts, Placement, PlacementError } from './types.ts';

/** A model of which only some facts matter: one MoE layer unless told otherwise. */
export function factsOf(experts: number, facts: Partial<ModelFacts> & { readonly moe?: number } = {}): ModelFacts {
  const { moe = 1, ...rest } = facts;
  return {
    modelType: 'qwen3_moe',
    className: 'Qwen3MoeForCausalLM',
    moeLayers: Array.from({ length: moe }, (_, index) => ({ prefix: `model.layers.${index}.mlp`, index, experts })),
    layers: moe,
    heads: null,
    kvHeads: null,
    headDim: null,
    hidden: null,
    intermediate: null,
    topK: null,
    expertGroups: null,
    blocks: null,
    ...rest,
  };
}

/** A placement, or the error as a failure. */
export function placed(placement: Placement | PlacementError): Placement {
  if ('error' in placement) throw new Error(placement.error);
  return placement;
}

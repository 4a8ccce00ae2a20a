import type { PlacementError } from './types.ts';

/** The layers divided, the rest to the last stage: transformers 5.18, `PipelineStage.layer_range_for_rank`. */
export function restToLast(layers: number, pp: number): number[] {
  const each = Math.floor(layers / pp);
  return Array.from({ length: pp }, (_, stage) => (stage === pp - 1 ? layers - each * (pp - 1) : each));
}

/** One more for each of the first stages: DeepSpeed's `partition_uniform`, TensorRT-LLM's `torch.tensor_split`. */
export function restToFirstOnes(layers: number, pp: number): number[] {
  const each = Math.floor(layers / pp);
  return Array.from({ length: pp }, (_, stage) => each + (stage < layers % pp ? 1 : 0));
}

/** One more for each of the last stages: SGLang, `get_pp_indices`. */
export function restToLastOnes(layers: number, pp: number): number[] {
  const each = Math.floor(layers / pp);
  const rest = layers % pp;
  return Array.from({ length: pp }, (_, stage) => each + (stage >= pp - rest ? 1 : 0));
}

/** One more for stages counted back from the one before the last: vLLM, `get_pp_indices`. */
export function restBeforeLast(layers: number, pp: number): number[] {
  const each = Math.floor(layers / pp);
  const stages = Array.from({ length: pp }, () => each);
  for (let extra = 0; extra < layers % pp; extra++) {
    const stage = pp - 2 - extra;
    const at = stage < 0 ? stage + pp : stage;
    stages[at] = (stages[at] ?? 0) + 1;
  }
  return stages;
}

/** Embedding and head count as one layer each: torchtitan, `generate_llm_fqn_per_model_part`. */
export function endsCountAsLayers(layers: number, pp: number): number[] {
  if (pp === 1) return [layers];
  const all = layers + 2;
  const each = Math.floor(all / pp);
  return Array.from({ length: pp }, (_, stage) => {
    const share = each + (stage < all % pp ? 1 : 0);
    return stage === 0 || stage === pp - 1 ? Math.max(share - 1, 0) : share;
  });
}

/**
 * Equal stages; where layers do not divide, embedding and loss count as one layer each (Megatron's
 * `--account-for-embedding-in-pipeline-split`, `--account-for-loss-in-pipeline-split`), and else Megatron's message.
 */
export function equalStages(layers: number, pp: number): number[] | PlacementError {
  if (layers % pp === 0) return Array.from({ length: pp }, () => layers / pp);
  if ((layers + 2) % pp !== 0 || pp < 2)
    return { error: 'Number of layers should be divisible by the pipeline-model-parallel size' };
  const each = (layers + 2) / pp;
  return Array.from({ length: pp }, (_, stage) => (stage === 0 || stage === pp - 1 ? each - 1 : each));
}

import type { ConsumerId, ConsumerVerdict } from '../layouts/loaders/types.ts';
import { VERSION } from '../version.ts';
import { LOAD_SCRIPT_BODY, MLX_SCRIPT_BODY } from './load-script-python.ts';
import type { HashedSample } from './load-script-samples.ts';

export type LoadScript = { readonly script: string } | { readonly reason: string };

/** Why there is no script for a consumer. */
const NO_SCRIPT: Readonly<Partial<Record<ConsumerId, string>>> = {
  veomni: 'VeOmni loads a model inside its training program; run the script for its transformers 4.57 instead.',
  vllm: 'vLLM tells no names of tensors that it did not load; watch its start for a KeyError, and compare its answers with those of transformers 5.',
  sglang:
    'SGLang passes over names that it does not know and tells of none; compare its answers with those of transformers 5.',
  'llama.cpp':
    'convert_hf_to_gguf.py is its own proof: it ends with an error when experts are left over; then compare perplexities.',
  'megatron-bridge':
    'Megatron-Bridge loads inside a distributed job; run one of its own import examples and read its log.',
  torchtitan: 'torchtitan reads its own distributed checkpoints; run its conversion from safetensors and read its log.',
  'qwen3-moe-fused':
    'Its class must be imported from the package; put that class in place of AutoModelForCausalLM in the script for transformers-4.57.',
};

/**
 * A Python script that loads a checkpoint with one consumer and compares what it reports with the prediction.
 *
 * It prints missing and unexpected names and a hash per sampled expert, and ends with 0 when all is as predicted, 1 when
 * not. It needs the consumer itself (and torch and safetensors), nothing else. `reason` says why a consumer has none.
 */
export function loadScript(predicted: ConsumerVerdict, samples: readonly HashedSample[] = []): LoadScript {
  const reason = NO_SCRIPT[predicted.id];
  if (reason !== undefined) return { reason };
  if (predicted.verdict === 'unknown') {
    return { reason: `Nothing is known of ${predicted.id} and this checkpoint, so there is nothing to compare with.` };
  }
  const body = predicted.id === 'mlx' ? MLX_SCRIPT_BODY : LOAD_SCRIPT_BODY;
  return {
    script: body
      .replace('__TOOL__', () => `moe-loom ${VERSION}`)
      .replace('__PREDICTED__', () => embed(predicted, samples)),
  };
}

/** JSON inside a raw Python string of three quotes: names of tensors hold no quotes, but a hostile file's might. */
function embed(predicted: ConsumerVerdict, samples: readonly HashedSample[]): string {
  const { id, version, verdict, missing, unexpected, mismatched } = predicted;
  const cut = samples.map(({ layer, expert, projection, view, slice, sha256 }) => ({
    layer,
    projection,
    number: expert,
    dtype: view.dtype,
    ...slice,
    sha256,
  }));
  const json = JSON.stringify(
    { consumer: id, version, verdict, missing, unexpected, mismatched, samples: cut },
    null,
    1,
  );
  return json.replaceAll("'", '\\u0027').replace(/[\u007f-\uffff]/g, escaped);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

import { type OpenOptions, openCheckpoint as open } from '../checkpoint/open.ts';
import type { Knowledge } from '../checkpoint/slices.ts';
import type { Checkpoint } from '../checkpoint/types.ts';
import { isWholeEmbedding } from '../layouts/parameters.ts';
import { tensorPlace } from '../layouts/tensor-place.ts';
import type { FileSet } from '../source/types.ts';
import { deepseekSlices } from './deepseek/slices.ts';
import { torchSlices } from './torch/slices.ts';
import { shardedState } from './vllm/slices.ts';
import { grokSlices } from './xai/slices.ts';

/** What checkpoints are opened with: how programs save slices, and where a tensor stands by its name. */
export const KNOWLEDGE: Knowledge = {
  sliceFormats: [torchSlices, shardedState, deepseekSlices, grokSlices],
  layerOf: (name) => tensorPlace(name).layer,
  isWhole: isWholeEmbedding,
};

/**
 * Reads headers, index and config of a set of files, never tensor bytes, and joins them into one checkpoint.
 *
 * A shard that cannot be read becomes a finding of the checkpoint. If none can be read, the first one's error is thrown.
 * @throws LoomError `no-checkpoint`, `lora-adapter`, `cancelled`, or the error of the first shard.
 *
 * @example
 * ```ts
 * import { openCheckpoint } from 'moe-loom/layouts';
 * import { openFolder } from 'moe-loom/node';
 * const checkpoint = await openCheckpoint(await openFolder('model'));
 * console.log(checkpoint.tensors.size, checkpoint.findings.length); // → 104 0
 * ```
 */
export function openCheckpoint(files: FileSet, options: OpenOptions = {}): Promise<Checkpoint> {
  return open(files, { knowledge: KNOWLEDGE, ...options });
}

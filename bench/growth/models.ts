import {
  indexJson,
  QWEN3_TINY,
  type Qwen3MoeDims,
  qwen3MoeConfig,
  qwen3MoeTensors,
  shardName,
} from '../../e2e/support/hub/qwen3-moe.ts';
import { virtualShard } from '../../e2e/support/hub/shard.ts';
import { memoryFiles } from '../../src/core/source/memory.ts';
import type { FileSet } from '../../src/core/source/types.ts';

/** Matrices of 64 or 128 bytes, so that time goes into tensors and files, not into bytes. */
const DIMS: Qwen3MoeDims = {
  ...{ ...QWEN3_TINY, denseLayers: [] },
  ...{ hidden: 8, heads: 2, kvHeads: 1, headDim: 4, moeIntermediate: 4, vocab: 16 },
};

/** What of a model grows. */
export interface Size {
  readonly layers: number;
  readonly experts: number;
  readonly shards: number;
}

/** A checkpoint in memory, with real headers, index and bytes. */
export interface Model {
  readonly files: FileSet;
  /** Bytes of the first shard. */
  readonly first: Uint8Array;
  readonly tensors: number;
}

/** Writes Qwen3-MoE's names, one matrix an expert, evenly into so many shards. */
export function modelOf({ layers, experts, shards }: Size): Model {
  const dims = { ...DIMS, layers, experts };
  const all = [...qwen3MoeTensors({ dims, layout: 'per-expert', seed: 'growth', maxShardBytes: 1 })];
  const cut = (at: number) => Math.round((at * all.length) / shards);
  const parts = Array.from({ length: shards }, (_, at) => virtualShard(all.slice(cut(at), cut(at + 1)), 'growth'));
  const files = new Map<string, Uint8Array>();
  const text = (value: string) => new TextEncoder().encode(value);
  for (const [at, { body }] of parts.entries())
    files.set(shards === 1 ? 'model.safetensors' : shardName(at, shards), body.read(0, body.size));
  const [first = new Uint8Array(0)] = files.values();
  if (shards > 1) files.set('model.safetensors.index.json', text(indexJson(parts)));
  files.set('config.json', text(JSON.stringify(qwen3MoeConfig(dims))));
  return { files: memoryFiles('growth', files), first, tensors: all.length };
}

import {
  QWEN3_235B,
  type Qwen3MoeOptions,
  qwen3MoeConfig,
  shardName,
  type VirtualLayout,
  virtualShards,
} from '../../../e2e/support/hub/qwen3-moe.ts';
import { type TensorSpec, tensorBytes } from '../../../e2e/support/hub/shard.ts';
import type { Checkpoint, CheckpointTensor, Shard } from '../checkpoint/types.ts';
import type { DType } from '../safetensors/dtype.ts';
import { LENGTH_BYTES, parseHeader, parseHeaderLength } from '../safetensors/parse-header.ts';
import type { FileOffset } from '../safetensors/types.ts';
import { rankModel } from './summary.ts';

/** In a file: by name as the reference writer sorts (`0, 1, 10, 100 …`), or in the order of the state dict (`0, 1, 2 …`). */
export type FileOrder = 'text' | 'number';

const HEADER = 1 << 20;

/** Qwen3-235B-A22B with its real names and shapes, as headers alone: 470 GB that nobody stores. */
export function qwen3Checkpoint(layout: VirtualLayout, maxShardBytes: number, order: FileOrder = 'text'): Checkpoint {
  const options: Qwen3MoeOptions = { dims: QWEN3_235B, layout, seed: 'ranks', maxShardBytes };
  const virtual = virtualShards(options);
  const shards: Shard[] = [];
  const tensors = new Map<string, CheckpointTensor>();
  for (const [index, shard] of virtual.entries()) {
    const file = shardName(index, virtual.length);
    const placed = order === 'text' ? fromHeader(shard.body, file) : inOrder(shard.tensors, file);
    for (const tensor of placed.tensors) tensors.set(tensor.name, tensor);
    const { byteLength, dataStart } = placed;
    shards.push({ file, byteLength, dataStart, tensors: placed.tensors.length, metadata: null });
  }
  const config = qwen3MoeConfig(QWEN3_235B);
  const files = shards.map(({ file, byteLength }) => ({ name: file, byteLength }));
  const unused = { configText: null, indexMetadata: null, indexFile: null, findings: [] };
  return { identity: 'virtual', shards, tensors, config, files, ...unused };
}

function fromHeader(body: { size: number; read(start: number, end: number): Uint8Array }, file: string) {
  const where = { file, fileSize: body.size };
  const length = parseHeaderLength(body.read(0, LENGTH_BYTES), where);
  const header = parseHeader(body.read(LENGTH_BYTES, LENGTH_BYTES + length), where);
  const tensors = [...header.tensors.values()].map((info): CheckpointTensor => {
    const start = (header.dataStart + info.start) as FileOffset;
    return { ...info, file, start, end: (header.dataStart + info.end) as FileOffset };
  });
  return { tensors, byteLength: body.size, dataStart: header.dataStart };
}

function inOrder(specs: readonly TensorSpec[], file: string) {
  let at = HEADER;
  const tensors = specs.map((spec): CheckpointTensor => {
    const start = at as FileOffset;
    at += tensorBytes(spec);
    return { name: spec.name, dtype: spec.dtype as DType, shape: spec.shape, file, start, end: at as FileOffset };
  });
  return { tensors, byteLength: at, dataStart: HEADER as FileOffset };
}

export function qwen3Model(layout: VirtualLayout, maxShardBytes: number, order: FileOrder = 'text') {
  return rankModel(qwen3Checkpoint(layout, maxShardBytes, order));
}

import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { formatIndex, INDEX_FILE } from '../../src/core/safetensors/index-file.ts';
import { layoutHeader, type TensorSpec } from '../../src/core/safetensors/write-header.ts';

/** What of a model decides how its layers are stored. */
export interface Shape {
  readonly modelType: string;
  readonly experts: number;
  readonly intermediate: number;
  readonly hidden: number;
  readonly layers: number;
  /** `in-out`: all experts in one tensor, gate beside up, rows as inputs. Else one matrix an expert. */
  readonly stored?: 'in-out';
}

const QWEN3_235B = { modelType: 'qwen3_moe', experts: 128, intermediate: 1536, hidden: 4096 };

/** The checkpoints that are measured: layers of Qwen3-235B-A22B, and one whose stacked tensors pass 4 GiB. */
export const SHAPES = {
  'qwen-1': { ...QWEN3_235B, layers: 1 },
  'qwen-2': { ...QWEN3_235B, layers: 2 },
  'qwen-4': { ...QWEN3_235B, layers: 4 },
  deepseek: { modelType: 'deepseek_v3', experts: 256, intermediate: 2048, hidden: 7168, layers: 1 },
} as const satisfies Record<string, Shape>;
export type ShapeName = keyof typeof SHAPES;

const SHARD_BYTES = 4e9;
const BLOCK = 64 * 1024 * 1024;
/** Blocks begin at changing places in the noise, so that no two experts are the same. */
const SHIFTS = 8192;

/** Rows of the embeddings: as many as make them small beside the experts. */
const VOCABULARY = 1024;

const bytesOf = (tensor: TensorSpec) => 2 * tensor.shape.reduce((product, dim) => product * dim, 1);

/** What a model has beside its layers: without these the app finds them missing. */
function outerTensors({ hidden, stored }: Shape): TensorSpec[] {
  const base = `model.${stored === 'in-out' ? 'language_model.' : ''}`;
  const bf16 = (name: string, shape: number[]): TensorSpec => ({ name, dtype: 'BF16', shape });
  return [
    bf16(`${base}embed_tokens.weight`, [VOCABULARY, hidden]),
    bf16(`${base}norm.weight`, [hidden]),
    bf16('lm_head.weight', [VOCABULARY, hidden]),
  ];
}

function layerTensors({ experts, intermediate, hidden, stored }: Shape, layer: number): TensorSpec[] {
  const base = `model.${stored === 'in-out' ? 'language_model.' : ''}layers.${layer}.`;
  const bf16 = (name: string, shape: number[]): TensorSpec => ({ name: base + name, dtype: 'BF16', shape });
  const apart = Array.from({ length: experts }, (_, expert) => [
    bf16(`mlp.experts.${expert}.gate_proj.weight`, [intermediate, hidden]),
    bf16(`mlp.experts.${expert}.up_proj.weight`, [intermediate, hidden]),
    bf16(`mlp.experts.${expert}.down_proj.weight`, [hidden, intermediate]),
  ]).flat();
  const together = [
    bf16('mlp.experts.gate_up_proj', [experts, hidden, 2 * intermediate]),
    bf16('mlp.experts.down_proj', [experts, intermediate, hidden]),
  ];
  return [
    bf16('self_attn.o_proj.weight', [hidden, hidden]),
    bf16('mlp.gate.weight', [experts, hidden]),
    ...(stored === 'in-out' ? together : apart),
    bf16('input_layernorm.weight', [hidden]),
  ];
}

function intoShards(tensors: readonly TensorSpec[]): TensorSpec[][] {
  const shards: TensorSpec[][] = [[]];
  let size = 0;
  for (const tensor of tensors) {
    if (size + bytesOf(tensor) > SHARD_BYTES) {
      shards.push([]);
      size = 0;
    }
    shards.at(-1)?.push(tensor);
    size += bytesOf(tensor);
  }
  return shards;
}

/** Noise, so that nothing compresses or repeats. */
function noise(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let i = 0, state = 1; i < length; i += 4) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes.writeUInt32LE(state, i);
  }
  return bytes;
}

/** Writes a checkpoint of this shape, one matrix an expert as on the Hub; gives the bytes of its shards. */
export function generate(folder: string, shape: Shape): number {
  mkdirSync(folder, { recursive: true });
  const layers = Array.from({ length: shape.layers }, (_, layer) => layerTensors(shape, layer)).flat();
  const all = [...layers, ...outerTensors(shape)];
  const shards = intoShards(all);
  const filler = noise(BLOCK + SHIFTS);
  const weightMap = new Map<string, string>();
  let bytes = 0;
  for (const [number, tensors] of shards.entries()) {
    const of = (value: number) => String(value).padStart(5, '0');
    const file = `model-${of(number + 1)}-of-${of(shards.length)}.safetensors`;
    const laid = layoutHeader(tensors, new Map([['format', 'pt']]));
    const handle = openSync(join(folder, file), 'w');
    writeSync(handle, laid.bytes);
    for (let at = laid.dataStart as number; at < laid.fileSize; at += BLOCK)
      writeSync(handle, filler, (at / 8 + number) % SHIFTS, Math.min(BLOCK, laid.fileSize - at));
    closeSync(handle);
    for (const tensor of tensors) weightMap.set(tensor.name, file);
    bytes += laid.fileSize;
  }
  const totalSize = all.reduce((sum, tensor) => sum + bytesOf(tensor), 0);
  writeFileSync(join(folder, INDEX_FILE), formatIndex({ weightMap, totalSize }));
  writeFileSync(join(folder, 'config.json'), JSON.stringify(configOf(shape)));
  return bytes;
}

function configOf({ modelType, experts, intermediate, hidden, layers }: Shape) {
  const counts = modelType === 'deepseek_v3' ? { n_routed_experts: experts } : { num_experts: experts };
  return {
    model_type: modelType,
    ...counts,
    moe_intermediate_size: intermediate,
    hidden_size: hidden,
    num_hidden_layers: layers,
    vocab_size: VOCABULARY,
    ...(modelType === 'deepseek_v3' ? { first_k_dense_replace: 0 } : {}),
  };
}

import type { Checkpoint, CheckpointTensor } from '../checkpoint/types.ts';
import { type Config, isConfig } from '../layouts/config-keys.ts';
import { quantBlocks } from '../layouts/quant-blocks.ts';
import { bytesOf, type DType, elementsOf } from '../safetensors/dtype.ts';
import type { FileOffset } from '../safetensors/types.ts';
import type { Block } from './memory/blocks.ts';
import { type DecoderSizes, decoderBlocks } from './memory/decoder.ts';
import { describe } from './memory/shape-config.ts';

/** A file name for the tensors of a model that is known only from its config; no such file exists. */
const FILE = 'config.json';
const LINEAR = ['routed', 'shared', 'mlp', 'attention'];

/**
 * The tensors of the main model that a config describes, as a checkpoint: shapes and bytes are those of its architecture
 * and quantisation, names the usual ones with experts fused, places in files mean nothing.
 *
 * @throws LoomError `config-invalid` if a required size is missing or invalid.
 */
export function checkpointOfConfig(config: Config): Checkpoint {
  const { sizes, traits } = describe(config);
  const tensors = new Map<string, CheckpointTensor>();
  let at = 0;
  const add: Add = (name, dtype, shape) => {
    const end = at + bytesOf(dtype, elementsOf(shape));
    tensors.set(name, { name, dtype, shape, file: FILE, start: at as FileOffset, end: end as FileOffset });
    at = end;
  };
  for (const block of decoderBlocks(sizes, traits))
    for (const name of namesOf(block, sizes)) addBlock(add, name, block, sizes, config);
  const shard = { file: FILE, byteLength: at, dataStart: 0 as FileOffset, tensors: tensors.size, metadata: null };
  return {
    identity: FILE,
    shards: [shard],
    tensors,
    config: usualConfig(config, sizes),
    configText: null,
    indexMetadata: null,
    indexFile: null,
    files: [{ name: FILE, byteLength: at }],
    findings: [],
  };
}

type Add = (name: string, dtype: DType, shape: readonly number[]) => void;

/** Sizes under the names that detection reads, with the quantisation unchanged. */
function usualConfig(config: Config, sizes: DecoderSizes): Config {
  return {
    model_type: 'qwen3_moe',
    hidden_size: sizes.hidden,
    num_hidden_layers: sizes.layers,
    num_experts: sizes.experts,
    moe_intermediate_size: sizes.intermediate,
    ...(isConfig(config.quantization_config) ? { quantization_config: config.quantization_config } : {}),
  };
}

/** The names of a block's tensors, one for each layer that has it; all experts of a layer are one tensor. */
function namesOf({ name, part, copies }: Block, { layers, sparseLayers }: DecoderSizes): string[] {
  if (part === 'embedding') return [`model.${name}`];
  if (part === 'head') return [name];
  if (name === 'final_norm') return ['model.norm'];
  const all = Array.from({ length: layers }, (_, layer) => layer);
  const sparse = new Set(sparseLayers);
  const inSparse = part === 'routed' || part === 'router' || part === 'shared';
  const has = inSparse ? sparseLayers : part === 'mlp' ? all.filter((layer) => !sparse.has(layer)) : all;
  const below = { routed: 'mlp.', router: 'mlp.', shared: 'mlp.', attention: 'self_attn.' }[part as string] ?? '';
  const each = inSparse || has.length === 0 ? 1 : copies / has.length;
  return has.flatMap((layer) =>
    Array.from({ length: each }, (_, copy) => `model.layers.${layer}.${below}${name}${each > 1 ? copy : ''}`),
  );
}

function addBlock(add: Add, name: string, block: Block, { experts }: DecoderSizes, config: Config): void {
  const { rows, columns, part } = block;
  const own = columns === 0 ? [rows] : [rows, columns];
  const fused = part === 'routed';
  const shape = fused ? [experts, ...own] : own;
  // An expert's tensors have no `.weight` where all experts are in one.
  const end = fused ? '' : columns === 0 && !/norm/.test(name) ? '' : '.weight';
  const blocks = columns > 1 && LINEAR.includes(part) ? quantBlocks(config) : null;
  if (blocks?.method === 'fp8') {
    const scales = [...shape.slice(0, -2), Math.ceil(rows / blocks.rows), Math.ceil(columns / blocks.columns)];
    add(`${name}${end}`, 'F8_E4M3', shape);
    add(fused ? `${name}_scale_inv` : `${name}${end}_scale_inv`, 'F32', scales);
  } else if (blocks?.method === 'mxfp4' && fused) {
    add(`${name}_blocks`, 'U8', [...shape.slice(0, -1), columns / 32, 16]);
    add(`${name}_scales`, 'U8', [...shape.slice(0, -1), columns / 32]);
  } else add(`${name}${end}`, 'BF16', shape);
}

import { createHash } from 'node:crypto';
import { layoutHeader, type TensorSpec } from '../../core/safetensors/write-header.ts';

/** A tensor with its bytes. */
export interface Stored extends TensorSpec {
  readonly bytes: Uint8Array;
}

/** A small model as a person would hand it over: its files are written from this. */
export interface Model {
  config: Record<string, unknown> | string | null;
  /** By file name. */
  shards: Map<string, Stored[]>;
  /** `__metadata__` of each file. */
  metadata: Map<string, Record<string, string>>;
  /** Tensor to file; null for none, a text for one that is no JSON. */
  index: Map<string, string> | string | null;
}

export const HIDDEN = 16;
export const INTERMEDIATE = 8;
export const EXPERTS = 4;
export const LAYERS = 2;
const VOCABULARY = 8;
const HEAD = 8;

/** Numbers of about one eighth that differ from name to name, in bfloat16: no NaN, nothing that overflows. */
export function values(seed: string, count: number): Uint8Array {
  const bytes = new Uint8Array(2 * count);
  let pool = new Uint8Array();
  for (let at = 0; at < count; at++) {
    if (at % 16 === 0) pool = new Uint8Array(createHash('sha256').update(`${seed} ${at}`).digest());
    const random = pool[(2 * at) % 32] ?? 0;
    const exponent = 0x3c00 + ((pool[(2 * at + 1) % 32] ?? 0) & 0x1ff);
    const word = ((random & 1) << 15) | exponent;
    bytes[2 * at] = word & 0xff;
    bytes[2 * at + 1] = word >> 8;
  }
  return bytes;
}

export function stored(name: string, shape: readonly number[], dtype: TensorSpec['dtype'] = 'BF16'): Stored {
  const count = shape.reduce((product, dim) => product * dim, 1);
  return { name, dtype, shape, bytes: dtype === 'F32' ? new Uint8Array(4 * count) : values(name, count) };
}

/** Names of an expert's tensors, with their shapes. */
export function expertTensors(layer: number, expert: number): Stored[] {
  const at = `model.layers.${layer}.mlp.experts.${expert}`;
  return [
    stored(`${at}.gate_proj.weight`, [INTERMEDIATE, HIDDEN]),
    stored(`${at}.up_proj.weight`, [INTERMEDIATE, HIDDEN]),
    stored(`${at}.down_proj.weight`, [HIDDEN, INTERMEDIATE]),
  ];
}

function layerTensors(layer: number): Stored[] {
  const at = `model.layers.${layer}`;
  return [
    stored(`${at}.input_layernorm.weight`, [HIDDEN]),
    ...['q', 'k', 'v'].map((which) => stored(`${at}.self_attn.${which}_proj.weight`, [HIDDEN, HIDDEN])),
    stored(`${at}.self_attn.o_proj.weight`, [HIDDEN, HIDDEN]),
    stored(`${at}.self_attn.q_norm.weight`, [HEAD]),
    stored(`${at}.self_attn.k_norm.weight`, [HEAD]),
    stored(`${at}.post_attention_layernorm.weight`, [HIDDEN]),
    stored(`${at}.mlp.gate.weight`, [EXPERTS, HIDDEN]),
    ...Array.from({ length: EXPERTS }, (_, expert) => expertTensors(layer, expert)).flat(),
  ];
}

export const FIRST = 'model-00001-of-00002.safetensors';
export const SECOND = 'model-00002-of-00002.safetensors';

/** Qwen3-MoE with two layers of four experts, in two shards with an index. Nothing is wrong with it. */
export function wholeModel(): Model {
  const first = [stored('model.embed_tokens.weight', [VOCABULARY, HIDDEN]), ...layerTensors(0)];
  const second = [
    ...layerTensors(1),
    stored('model.norm.weight', [HIDDEN]),
    stored('lm_head.weight', [VOCABULARY, HIDDEN]),
  ];
  const shards = new Map([
    [FIRST, first],
    [SECOND, second],
  ]);
  return {
    config: {
      architectures: ['Qwen3MoeForCausalLM'],
      model_type: 'qwen3_moe',
      hidden_size: HIDDEN,
      intermediate_size: 32,
      moe_intermediate_size: INTERMEDIATE,
      num_hidden_layers: LAYERS,
      num_experts: EXPERTS,
      num_experts_per_tok: 2,
      norm_topk_prob: true,
      decoder_sparse_step: 1,
      mlp_only_layers: [],
      hidden_act: 'silu',
      num_attention_heads: 2,
      num_key_value_heads: 2,
      head_dim: HEAD,
      vocab_size: VOCABULARY,
      tie_word_embeddings: false,
    },
    shards,
    metadata: new Map(),
    index: indexOf(shards),
  };
}

export function indexOf(shards: ReadonlyMap<string, readonly Stored[]>): Map<string, string> {
  return new Map([...shards].flatMap(([file, tensors]) => tensors.map(({ name }) => [name, file] as const)));
}

/** A model's files, by name. */
export type Files = Map<string, Uint8Array>;

export const TRIED = ['inspect', 'loads', 'stats', 'convert', 'ranks', 'memory', 'compare', 'parity'] as const;
export type Tried = (typeof TRIED)[number];

/** One thing that has gone wrong with a checkpoint, and what has to be said about it. */
export interface Damage {
  readonly name: string;
  /** Changes the model before its files are written. */
  readonly model?: (model: Model) => void;
  /** Changes the files. */
  readonly files?: (files: Files) => void;
  /** What `inspect` says of it; null where no header shows it. */
  readonly says: RegExp | null;
  /**
   * Commands whose answer is right all the same, so that they may exit 0, or, for `loads`, give a good verdict. Each of
   * these is looked at: a conversion's bytes are held against the model's own.
   */
  readonly right?: readonly Tried[];
  /** Commands whose answer is not yet what it has to be. */
  readonly waits?: readonly Tried[];
}

/** The files of a model, before anything happens to them. */
export function filesOfModel({ config, shards, metadata, index }: Model): Files {
  const text = (value: unknown) =>
    new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value, null, 2));
  const files: Files = new Map();
  if (config !== null) files.set('config.json', text(config));
  for (const [file, tensors] of shards) files.set(file, shardBytes(tensors, metadata.get(file) ?? { format: 'pt' }));
  if (index === null) return files;
  const total = [...shards.values()].flat().reduce((sum, { bytes }) => sum + bytes.length, 0);
  const map =
    typeof index === 'string' ? index : { metadata: { total_size: total }, weight_map: Object.fromEntries(index) };
  files.set('model.safetensors.index.json', text(map));
  return files;
}

function shardBytes(tensors: readonly Stored[], metadata: Record<string, string>): Uint8Array {
  const laid = layoutHeader(tensors, new Map(Object.entries(metadata)));
  const file = new Uint8Array(laid.fileSize);
  file.set(laid.bytes);
  const bytes = new Map(tensors.map((tensor) => [tensor.name, tensor.bytes]));
  for (const { name, start } of laid.tensors) file.set(bytes.get(name) ?? new Uint8Array(), laid.dataStart + start);
  return file;
}

/** A shard with its header's text changed; the length before it follows. */
export function withHeader(file: Uint8Array, change: (text: string) => string): Uint8Array {
  const length = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  const header = new TextEncoder().encode(change(new TextDecoder().decode(file.subarray(8, 8 + length))));
  const out = new Uint8Array(8 + header.length + file.length - 8 - length);
  new DataView(out.buffer).setBigUint64(0, BigInt(header.length), true);
  out.set(header, 8);
  out.set(file.subarray(8 + length), 8 + header.length);
  return out;
}

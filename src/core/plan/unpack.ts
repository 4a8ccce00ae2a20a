import type { Checkpoint, CheckpointTensor } from '../checkpoint/types.ts';
import { quantConfig } from '../quantised/config.ts';
import { blockOf, isMxScaleType, isScaleType } from '../quantised/scale-blocks.ts';
import { bytesOf, elementsOf, type Fp8, fp8Of, isCode, isFp8, UNPACKED } from '../safetensors/dtype.ts';
import type { FileOffset } from '../safetensors/types.ts';
import type { Unpacked } from './types.ts';

/** Codes that share one scale in MXFP4, and the bytes that hold them. */
export const MX_GROUP = 32;
export const MX_BYTES = 16;

/** A quantised tensor as one matrix after another, all of one size and coding. */
export interface PackedTensor {
  readonly codes: CheckpointTensor;
  /** Null where numbers represent themselves. */
  readonly scales: CheckpointTensor | null;
  readonly format: Fp8 | 'mxfp4';
  readonly matrices: number;
  readonly rows: number;
  /** Numbers of a row. */
  readonly columns: number;
  /** Numbers that share a scale. */
  readonly blockRows: number;
  readonly blockColumns: number;
  /** True where the unpacked tensor has rows and columns change places. */
  readonly turned: boolean;
}

/** A checkpoint as it would be with its quantised tensors unpacked. */
export interface UnpackedCheckpoint {
  /** Unpacked tensors lie in files of their own, from byte 0: `packed` says what those represent. */
  readonly checkpoint: Checkpoint;
  readonly packed: ReadonlyMap<string, PackedTensor>;
  readonly summary: Unpacked;
  /** Companions that no longer have anything to say: scales of activations. */
  readonly dropped: readonly string[];
}

/** No file is called that: its first character cannot stand in a name of ours. */
const fileFor = (name: string) => `\u0000${name}`;

/**
 * The checkpoint with every FP8 and MXFP4 tensor in bf16, under the names and shapes that a checkpoint which never was
 * quantised has: FP8 as it lies, MXFP4 as gpt-oss stores bf16, [experts, in, out]. Other formats stay, and
 * {@link packedFormat} names them.
 *
 * FP8 with scales that are not understood stays too. Pure.
 */
export function unpackCheckpoint(checkpoint: Checkpoint): UnpackedCheckpoint {
  const { tensors } = checkpoint;
  const packed = new Map<string, PackedTensor>();
  const consumed = new Set<string>();
  const dropped: string[] = [];
  const unpacked = new Map<string, CheckpointTensor>();
  for (const tensor of tensors.values()) {
    const found = packedTensor(tensor, checkpoint);
    if (!found) continue;
    const name = found.format === 'mxfp4' ? tensor.name.slice(0, -'_blocks'.length) : tensor.name;
    const file = fileFor(name);
    packed.set(file, found);
    consumed.add(tensor.name);
    if (found.scales) consumed.add(found.scales.name);
    for (const companion of activationScales(name)) {
      if (tensors.has(companion)) dropped.push(companion);
    }
    unpacked.set(tensor.name, virtualTensor(name, file, found));
  }
  const gone = new Set(dropped);
  const all = [...tensors.values()].flatMap((tensor) => {
    const made = unpacked.get(tensor.name);
    if (made) return [made];
    return consumed.has(tensor.name) || gone.has(tensor.name) ? [] : [tensor];
  });
  return {
    checkpoint: { ...checkpoint, tensors: new Map(all.map((tensor) => [tensor.name, tensor])) },
    packed,
    summary: summaryOf([...packed.values()]),
    dropped,
  };
}

const formatName = (format: PackedTensor['format']) => (format === 'mxfp4' ? 'MXFP4' : `FP8 ${format}`);

function summaryOf(packed: readonly PackedTensor[]): Unpacked {
  const formats = [...new Set(packed.map(({ format }) => formatName(format)))];
  return { dtype: 'bf16', formats, tensors: packed.length };
}

/** The same, told of what a plan takes along alone. */
export function unpackedWithin(
  unpacked: UnpackedCheckpoint,
  inScope: (tensor: { readonly name: string }) => boolean,
): UnpackedCheckpoint {
  const used = [...unpacked.packed.values()].filter(({ codes }) => inScope(codes));
  const dropped = unpacked.dropped.filter((name) => inScope({ name }));
  return { ...unpacked, summary: summaryOf(used), dropped };
}

function virtualTensor(name: string, file: string, tensor: PackedTensor): CheckpointTensor {
  const { codes, turned, matrices, rows, columns } = tensor;
  const shape = turned ? [matrices, columns, rows] : codes.shape;
  const end = bytesOf(UNPACKED, elementsOf(shape));
  return { name, dtype: UNPACKED, shape, file, start: 0 as FileOffset, end: end as FileOffset };
}

function packedTensor(tensor: CheckpointTensor, checkpoint: Checkpoint): PackedTensor | null {
  if (tensor.dtype === 'U8' && tensor.name.endsWith('_blocks')) return mxfp4Tensor(tensor, checkpoint);
  const format = fp8Of(tensor.dtype);
  return format && !isScaleName(tensor.name) ? fp8Tensor(tensor, format, checkpoint) : null;
}

function mxfp4Tensor(codes: CheckpointTensor, { tensors }: Checkpoint): PackedTensor | null {
  const scales = tensors.get(`${codes.name.slice(0, -'_blocks'.length)}_scales`);
  const { shape } = codes;
  if (!scales || !isMxScaleType(scales.dtype)) return null;
  if (shape.length !== 4 || shape.at(-1) !== MX_BYTES || scales.shape.join() !== shape.slice(0, -1).join()) return null;
  const [matrices = 0, rows = 0, groups = 0] = shape;
  const sizes = { matrices, rows, columns: groups * MX_GROUP, blockRows: 1, blockColumns: MX_GROUP };
  return { codes, scales, format: 'mxfp4', ...sizes, turned: true };
}

const isScaleName = (name: string) => /scale(_inv)?(_\d)?s?$/.test(name);

function fp8Tensor(codes: CheckpointTensor, format: Fp8, checkpoint: Checkpoint): PackedTensor | null {
  const { tensors, config } = checkpoint;
  if (codes.shape.length === 0 || codes.exactShape) return null;
  const [rows = 1, columns = 1] = codes.shape.length === 1 ? [1, codes.shape[0]] : codes.shape.slice(-2);
  const matrices = codes.shape.slice(0, -2).reduce((product, size) => product * size, 1);
  const of = { codes, format, matrices, rows, columns, turned: false };
  const scales = scaleNames(codes.name).flatMap((name) => tensors.get(name) ?? [])[0];
  if (!scales) {
    const plain = config?.quantization_config === undefined && !hasUnknownScale(codes.name, tensors);
    return plain ? { ...of, scales: null, blockRows: Math.max(1, rows), blockColumns: Math.max(1, columns) } : null;
  }
  const grid = gridOf(scales, matrices, rows);
  if (!isScaleType(scales.dtype) || !grid || elementsOf(codes.shape) === 0) return null;
  const asked = quantConfig(config).block ?? [];
  const blockRows = blockOf(rows, grid[0], asked[0]);
  const blockColumns = blockOf(columns, grid[1], asked[1]);
  return blockRows === null || blockColumns === null ? null : { ...of, scales, blockRows, blockColumns };
}

/** Names under which a tensor's scales are known. */
function scaleNames(name: string): readonly string[] {
  const own = [`${name}_scale_inv`, `${name}_scale`];
  return name.endsWith('.weight') ? [...own, `${name.slice(0, -'weight'.length)}scale`] : own;
}

function activationScales(name: string): readonly string[] {
  const base = name.endsWith('.weight') ? `${name.slice(0, -'weight'.length)}` : `${name}_`;
  return [`${base}input_scale`, `${base}activation_scale`];
}

/** True when a tensor of the same module looks like a scale: numbers may then not represent themselves. */
function hasUnknownScale(name: string, tensors: Checkpoint['tensors']): boolean {
  const module = name.slice(0, name.lastIndexOf('.') + 1);
  return ['weight_scale', 'scales', 'scale', 'weight_scale_inv', 'weight_scale_2', 'weight_global_scale'].some((part) =>
    tensors.has(module + part),
  );
}

/** Rows and columns of the scales of one matrix; null when their shape does not say. */
function gridOf({ shape }: CheckpointTensor, matrices: number, rows: number): readonly [number, number] | null {
  const count = elementsOf(shape);
  if (count === matrices && (shape.length < 2 || shape.slice(-2).every((size) => size === 1) || matrices > 1)) {
    return shape.length === 2 && matrices === 1 ? [shape[0] ?? 1, shape[1] ?? 1] : [1, 1];
  }
  if (shape.length === 1) return matrices === 1 && shape[0] === rows ? [rows, 1] : null;
  const [down = 1, across = 1] = shape.slice(-2);
  if (down * across * matrices === count) return [down, across];
  return null;
}

const PACKED_INTEGERS = 'compressed-tensors’ packed integers';

/** `mxfp4-pack-quantized`: two numbers a byte, and a power of two for every 32 of them. */
function isMxfp4({ dtype, shape }: CheckpointTensor, scale: CheckpointTensor | undefined): boolean {
  if (dtype !== 'U8' || !scale || !isMxScaleType(scale.dtype)) return false;
  return shape.at(-1) === (scale.shape.at(-1) ?? 0) * MX_BYTES && shape.length === scale.shape.length;
}

const PACKED_NAME = /\.(qweight|qzeros|weight_packed|w_q)$/;

/** What a tensor is packed in that is still packed after unpacking, null when it is not. */
export function packedFormat(tensor: CheckpointTensor, tensors: Checkpoint['tensors']): string | null {
  const { name, dtype } = tensor;
  const module = name.slice(0, name.lastIndexOf('.') + 1);
  const has = (part: string) => tensors.has(module + part);
  if (/\.quant_state\.|\.(absmax|quant_map|nested_absmax)$/.test(name)) return 'bitsandbytes';
  if (name.endsWith('.qweight')) return has('g_idx') ? 'GPTQ' : 'AWQ or GPTQ';
  if (has('weight_scale_2') || has('weight_global_scale')) return isCode(dtype) ? 'NVFP4' : null;
  if (name.endsWith('.weight_packed'))
    return isMxfp4(tensor, tensors.get(`${module}weight_scale`)) ? 'MXFP4 by compressed-tensors' : PACKED_INTEGERS;
  if (dtype === 'U32' && has('scales') && has('biases')) return 'MLX’s affine groups';
  if (fp8Of(dtype)) return isScaleName(name) ? null : 'FP8 whose scales are not understood';
  if (name.endsWith('_blocks') && dtype === 'U8') return 'MXFP4 without e8m0 scales of its shape';
  const isScale = isFp8(dtype) && isScaleName(name);
  return PACKED_NAME.test(name) || (isCode(dtype) && !isScale) ? `numbers stored as ${dtype}` : null;
}

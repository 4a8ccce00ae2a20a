import { createHash } from 'node:crypto';
import { type Body, bytesBody } from './body.ts';
import { BF16_WEIGHTS, F32_WEIGHTS, type FillKey, type FillShape, fill, RAW_BITS } from './fill.ts';

/** In the order in which the reference safetensors writer sorts tensors (first comes first), with bits per element. */
const DTYPE_BITS = new Map<string, number>([
  ['U64', 64],
  ['I64', 64],
  ['F64', 64],
  ['C64', 64],
  ['F32', 32],
  ['U32', 32],
  ['I32', 32],
  ['BF16', 16],
  ['F16', 16],
  ['U16', 16],
  ['I16', 16],
  ['F8_E5M2FNUZ', 8],
  ['F8_E4M3FNUZ', 8],
  ['F8_E8M0', 8],
  ['F8_E4M3', 8],
  ['F8_E5M2', 8],
  ['I8', 8],
  ['U8', 8],
  ['F6_E3M2', 6],
  ['F6_E2M3', 6],
  ['F4', 4],
  ['BOOL', 8],
]);
const DTYPE_ORDER = new Map([...DTYPE_BITS.keys()].map((dtype, index) => [dtype, index]));

/** A tensor without its bytes: they come from one stream per block of `blockBytes`. */
export interface TensorSpec {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly blockBytes: number;
  block(index: number): FillKey;
}

interface PlacedTensor {
  readonly spec: TensorSpec;
  readonly begin: number;
  readonly end: number;
}

export function tensorBytes(spec: Pick<TensorSpec, 'dtype' | 'shape'>): number {
  const bits = DTYPE_BITS.get(spec.dtype);
  if (bits === undefined) throw new Error(`unknown dtype ${spec.dtype}`);
  return (spec.shape.reduce((product, dim) => product * dim, 1) * bits) / 8;
}

function fillShape(dtype: string): FillShape {
  if (dtype === 'BF16') return BF16_WEIGHTS;
  return dtype === 'F32' ? F32_WEIGHTS : RAW_BITS;
}

function compareTensors(a: TensorSpec, b: TensorSpec): number {
  const byType = (DTYPE_ORDER.get(a.dtype) ?? 0) - (DTYPE_ORDER.get(b.dtype) ?? 0);
  return byType || Buffer.compare(Buffer.from(a.name), Buffer.from(b.name));
}

/** Splits as `save_pretrained` does: in the order given, a new shard when the next tensor would pass the limit. */
export function packShards(tensors: Iterable<TensorSpec>, maxShardBytes: number): TensorSpec[][] {
  const shards: TensorSpec[][] = [];
  let current: TensorSpec[] = [];
  let currentBytes = 0;
  for (const tensor of tensors) {
    const bytes = tensorBytes(tensor);
    if (current.length > 0 && currentBytes + bytes > maxShardBytes) {
      shards.push(current);
      current = [];
      currentBytes = 0;
    }
    current.push(tensor);
    currentBytes += bytes;
  }
  if (current.length > 0) shards.push(current);
  return shards;
}

function placeTensors(tensors: readonly TensorSpec[]): PlacedTensor[] {
  let begin = 0;
  return [...tensors].sort(compareTensors).map((spec) => {
    const placed = { spec, begin, end: begin + tensorBytes(spec) };
    begin = placed.end;
    return placed;
  });
}

/** Length word and JSON, padded with spaces to a multiple of 8. */
export function frameHeader(json: string): Uint8Array {
  const text = new TextEncoder().encode(json);
  const length = Math.ceil(text.byteLength / 8) * 8;
  const out = new Uint8Array(8 + length).fill(0x20);
  new DataView(out.buffer).setBigUint64(0, BigInt(length), true);
  out.set(text, 8);
  return out;
}

function headerJson(placed: readonly PlacedTensor[], metadata: Record<string, string>): string {
  const entries = placed.map(({ spec, begin, end }) => {
    const info = { dtype: spec.dtype, shape: spec.shape, data_offsets: [begin, end] };
    return `${JSON.stringify(spec.name)}:${JSON.stringify(info)}`;
  });
  return `{${[`"__metadata__":${JSON.stringify(metadata)}`, ...entries].join(',')}}`;
}

function fillTensor(out: Uint8Array, spec: TensorSpec, offset: number): void {
  const shape = fillShape(spec.dtype);
  let at = 0;
  while (at < out.byteLength) {
    const index = Math.floor((offset + at) / spec.blockBytes);
    const inside = offset + at - index * spec.blockBytes;
    const bytes = Math.min(out.byteLength - at, spec.blockBytes - inside);
    fill(out.subarray(at, at + bytes), spec.block(index), shape, inside);
    at += bytes;
  }
}

/** Index of the first tensor that ends after `offset`. */
function findTensor(placed: readonly PlacedTensor[], offset: number): number {
  let low = 0;
  let high = placed.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((placed[middle]?.end ?? 0) <= offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

function dataBody(placed: readonly PlacedTensor[]): Body {
  const size = placed.at(-1)?.end ?? 0;
  return {
    size,
    read(start, end) {
      const out = new Uint8Array(end - start);
      for (let i = findTensor(placed, start); i < placed.length; i += 1) {
        const tensor = placed[i];
        if (tensor === undefined || tensor.begin >= end) break;
        const from = Math.max(start, tensor.begin);
        const to = Math.min(end, tensor.end);
        if (from < to) fillTensor(out.subarray(from - start, to - start), tensor.spec, from - tensor.begin);
      }
      return out;
    },
  };
}

export interface VirtualShard {
  readonly tensors: readonly TensorSpec[];
  readonly body: Body;
  /** Represents the file's hash: equal for equal headers and weights. Not the hash of the bytes. */
  readonly sha256: () => string;
}

/** A safetensors file with a real header and generated data; nothing is made before it is looked at. */
export function virtualShard(
  tensors: readonly TensorSpec[],
  seed: string,
  metadata: Record<string, string> = { format: 'pt' },
): VirtualShard {
  let made: { header: Body; headerBytes: Uint8Array; data: Body } | undefined;
  const make = (): { header: Body; headerBytes: Uint8Array; data: Body } => {
    if (made === undefined) {
      const placed = placeTensors(tensors);
      const headerBytes = frameHeader(headerJson(placed, metadata));
      made = { header: bytesBody(headerBytes), headerBytes, data: dataBody(placed) };
    }
    return made;
  };
  const body: Body = {
    get size() {
      const { header, data } = make();
      return header.size + data.size;
    },
    read(start, end) {
      const { header, data } = make();
      const out = new Uint8Array(end - start);
      if (start < header.size) out.set(header.read(start, Math.min(end, header.size)));
      const from = Math.max(start, header.size);
      if (from < end) out.set(data.read(from - header.size, end - header.size), from - start);
      return out;
    },
  };
  const sha256 = (): string => createHash('sha256').update(seed).update(make().headerBytes).digest('hex');
  return { tensors, body, sha256 };
}

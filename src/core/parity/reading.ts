import type { Checkpoint, CheckpointTensor } from '../checkpoint/types.ts';
import { LoomError } from '../errors.ts';
import { dequantiseCpu } from '../kernels/dequantise/cpu.ts';
import { dequantiseKernel } from '../kernels/dequantise/kernel.ts';
import { scalesAsF32 } from '../kernels/dequantise/scales.ts';
import { gatherCpu } from '../kernels/gather/cpu.ts';
import { openOnce } from '../open-once.ts';
import { partBytes } from '../plan/parts.ts';
import type { DequantisePart, Part } from '../plan/types.ts';
import { type PackedTensor, unpackCheckpoint } from '../plan/unpack.ts';
import { unpackParts } from '../plan/unpack-parts.ts';
import { type DType, type FloatType, isFloatType } from '../safetensors/dtype.ts';
import type { FileOffset } from '../safetensors/types.ts';
import { coalesce, readPieces } from '../source/coalesce.ts';
import type { ByteRange, ByteSource, FileSet } from '../source/types.ts';
import { KIB, MIB } from '../units.ts';
import type { Weight } from './graph.ts';

/** Experts' matrices lie close together; a read carries along what is between them up to this. */
const LIMITS = { gap: 64 * KIB, run: 16 * MIB };

/** What is held is counted on: next to nothing that nobody asked for. */
const HOLD_LIMITS = { gap: 4 * KIB, run: 16 * MIB };

/** What graphs call the formats that kernels compute with. */
const ELEMENTS: Readonly<Record<FloatType, Weight['element']>> = { F32: 'f32', F16: 'f16', BF16: 'bf16' };

/** How a stored dtype is called in a graph; null for what graphs of ours do not take. */
export function elementOf(dtype: DType): Weight['element'] | null {
  return isFloatType(dtype) ? ELEMENTS[dtype] : null;
}

/** A checkpoint with the files that it was opened from. */
export interface ParitySource {
  readonly checkpoint: Checkpoint;
  readonly files: FileSet;
}

/** A checkpoint whose FP8 and MXFP4 tensors read as the bf16 numbers that they represent. */
export interface ReadableSource extends ParitySource {
  readonly packed: ReadonlyMap<string, PackedTensor>;
  /** Names of the formats that are unpacked on the way. */
  readonly formats: readonly string[];
}

export function readable({ checkpoint, files }: ParitySource): ReadableSource {
  const unpacked = unpackCheckpoint(checkpoint);
  if (unpacked.packed.size === 0) return { checkpoint, files, packed: unpacked.packed, formats: [] };
  return { checkpoint: unpacked.checkpoint, files, packed: unpacked.packed, formats: unpacked.summary.formats };
}

/** A checkpoint with its files, each opened once. */
export interface Reader {
  readonly checkpoint: Checkpoint;
  /** Reads ranges into memory, instead of what was held before: later reads inside them cost nothing. */
  hold(ranges: readonly HeldRange[]): Promise<void>;
  /** Bytes read so far. */
  readonly bytes: number;
  readTensor(name: string): Promise<Weight>;
  /** Bytes `start` to `end` of what `parts` make, one after another; both lie between parts or in a copy. */
  readParts(parts: readonly Part[], start: number, end: number): Promise<Uint8Array<ArrayBuffer>>;
  dispose(): Promise<void>;
}

export interface HeldRange extends ByteRange {
  readonly file: string;
}

/** @throws LoomError as the files' reads do; `tensor-unreadable` for numbers that no graph takes. */
export function createReader(
  { checkpoint, packed, files }: ReadableSource,
  signal: AbortSignal | undefined,
  onBytes: (bytes: number) => void = () => {},
): Reader {
  let held = new Map<string, Held[]>();
  let bytes = 0;
  const { open, dispose } = openOnce(async (file) =>
    withHeld(await files.open(file, { signal }), () => held.get(file), count),
  );
  const count = (length: number) => {
    bytes += length;
    onBytes(length);
  };
  const hold = async (wanted: readonly HeldRange[]) => {
    held = new Map();
    const ranges = storedRanges(wanted, packed);
    const next = new Map<string, Held[]>();
    for (const file of new Set(ranges.map((range) => range.file))) {
      const source = await open(file);
      const own = ranges.filter((range) => range.file === file).map((range) => ({ ...range, at: 0 }));
      const blocks: Held[] = [];
      for (const { start, end } of coalesce(own, HOLD_LIMITS))
        blocks.push({ start, end, bytes: await source.read({ start, end }, { signal }) });
      next.set(file, blocks);
    }
    held = next;
  };
  const readTensor = async (name: string): Promise<Weight> => {
    const tensor = checkpoint.tensors.get(name);
    if (!tensor) throw new LoomError('internal', `${name} is not in the checkpoint.`, { tensor: name });
    const element = elementOf(tensor.dtype);
    if (!element) throw unreadable(tensor);
    const { file, start, end } = tensor;
    const read = await readParts([{ kind: 'copy', span: { file, start, end } }], 0, end - start);
    return { element, dims: tensor.shape, bytes: read };
  };
  const readParts = async (parts: readonly Part[], start: number, end: number) => {
    const output = new Uint8Array(end - start);
    const pieces = new Map<string, { start: number; end: number; at: number }[]>();
    let at = 0;
    for (const part of unpackParts(cutParts(parts, start, end), packed)) {
      const target = output.subarray(at, at + partBytes(part));
      if (part.kind === 'copy') {
        const list = pieces.get(part.span.file) ?? [];
        pieces.set(part.span.file, list);
        list.push({ start: part.span.start, end: part.span.end, at });
      } else if (part.kind === 'bytes') target.set(part.bytes);
      else {
        const inputs = await Promise.all(
          part.spans.map(async (span) => (await open(span.file)).read(span, { signal })),
        );
        if (part.kind === 'gather') gatherCpu(part, inputs, target);
        else dequantise(part, inputs, target);
      }
      at += target.byteLength;
    }
    for (const [file, list] of pieces) {
      const missing = list.filter((piece) => !copyHeld(held.get(file), piece, output.subarray(piece.at)));
      if (missing.length > 0) await readPieces(await open(file), missing, output, LIMITS, signal);
    }
    return output;
  };
  return {
    checkpoint,
    hold,
    get bytes() {
      return bytes;
    },
    readTensor,
    readParts,
    dispose,
  };
}

/** Where the bytes are stored that stand behind ranges of tensors, unpacked ones among them. */
export function storedRanges(ranges: readonly HeldRange[], packed: ReadableSource['packed']): HeldRange[] {
  return ranges.flatMap((range): HeldRange[] => {
    const tensor = packed.get(range.file);
    if (!tensor) return [range];
    const { codes, scales, matrices, rows, columns } = tensor;
    const whole = 2 * matrices * rows * columns;
    return [codes, ...(scales ? [scales] : [])].map(({ file, start, end }) => ({
      file,
      start: start + Math.floor((range.start / whole) * (end - start)),
      end: start + Math.ceil((range.end / whole) * (end - start)),
    }));
  });
}

/** Parts that make bytes `start` to `end` alone. */
function cutParts(parts: readonly Part[], start: number, end: number): Part[] {
  let at = 0;
  return parts.flatMap((part): Part[] => {
    const from = at;
    at += partBytes(part);
    if (at <= start || from >= end) return [];
    if (part.kind !== 'copy') return [part];
    const first = part.span.start + Math.max(0, start - from);
    const last = part.span.end - Math.max(0, at - end);
    return [{ kind: 'copy', span: { ...part.span, start: first as FileOffset, end: last as FileOffset } }];
  });
}

/** The numbers that codes and scales represent, in bf16, by the CPU forms of the kernels. */
function dequantise(part: DequantisePart, inputs: readonly Uint8Array[], output: Uint8Array): void {
  let at = 0;
  const numbers = part.packed.map(({ coding, scales }) => {
    const codes = inputs[at++] as Uint8Array;
    const stored = scales === null ? codes : (inputs[at++] as Uint8Array);
    const factors = coding.format === 'mxfp4' ? stored : scalesAsF32(stored, scales);
    const made = part.gather ? new Uint8Array(dequantiseKernel.outputBytes(coding)) : output;
    dequantiseCpu(coding, [codes, factors], made);
    return made;
  });
  if (part.gather) gatherCpu(part.gather, numbers, output);
}

interface Held extends ByteRange {
  readonly bytes: Uint8Array<ArrayBuffer>;
}

function copyHeld(blocks: readonly Held[] | undefined, range: ByteRange, output: Uint8Array): boolean {
  const block = blocks?.find(({ start, end }) => start <= range.start && range.end <= end);
  if (!block) return false;
  output.set(block.bytes.subarray(range.start - block.start, range.end - block.start));
  return true;
}

/** A source that answers from what is held, and says what it had to read. */
function withHeld(
  inner: ByteSource,
  held: () => readonly Held[] | undefined,
  count: (bytes: number) => void,
): ByteSource {
  return {
    ...inner,
    read: async (range, options) => {
      const block = held()?.find(({ start, end }) => start <= range.start && range.end <= end);
      if (!block) {
        const bytes = await inner.read(range, options);
        count(bytes.byteLength);
        return bytes;
      }
      const bytes = block.bytes.subarray(range.start - block.start, range.end - block.start);
      if (!options?.into) return bytes.slice();
      options.into.set(bytes);
      return options.into.subarray(0, bytes.byteLength);
    },
  };
}

function unreadable({ name, dtype }: CheckpointTensor): LoomError {
  return new LoomError(
    'tensor-unreadable',
    `${name} is stored as ${dtype}, which this program cannot compute a block from.`,
    {
      tensor: name,
    },
  );
}

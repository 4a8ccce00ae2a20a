import type { Checkpoint, CheckpointTensor } from '../checkpoint/types.ts';
import { LoomError } from '../errors.ts';
import { gatherCpu } from '../kernels/gather/cpu.ts';
import { partBytes } from '../plan/parts.ts';
import type { Part } from '../plan/types.ts';
import { coalesce, readPieces } from '../source/coalesce.ts';
import type { ByteRange, ByteSource, FileSet } from '../source/types.ts';
import { KIB, MIB } from '../units.ts';
import type { Weight } from './graph.ts';

/** Experts' matrices lie close together; a read carries along what is between them up to this. */
const LIMITS = { gap: 64 * KIB, run: 16 * MIB };

/** What is held is counted on: next to nothing that nobody asked for. */
const HOLD_LIMITS = { gap: 4 * KIB, run: 16 * MIB };

const ELEMENTS: Readonly<Record<string, Weight['element']>> = { F32: 'f32', F16: 'f16', BF16: 'bf16' };

/** How a stored dtype is called in a graph; null for what graphs of ours do not take. */
export function elementOf(dtype: string): Weight['element'] | null {
  return ELEMENTS[dtype] ?? null;
}

/** A checkpoint with its files, each opened once. */
export interface Reader {
  readonly checkpoint: Checkpoint;
  /** Reads ranges into memory, in place of what was held before: later reads inside them cost nothing. */
  hold(ranges: readonly HeldRange[]): Promise<void>;
  /** Bytes read so far. */
  readonly bytes: number;
  readTensor(name: string): Promise<Weight>;
  readRange(range: HeldRange): Promise<Uint8Array<ArrayBuffer>>;
  /** Bytes `start` to `end` of what `parts` make, one after another. Part borders stand at both, or whole copies around them. */
  readParts(parts: readonly Part[], start: number, end: number): Promise<Uint8Array<ArrayBuffer>>;
  dispose(): Promise<void>;
}

export interface HeldRange extends ByteRange {
  readonly file: string;
}

/** @throws LoomError as the files' reads do; `tensor-unreadable` for numbers that no graph takes. */
export function createReader(
  checkpoint: Checkpoint,
  files: FileSet,
  signal: AbortSignal | undefined,
  onBytes: (bytes: number) => void = () => {},
): Reader {
  const opened = new Map<string, Promise<ByteSource>>();
  let held = new Map<string, Held[]>();
  let bytes = 0;
  const open = (file: string) => {
    const source =
      opened.get(file) ?? files.open(file, { signal }).then((inner) => withHeld(inner, () => held.get(file), count));
    opened.set(file, source);
    return source;
  };
  const count = (length: number) => {
    bytes += length;
    onBytes(length);
  };
  const hold = async (ranges: readonly HeldRange[]) => {
    held = new Map();
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
    const read = await (await open(tensor.file)).read({ start: tensor.start, end: tensor.end }, { signal });
    return { element, dims: tensor.shape, bytes: read };
  };
  const readParts = async (parts: readonly Part[], start: number, end: number) => {
    const output = new Uint8Array(end - start);
    const pieces = new Map<string, { start: number; end: number; at: number }[]>();
    let at = 0;
    for (const part of parts) {
      const from = at;
      at += partBytes(part);
      if (at <= start || from >= end) continue;
      if (part.kind === 'copy') {
        const skip = Math.max(0, start - from);
        const length = Math.min(at, end) - from - skip;
        const first = part.span.start + skip;
        const list = pieces.get(part.span.file) ?? [];
        pieces.set(part.span.file, [...list, { start: first, end: first + length, at: from + skip - start }]);
      } else {
        const target = output.subarray(from - start, at - start);
        if (part.kind === 'bytes') target.set(part.bytes);
        else if (part.kind === 'dequantise')
          throw new LoomError('not-convertible', 'A block of weights that are being unpacked is not compared here.');
        else {
          const inputs = await Promise.all(
            part.spans.map(async (span) => (await open(span.file)).read(span, { signal })),
          );
          gatherCpu(part, inputs, target);
        }
      }
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
    readRange: async (range) => (await open(range.file)).read(range, { signal }),
    readParts,
    dispose: async () => {
      for (const source of opened.values()) await (await source.catch(() => null))?.dispose?.();
    },
  };
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
  return new LoomError('tensor-unreadable', `${name} is stored as ${dtype}, which a block is not computed from here.`, {
    tensor: name,
  });
}

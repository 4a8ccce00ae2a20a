import { type Budget, createBudget } from '../budget.ts';
import type { Checkpoint, CheckpointTensor } from '../checkpoint/types.ts';
import { throwIfAborted } from '../errors.ts';
import { gatherCpu } from '../kernels/gather/cpu.ts';
import { detectLayout } from '../layouts/detect.ts';
import type { MatrixView } from '../layouts/types.ts';
import { bitsOf } from '../safetensors/dtype.ts';
import type { ByteSource, FileSet } from '../source/types.ts';
import { MIB } from '../units.ts';
import { type Difference, type Pair, pairUp } from './pairs.ts';

export interface VerifySide {
  readonly checkpoint: Checkpoint;
  readonly files: FileSet;
}

export interface VerifyOptions {
  readonly budget?: Budget | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** `tensors` and `bytes` count what of the original was compared. */
export interface Verification {
  readonly equal: boolean;
  readonly tensors: number;
  readonly bytes: number;
  readonly differences: readonly Difference[];
  /** Numbers of the layers compared when the converted checkpoint says that it is partial, else null. */
  readonly layers: readonly number[] | null;
}

const CHUNK = 8 * MIB;

/**
 * Compares two checkpoints byte by byte, whatever their layouts: every expert's every matrix and every other tensor.
 *
 * A converted checkpoint that says it is partial is compared in its layers alone, and `layers` says so.
 */
export async function verifyCheckpoints(
  original: VerifySide,
  converted: VerifySide,
  options: VerifyOptions = {},
): Promise<Verification> {
  const left = { checkpoint: original.checkpoint, layout: detectLayout(original.checkpoint) };
  const right = { checkpoint: converted.checkpoint, layout: detectLayout(converted.checkpoint) };
  const layers = partialLayers(converted.checkpoint);
  const pairing = pairUp(layers ? { ...left, ...onlyLayers(original.checkpoint, layers) } : left, right);
  const comparer = createComparer(original.files, converted.files, options);
  const differences: Difference[] = [...pairing.differences];
  const compared = new Set<string>();
  const total = pairing.pairs.reduce((sum, pair) => sum + pairBytes(pair), 0);
  let bytes = 0;
  try {
    for (const pair of pairing.pairs) {
      throwIfAborted(options.signal);
      const reason = shapesDiffer(pair) ?? (await comparer.compare(pair));
      if (reason !== null) differences.push({ tensor: pair.left.name, reason });
      compared.add(pair.left.name);
      bytes += pairBytes(pair);
      options.onProgress?.(bytes, total);
    }
  } finally {
    await comparer.dispose();
  }
  return { equal: differences.length === 0, tensors: compared.size, bytes, differences, layers };
}

function partialLayers(checkpoint: Checkpoint): readonly number[] | null {
  const { moe_loom_scope: scope, moe_loom_layers: layers } = checkpoint.indexMetadata ?? {};
  if (scope !== 'partial' || !Array.isArray(layers)) return null;
  return layers.filter((layer): layer is number => Number.isInteger(layer));
}

function onlyLayers(checkpoint: Checkpoint, layers: readonly number[]) {
  const wanted = new Set(layers);
  const tensors = new Map<string, CheckpointTensor>();
  for (const [name, tensor] of checkpoint.tensors) {
    const number = /(?:^|\.)(?:layers|blocks|h)\.(\d+)\./.exec(name)?.[1];
    if (number !== undefined && wanted.has(Number(number))) tensors.set(name, tensor);
  }
  const reduced = { ...checkpoint, tensors };
  return { checkpoint: reduced, layout: detectLayout(reduced) };
}

function pairBytes(pair: Pair): number {
  if (!pair.views) return pair.left.end - pair.left.start;
  const { rows, columns, dtype } = pair.views.left;
  return (rows * columns * bitsOf(dtype)) / 8;
}

function shapesDiffer({ left, right, views }: Pair): string | null {
  if (views) return null;
  if (left.dtype !== right.dtype)
    return `is ${left.dtype} in the original and ${right.dtype} in the converted checkpoint`;
  if (left.shape.join() !== right.shape.join())
    return `has shape [${left.shape}] in the original and [${right.shape}] in the converted checkpoint`;
  return null;
}

interface Comparer {
  /** What differs, or null. */
  compare(pair: Pair): Promise<string | null>;
  dispose(): Promise<void>;
}

function createComparer(leftFiles: FileSet, rightFiles: FileSet, options: VerifyOptions): Comparer {
  const budget = options.budget ?? createBudget();
  const opened = new Map<string, Promise<ByteSource>>();
  const open = (files: FileSet, side: string, name: string) => {
    const key = `${side}:${name}`;
    const source = opened.get(key) ?? files.open(name, { signal: options.signal });
    opened.set(key, source);
    return source;
  };
  const buffers = [new Uint8Array(CHUNK), new Uint8Array(CHUNK)] as const;
  const { signal } = options;

  const compareRanges = async (pair: Pair, left: Located, right: Located): Promise<string | null> => {
    const length = left.end - left.start;
    const [leftSource, rightSource] = await Promise.all([
      open(leftFiles, 'l', pair.left.file),
      open(rightFiles, 'r', pair.right.file),
    ]);
    for (let at = 0; at < length; at += CHUNK) {
      const size = Math.min(CHUNK, length - at);
      const [a, b] = await Promise.all([
        leftSource.read({ start: left.start + at, end: left.start + at + size }, { signal, into: buffers[0] }),
        rightSource.read({ start: right.start + at, end: right.start + at + size }, { signal, into: buffers[1] }),
      ]);
      const byte = firstDifference(a, b);
      if (byte !== null) return describeByte(pair, at + byte, a[byte], b[byte]);
    }
    return null;
  };

  const compareGathered = async (
    pair: Pair,
    views: { left: MatrixView; right: MatrixView },
  ): Promise<string | null> => {
    const bytes = pairBytes(pair);
    const spans = [locate(pair.left, views.left), locate(pair.right, views.right)];
    const held = 2 * bytes + spans.reduce((sum, span) => sum + (span.end - span.start), 0);
    const release = await budget.take(held, signal);
    try {
      const [a, b] = await Promise.all([
        canonical(await open(leftFiles, 'l', pair.left.file), locate(pair.left, views.left), views.left, signal),
        canonical(await open(rightFiles, 'r', pair.right.file), locate(pair.right, views.right), views.right, signal),
      ]);
      const byte = firstDifference(a, b);
      return byte === null ? null : describeByte(pair, byte, a[byte], b[byte]);
    } finally {
      release();
    }
  };

  return {
    compare: (pair) => {
      const { views } = pair;
      if (!views) return compareRanges(pair, pair.left, pair.right);
      if (isContiguous(views.left) && isContiguous(views.right)) {
        return compareRanges(pair, locate(pair.left, views.left), locate(pair.right, views.right));
      }
      return compareGathered(pair, views);
    },
    dispose: async () => {
      for (const source of opened.values()) await (await source.catch(() => null))?.dispose?.();
    },
  };
}

interface Located {
  readonly start: number;
  readonly end: number;
}

/** Bytes of the file that a view touches. */
function locate(tensor: CheckpointTensor, view: MatrixView): Located {
  const itemBytes = bitsOf(view.dtype) / 8;
  const start = tensor.start + view.base * itemBytes;
  const last = (view.rows - 1) * view.rowStride + (view.columns - 1) * view.columnStride;
  return { start, end: start + (last + 1) * itemBytes };
}

function isContiguous(view: MatrixView): boolean {
  return (view.columnStride === 1 || view.columns === 1) && (view.rowStride === view.columns || view.rows === 1);
}

async function canonical(
  source: ByteSource,
  span: Located,
  view: MatrixView,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const input = await source.read(span, { signal });
  const itemBytes = bitsOf(view.dtype) / 8;
  const output = new Uint8Array(view.rows * view.columns * itemBytes);
  const shape = [view.rows, view.columns];
  gatherCpu(
    { itemBytes, shape, strides: [view.rowStride, view.columnStride], bases: [0], select: null },
    [input],
    output,
  );
  return output;
}

function describeByte(pair: Pair, byte: number, left: number | undefined, right: number | undefined): string {
  const hex = (value: number | undefined) => `0x${(value ?? 0).toString(16).padStart(2, '0')}`;
  const where = pair.expert === null ? '' : ` of expert ${pair.expert}'s ${pair.projection} matrix`;
  const name = pair.right.name === pair.left.name ? '' : ` (${pair.right.name} in the converted checkpoint)`;
  return `differs from byte ${byte}${where} on: ${hex(left)} in the original, ${hex(right)} in the converted checkpoint${name}`;
}

/** The first index at which two equally long byte arrays differ, or null. Compares four bytes at a time where it can. */
export function firstDifference(a: Uint8Array, b: Uint8Array): number | null {
  const words = Math.floor(a.byteLength / 4);
  let from = 0;
  if (a.byteOffset % 4 === 0 && b.byteOffset % 4 === 0) {
    const x = new Uint32Array(a.buffer, a.byteOffset, words);
    const y = new Uint32Array(b.buffer, b.byteOffset, words);
    let at = 0;
    while (at < x.length && x[at] === y[at]) at++;
    if (at === x.length && a.byteLength === words * 4) return null;
    from = at * 4;
  }
  for (let at = from; at < a.byteLength; at++) {
    if (a[at] !== b[at]) return at;
  }
  return null;
}

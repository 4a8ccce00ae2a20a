import type { Budget } from '../budget.ts';
import type { CheckpointTensor } from '../checkpoint/types.ts';
import { throwIfAborted } from '../errors.ts';
import { bitsOf, elementsOf } from '../safetensors/dtype.ts';
import type { ByteSource, FileSet } from '../source/types.ts';
import { MIB } from '../units.ts';
import { createTally, type Tally } from './tally.ts';
import type { TensorHistogram } from './types.ts';

/** Bytes read at a time: whole elements of every format, six bits and complex numbers too. */
const CHUNK_BYTES = 24 * Math.floor((8 * MIB) / 24);
/** Chunks that are on their way at once. */
const AHEAD = 3;
/** Where numbers have at most so many different values, each has its own bin. */
const BINS = 64;

export interface HistogramOptions {
  readonly budget: Budget;
  readonly signal?: AbortSignal | undefined;
  /** Hears the bytes that are counted, of how many. */
  readonly onProgress?: ((progress: { readonly done: number; readonly total: number }) => void) | undefined;
}

/**
 * Counts every number of a tensor in one pass, chunk by chunk, buffers out of the budget.
 *
 * @throws LoomError `cancelled`, and what the files throw.
 */
export async function histogramTensor(
  tensor: CheckpointTensor,
  files: FileSet,
  { budget, signal, onProgress }: HistogramOptions,
): Promise<TensorHistogram> {
  const total = elementsOf(tensor.shape) === 0 ? 0 : tensor.end - tensor.start;
  const tally = createTally(tensor.dtype);
  onProgress?.({ done: 0, total });
  if (total > 0) {
    const source = await files.open(tensor.file, { signal });
    try {
      await stream({ source, tensor, tally, budget, signal, total }, (done) => onProgress?.({ done, total }));
    } finally {
      await source.dispose?.();
    }
  }
  return { ...tally.summary(BINS), exact: bitsOf(tensor.dtype) <= 16, bytes: total };
}

interface Streaming {
  readonly source: ByteSource;
  readonly tensor: CheckpointTensor;
  readonly tally: Tally;
  readonly budget: Budget;
  readonly signal: AbortSignal | undefined;
  readonly total: number;
}

/** Reads ahead, counts in order; what is on its way when one read fails is stopped. */
async function stream(
  { source, tensor, tally, budget, signal, total }: Streaming,
  onDone: (done: number) => void,
): Promise<void> {
  const stop = new AbortController();
  const either = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
  const waiting: Promise<{ bytes: Uint8Array; release: () => void }>[] = [];
  let asked = 0;
  const ask = () => {
    const [start, end] = [asked, Math.min(asked + CHUNK_BYTES, total)];
    asked = end;
    const chunk = load(source, { start: tensor.start + start, end: tensor.start + end }, budget, either);
    chunk.catch(() => {});
    waiting.push(chunk);
  };
  try {
    for (let done = 0; done < total; ) {
      while (waiting.length < AHEAD && asked < total) ask();
      const { bytes, release } = await (waiting.shift() as (typeof waiting)[number]);
      try {
        throwIfAborted(signal);
        tally.add(bytes);
        done += bytes.length;
      } finally {
        release();
      }
      onDone(done);
    }
  } finally {
    stop.abort();
    for (const chunk of waiting) chunk.then(({ release }) => release()).catch(() => {});
  }
}

async function load(
  source: ByteSource,
  range: { readonly start: number; readonly end: number },
  budget: Budget,
  signal: AbortSignal,
) {
  const release = await budget.take(range.end - range.start, signal);
  try {
    return { bytes: await source.read(range, { signal }), release };
  } catch (error) {
    release();
    throw error;
  }
}

import type { Budget } from '../budget.ts';
import { mapConcurrent } from '../concurrency.ts';
import { throwIfAborted } from '../errors.ts';
import type { Engine } from '../kernels/engine.ts';
import type { OutputShard } from '../plan/types.ts';
import type { SinkFile } from '../sink/types.ts';
import type { ByteSource } from '../source/types.ts';
import { KIB, MIB } from '../units.ts';
import { type BufferPool, createBufferPool } from './buffer-pool.ts';
import { type Computed, runCompute } from './compute.ts';
import { createPartDigests, type PartDigests, type ShardEvidence } from './part-digests.ts';
import { type ComputeItem, type CopyItem, type Item, scheduleShard, type Unit, writeRuns } from './schedule.ts';
import { createStaging, type Staging } from './staging.ts';

export interface WriteShardOptions {
  readonly shard: OutputShard;
  readonly file: SinkFile;
  readonly open: (name: string) => Promise<ByteSource>;
  readonly budget: Budget;
  readonly engine: Engine;
  readonly signal: AbortSignal | undefined;
  /** Hears of output bytes that were written. */
  readonly onBytes: (bytes: number) => void;
  /** Awaited before each unit is worked on. */
  readonly gate?: (() => Promise<void>) | undefined;
}

/** Reads of this size run at the full speed of a browser's local files and of a network; more gains nothing. */
const UNIT_BYTES = 16 * MIB;
/** Units that are being read while one is worked on. */
const AHEAD = 2;
/** Units beside the one at hand whose kernels may be under way: a device and helpers have work while a unit is hashed. */
const COMPUTED_AHEAD = 1;
/** Ranges of one unit that are read at once. */
const READS_AT_ONCE = 4;
/** Reading 64 KiB too much is cheaper than another read. */
const GAP_BYTES = 64 * KIB;

/**
 * Writes one shard: header, then everything else in the order in which the source holds it, while what comes next is
 * read and what came before is written. Gives the hash of every part as its bytes came from the source (before and after
 * the kernel, where there is one).
 *
 * Holds at most AHEAD + 2 units, all taken from the budget with what kernels make of them.
 */
export async function writeShard(options: WriteShardOptions): Promise<ShardEvidence> {
  const { shard, file, budget, signal } = options;
  // What a unit reads, what is made of it, and what helpers get a copy of.
  const shares = options.engine.helped ? 3 : 2;
  const unitBytes = Math.max(64 * KIB, Math.min(UNIT_BYTES, Math.floor(budget.capacity / (AHEAD + 2) / shares)));
  const units = scheduleShard(shard, { unitBytes, gap: GAP_BYTES });
  const abort = new AbortController();
  const inner = signal ? AbortSignal.any([signal, abort.signal]) : abort.signal;
  const pool = createBufferPool(Math.min(unitBytes, longestOf(units)));
  const digests = await createPartDigests(shard);
  const work: Work = { options, pool, digests, staging: createStaging(), signal: inner };
  await file.write(shard.header, 0, { signal });
  const ahead = options.engine.overlaps ? COMPUTED_AHEAD : 0;
  const queue: InHand[] = [];
  let next = 0;
  const loadNext = () => {
    const unit = units[next++];
    if (!unit) return;
    const loaded = load(unit, work);
    loaded.catch(() => undefined);
    queue.push({ loaded, made: null });
  };
  let writing: Promise<void> = Promise.resolve();
  try {
    for (let i = 0; i <= AHEAD; i++) loadNext();
    for (let current = queue[0]; current; current = queue[0]) {
      for (const one of queue.slice(0, 1 + ahead)) one.made ??= computed(one.loaded, work);
      const loaded = await current.loaded;
      const ready = await prepare(loaded, (await current.made) ?? [], work);
      await writing;
      queue.shift();
      writing = write(ready, loaded, work);
      writing.catch(() => undefined);
      loadNext();
    }
    await writing;
  } catch (error) {
    abort.abort();
    await writing.catch(() => undefined);
    for (const { loaded, made } of queue) {
      await made?.catch(() => undefined);
      await loaded.then(({ release }) => release()).catch(() => undefined);
    }
    throw error;
  }
  return digests.result();
}

/** Bytes of the longest buffer that units need: those of a small shard should not cost what those of a large one do. */
function longestOf(units: readonly Unit[]): number {
  return units.reduce((most, { readBytes, computedBytes }) => Math.max(most, readBytes, computedBytes), 0);
}

interface Work {
  readonly options: WriteShardOptions;
  readonly pool: BufferPool;
  readonly digests: PartDigests;
  readonly staging: Staging;
  readonly signal: AbortSignal;
}

interface Loaded {
  readonly unit: Unit;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly release: () => void;
}

async function load(unit: Unit, work: Work): Promise<Loaded> {
  const { budget, engine } = work.options;
  // Only numbers that a device makes have a twin, and only where WebGPU was chosen does it make any.
  const twinBytes = engine.choice === 'webgpu' ? unit.twinBytes : 0;
  const copied = engine.helped && unit.computedBytes > 0 ? unit.readBytes : 0;
  const release = await budget.take(unit.readBytes + unit.computedBytes + twinBytes + copied, work.signal);
  try {
    const bytes = await readPooled(unit, work);
    const giveBack = () => {
      work.pool.give(bytes);
      release();
    };
    return { unit, bytes, release: giveBack };
  } catch (error) {
    release();
    throw error;
  }
}

async function readPooled(unit: Unit, { options, pool, signal }: Work): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = pool.take(unit.readBytes);
  try {
    await mapConcurrent(
      unit.reads,
      READS_AT_ONCE,
      async ({ file, start, end, at }, inner) => {
        const into = bytes.subarray(at, at + end - start);
        const got = await (await options.open(file)).read({ start, end }, { signal: inner, into });
        if (got.buffer !== into.buffer) into.set(got);
      },
      signal,
    );
    return bytes;
  } catch (error) {
    pool.give(bytes);
    throw error;
  }
}

/** Bytes on their way to the output file. */
interface Ready {
  readonly offset: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** True for a buffer of the pool's own, to be given back once written. */
  readonly pooled: boolean;
}

/** A unit that is read, then computed; null before its kernels were started. */
interface InHand {
  readonly loaded: Promise<Loaded>;
  made: Promise<Computed[]> | null;
}

/** Runs the kernels of a unit once it is read: all of its items at once, of which a device may have several. */
function computed(loading: Promise<Loaded>, work: Work): Promise<Computed[]> {
  const { gate, signal } = work.options;
  const made = loading.then(async ({ unit, bytes }) => {
    await gate?.();
    throwIfAborted(signal);
    const running = unit.items.map((item) => bytesOf(item, bytes, work));
    const failed = (await Promise.allSettled(running)).find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
    return Promise.all(running);
  });
  made.catch(() => undefined);
  return made;
}

/** Hashes the items of a unit in order; gives what is to be written. */
async function prepare({ unit, bytes }: Loaded, all: readonly Computed[], work: Work): Promise<Ready[]> {
  const { digests, staging } = work;
  const ready: Ready[] = [];
  const copies: CopyItem[] = [];
  for (const [at, item] of unit.items.entries()) {
    const { made, twin } = all[at] as Computed;
    await digests.take(item, twin ?? made);
    if (twin) work.pool.give(twin);
    if (item.kind === 'compute') digests.takeInputs(item, inputsOf(item, bytes));
    if (staging.keep(item, made)) {
      if (item.kind === 'compute') work.pool.give(made);
    } else if (item.kind === 'copy') copies.push(item);
    else ready.push({ offset: item.offset, bytes: made, pooled: item.kind === 'compute' });
  }
  for (const { at, offset, length } of writeRuns(copies))
    ready.push({ offset, bytes: bytes.subarray(at, at + length), pooled: false });
  for (const whole of staging.whole()) ready.push({ ...whole, pooled: false });
  return ready;
}

function inputsOf({ inputs }: ComputeItem, bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>[] {
  return inputs.map(({ at, length }) => bytes.subarray(at, at + length));
}

async function bytesOf(item: Item, bytes: Uint8Array<ArrayBuffer>, work: Work): Promise<Computed> {
  if (item.kind === 'copy') return { made: bytes.subarray(item.at, item.at + item.length), twin: null };
  if (item.kind === 'bytes') return { made: Uint8Array.from(item.bytes), twin: null };
  const output = work.pool.take(item.length);
  const options = { take: work.pool.take, signal: work.signal };
  return runCompute(work.options.engine, item.source, inputsOf(item, bytes), output, options);
}

async function write(ready: readonly Ready[], loaded: Loaded, { options, pool }: Work): Promise<void> {
  try {
    const writes = ready.map(async ({ offset, bytes }) => {
      await options.file.write(bytes, offset, { signal: options.signal });
      options.onBytes(bytes.byteLength);
    });
    const failed = (await Promise.allSettled(writes)).find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
  } finally {
    for (const { bytes, pooled } of ready) if (pooled) pool.give(bytes);
    loaded.release();
  }
}

import type { Budget } from '../budget.ts';
import type { Helpers } from '../kernels/crew.ts';
import type { Devices } from '../kernels/devices.ts';
import { createEngine, type EngineChoice, type EngineDecision } from '../kernels/engine.ts';
import { openOnce } from '../open-once.ts';
import type { OutputShard } from '../plan/types.ts';
import type { Sink, SinkFile, WriteOptions } from '../sink/types.ts';
import type { FileSet } from '../source/types.ts';
import { readBack, type SeenFile, type ShardDigests } from '../verify/read-back.ts';
import type { FinishedShard } from './journal.ts';
import { writeShard } from './write-shard.ts';

/** What a runner tells of the shard in its hands; bytes are those since it last told. */
export interface ShardHooks {
  readonly signal: AbortSignal | undefined;
  readonly onPhase: (phase: 'write' | 'verify') => void;
  readonly onWritten: (bytes: number) => void;
  readonly onVerified: (bytes: number) => void;
}

/** Where the kernels of a run computed, and why. */
export interface EngineUse {
  readonly choice: EngineChoice;
  readonly adapter: string | null;
  readonly decisions: readonly EngineDecision[];
}

/** A shard that was written and read back, with its file as it was then. */
export interface MadeShard {
  readonly made: FinishedShard;
  readonly seen: SeenFile;
}

/** Those who make shards: in this thread, or each in one of its own. */
export interface ShardRunners {
  /** How many shards may be in hand at once. */
  readonly count: number;
  /**
   * Writes a shard, reads every byte of it back and compares. It has its final name when the promise settles; after a
   * failure nothing of it is left.
   */
  make(shard: OutputShard, hooks: ShardHooks): Promise<MadeShard>;
  /** Reads a shard of an earlier run back. @throws LoomError `verify-failed` when it is not what was written. */
  prove(shard: OutputShard, digests: ShardDigests, hooks: ShardHooks): Promise<SeenFile>;
  /** What the engines did so far. */
  engine(): EngineUse;
  dispose(): Promise<void>;
}

export interface LocalRunnerOptions {
  readonly files: FileSet;
  readonly sink: Pick<Sink, 'create' | 'files' | 'remove'>;
  /** Shared by all shards in hand. */
  readonly budget: Budget;
  readonly engine?: EngineChoice | undefined;
  /** How many such runners work at the same time, each in its thread; 1 unless given. */
  readonly threads?: number | undefined;
  /** A device that another thread owns; else this one opens its own when it needs one. */
  readonly devices?: Devices | undefined;
  /** Threads that compute for this one. */
  readonly helpers?: Helpers | undefined;
  readonly count?: number | undefined;
  /** Awaited before each piece of work: it stands still while this is pending. */
  readonly gate?: (() => Promise<void>) | undefined;
}

/** Runners in this thread: their reads, writes and flushes overlap, their kernels and hashes take turns. */
export function createLocalRunners(options: LocalRunnerOptions): ShardRunners {
  const { files, sink, budget, gate } = options;
  const { threads, devices, helpers } = options;
  const engine = createEngine({ engine: options.engine ?? 'cpu', threads, devices, helpers });
  const sources = openOnce((name) => files.open(name));
  const readable = withGate(sink.files(), gate);
  const prove = (shard: OutputShard, digests: ShardDigests, hooks: ShardHooks) => {
    hooks.onPhase('verify');
    return readBack({ shard, digests, files: readable, budget, signal: hooks.signal, onBytes: hooks.onVerified });
  };
  return {
    count: options.count ?? 1,
    make: async (shard, hooks) => {
      const { signal } = hooks;
      hooks.onPhase('write');
      const { digests, inputs } = await whole(sink, shard, { signal }, (file) =>
        writeShard({ shard, file, open: sources.open, budget, engine, signal, gate, onBytes: hooks.onWritten }),
      );
      try {
        const seen = await prove(shard, digests, hooks);
        const made = { file: shard.file, digests: [...digests] };
        return { made: inputs.size > 0 ? { ...made, inputs: [...inputs] } : made, seen };
      } catch (error) {
        await sink.remove(shard.file);
        throw error;
      }
    },
    prove,
    engine: () => ({ choice: engine.choice, adapter: engine.adapter(), decisions: engine.decisions() }),
    dispose: async () => {
      engine.dispose();
      await sources.dispose();
    },
  };
}

/** Writes a file, whole or not at all. */
export async function whole<T>(
  sink: Pick<Sink, 'create'>,
  { file: name, byteLength }: { readonly file: string; readonly byteLength: number },
  options: WriteOptions,
  fill: (file: SinkFile) => Promise<T>,
): Promise<T> {
  const file = await sink.create(name, byteLength, options);
  try {
    const made = await fill(file);
    await file.commit(options);
    return made;
  } catch (error) {
    await file.abort().catch(() => undefined);
    throw error;
  }
}

/** Reads wait for the gate. */
function withGate(files: FileSet, gate: (() => Promise<void>) | undefined): FileSet {
  if (!gate) return files;
  return {
    ...files,
    open: async (name, options) => {
      const source = await files.open(name, options);
      return {
        ...source,
        read: async (range, readOptions) => {
          await gate();
          return source.read(range, readOptions);
        },
      };
    },
  };
}

/** What several engines did, as one: decisions of the same operation are summed, rates are the first one's. */
export function mergeUses(uses: readonly EngineUse[]): EngineUse {
  const merged = new Map<string, EngineDecision>();
  for (const decision of uses.flatMap((use) => use.decisions)) {
    const key = `${decision.kernel} ${decision.op}`;
    const known = merged.get(key);
    const runs = {
      cpu: decision.runs.cpu + (known?.runs.cpu ?? 0),
      webgpu: decision.runs.webgpu + (known?.runs.webgpu ?? 0),
    };
    merged.set(key, { ...(known ?? decision), runs });
  }
  const adapter = uses.find((use) => use.adapter !== null)?.adapter ?? null;
  return { choice: uses[0]?.choice ?? 'cpu', adapter, decisions: [...merged.values()] };
}

import type {
  ConversionReport,
  EngineChoice,
  ErrorWire,
  OutputShard,
  Pause,
  Progress,
  RunnerLimits,
  ShardAnswer,
  ShardEvent,
  WantedDigests,
} from '../../src/core/index.ts';
import type { SourceDescriptor } from '../inspect/protocol.ts';

/** Where a conversion writes to, as a value that can be sent to a worker. */
export type SinkDescriptor =
  | { readonly kind: 'opfs'; readonly job: string }
  | { readonly kind: 'directory'; readonly handle: FileSystemDirectoryHandle }
  /** For small results; they are taken with `takeFiles`. */
  | { readonly kind: 'memory' };

/** A file that a conversion into memory made. */
export interface MemoryFile {
  readonly name: string;
  readonly blob: Blob;
}

/** What was found when storage was tried: null where it works, else why it does not. */
export interface StorageTrial {
  readonly storage: ErrorWire | null;
  /** The record of unfinished conversions. */
  readonly record: ErrorWire | null;
}

/** How a conversion works; what it writes does not depend on it. */
export interface WorkSettings {
  readonly engine: EngineChoice;
  /** Memory for buffers, all workers together. */
  readonly memoryBytes: number;
  /** Also the SHA-256 of each shard. */
  readonly sha256: boolean;
  /** Check the source against its stated hashes before anything is written. */
  readonly checkSource?: boolean;
}

/** What survives a closed tab: the journal's name, and what the page wants to know when it finds it. */
export interface JobRecord {
  readonly job: string;
  readonly note: unknown;
  /** True to continue with what the journal says; false for a new job. */
  readonly resume: boolean;
}

export interface ConvertRequest {
  readonly source: SourceDescriptor;
  readonly sink: SinkDescriptor;
  /** Without one, an end before the end leaves nothing. */
  readonly record?: JobRecord;
  readonly settings?: WorkSettings;
}

export type ConvertEvent =
  | { readonly type: 'progress'; readonly progress: Progress }
  /** The browser copies a finished file to its place; null when it has. */
  | { readonly type: 'finalising'; readonly file: string | null }
  /** The source is being checked against its hashes: bytes read, and bytes to read. */
  | { readonly type: 'checking'; readonly done: number; readonly total: number }
  /** The browser keeps no record of this conversion: it cannot be resumed. */
  | { readonly type: 'unrecorded'; readonly reason: string }
  /** All requests to the Hub wait, or go on. */
  | { readonly type: 'pause'; readonly pause: Pause | null };

/** The worker that converts: one job at a time. Ports and signals are arguments of their own. */
export interface ConvertApi {
  /**
   * Waits for a plan from `planPort` (the inspect worker's `sendPlan`), runs it and gives the report. Events come at most
   * about ten times a second, and whenever the phase or the file changes.
   */
  run(
    request: ConvertRequest,
    planPort: MessagePort,
    onEvent: (event: ConvertEvent) => void,
    signal: AbortSignal,
  ): Promise<ConversionReport>;
  /** Stands still before the next piece of work. */
  pause(): void;
  resume(): void;
  /** Writes a small file into the browser storage, and removes it. */
  tryStorage(): Promise<StorageTrial>;
  /** What the last conversion into memory made; handed out once. */
  takeFiles(): readonly MemoryFile[];
}

/** A worker that makes shards for the one that converts. */
export interface RunnerApi {
  /** Before `start`: another worker computes for this one, behind `port`. */
  help(port: MessagePort): void;
  /** The helper that came as number `at`, from 0, is gone. */
  helperEnded(at: number, reason: string): void;
  /**
   * Opens the source, and the folder of the job that the other worker owns. `device`: the port to the worker that owns the
   * graphics device, null where none is to be used.
   */
  start(source: SourceDescriptor, job: string, limits: RunnerLimits, device: MessagePort | null): Promise<void>;
  /** The worker of the graphics device is gone: the CPU computes from now on. */
  deviceEnded(reason: string): void;
  /** Writes and proves a shard, or only proves it. */
  work(
    shard: OutputShard,
    digests: WantedDigests,
    onEvent: (event: ShardEvent) => void,
    signal: AbortSignal,
  ): Promise<ShardAnswer>;
  /** SHA-256 of a finished file, in hex. */
  sha256(sink: SinkDescriptor, file: string, signal: AbortSignal): Promise<string>;
  /** Hashes what comes through the port; see `createWorkerDigest`. */
  digest(port: MessagePort): Promise<void>;
  pause(): void;
  resume(): void;
}

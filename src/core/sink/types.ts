import type { FileSet } from '../source/types.ts';

export interface WriteOptions {
  readonly signal?: AbortSignal | undefined;
}

/** A file being written. It has no final name until `commit`; after `abort` nothing of it is left. */
export interface SinkFile {
  readonly name: string;
  /** Writes all of `bytes` at `offset` from the start of the file. The buffer may be reused once the promise settles. */
  write(bytes: Uint8Array<ArrayBuffer>, offset: number, options?: WriteOptions): Promise<void>;
  /** Flushes and gives the file its final name: complete from now on. */
  commit(options?: WriteOptions): Promise<void>;
  abort(): Promise<void>;
}

/** Where output goes. A file is complete under its final name, or absent. */
export interface Sink {
  readonly identity: string;
  /** @throws LoomError `disk-full`, `write-failed`; `output-not-empty` when the name is taken. */
  create(name: string, byteLength: number, options?: WriteOptions): Promise<SinkFile>;
  /** Counts a file that another thread completed in the same place as written by this sink. */
  adopt(name: string): void | Promise<void>;
  /**
   * Takes back one complete file; nothing happens when it is not there.
   *
   * @throws LoomError `output-changed` when another file has taken its place, where that can be told: it stays.
   */
  remove(name: string): Promise<void>;
  /** What was written so far, for reading back. */
  files(): FileSet;
  /** Takes back everything this sink has written or adopted. */
  discard(): Promise<void>;
  /** Takes back what is unfinished and lets others write there; complete files stay. */
  close?(): Promise<void>;
}

/** What an earlier run left in a place that is to be continued. */
export interface Leftovers {
  /** Files that are complete: adopted. */
  readonly finished: readonly string[];
  /** Names that the run may have begun: removed, to be written again. */
  readonly planned: readonly string[];
}

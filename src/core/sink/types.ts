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
  /** What was written so far, for reading back. */
  files(): FileSet;
  /** Takes back everything this sink has written. */
  discard(): Promise<void>;
}

/** Bytes `start` (included) to `end` (excluded) of a file, counted from its byte 0. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
  /** A buffer of at least the range's length to read into; the answer is then a view of it. */
  readonly into?: Uint8Array<ArrayBuffer> | undefined;
}

/**
 * The one door to bytes: a file that can be read at any range.
 *
 * `read` gives exactly `end − start` bytes or throws (`read-failed`, `read-short`, `cancelled`); it never gives fewer.
 */
export interface ByteSource {
  /** Identity of the content as far as it is known: equal keys mean equal bytes. */
  readonly key: string;
  /**
   * True where nobody can change the bytes and keep the key: it names the content, or holds a time that only the system
   * sets. Else a file that is edited in place, and given its old time back, has its old key.
   */
  readonly firm?: boolean;
  /** True when reads are downloads: reading something twice costs more than computing it. */
  readonly remote?: boolean;
  /** SHA-256 of the whole file in hex, where whoever gives it states one. What is read need not be that. */
  readonly sha256?: string | undefined;
  readonly byteLength: number;
  read(range: ByteRange, options?: ReadOptions): Promise<Uint8Array<ArrayBuffer>>;
  /** Frees what is held open. Reading afterwards may open it again. */
  dispose?(): Promise<void>;
}

export interface FileEntry {
  /** Path inside the set, parts joined by `/`. */
  readonly name: string;
  readonly byteLength: number;
}

export interface SetOptions {
  readonly signal?: AbortSignal | undefined;
}

/** A set of named files: a folder, a drop, a Hub repo at a commit, an output. */
export interface FileSet {
  /** What a person would call it, and what distinguishes it from another set. */
  readonly identity: string;
  /** Files may be refused to whoever asks: one is asked for before the others are. */
  readonly guarded?: boolean;
  list(options?: SetOptions): Promise<readonly FileEntry[]>;
  /** @throws LoomError `path-not-found` when the set has no such file. */
  open(name: string, options?: SetOptions): Promise<ByteSource>;
  dispose?(): Promise<void>;
}

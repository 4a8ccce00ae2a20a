import { hex } from './repo.ts';

/** An upload of one object, as `…/objects/batch` began it. */
export interface StartedUpload {
  readonly id: string;
  readonly oid: string;
  readonly size: number;
  /** Bytes of a part; null for one request. */
  readonly partBytes: number | null;
  /** Seconds since the epoch after which its addresses are not accepted. */
  readonly until: number;
  readonly parts: Map<number, Uint8Array>;
}

/** Where large objects of uploads lie: those that are whole by their SHA-256, and those that are under way. */
export class LfsStore {
  readonly #objects = new Map<string, Uint8Array>();
  readonly #started = new Map<string, StartedUpload>();
  /** Bytes of bodies that came whole or in part, over all requests. */
  received = 0;

  has(oid: string): boolean {
    return this.#objects.has(oid);
  }

  object(oid: string): Uint8Array | undefined {
    return this.#objects.get(oid);
  }

  begin(oid: string, size: number, partBytes: number | null, until: number): StartedUpload {
    const id = hex('sha256', 'upload', oid, String(this.#started.size)).slice(0, 24);
    const started = { id, oid, size, partBytes, until, parts: new Map<number, Uint8Array>() };
    this.#started.set(id, started);
    return started;
  }

  started(id: string): StartedUpload | undefined {
    return this.#started.get(id);
  }

  /** Takes the bytes for the object, if they are it. */
  finish({ id, oid, size }: StartedUpload, bytes: Uint8Array): boolean {
    this.#started.delete(id);
    if (bytes.byteLength !== size || hex('sha256', bytes) !== oid) return false;
    this.#objects.set(oid, bytes);
    return true;
  }
}

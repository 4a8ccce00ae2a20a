import { type Sink, sha256Of } from '../../src/core/index.ts';
import type { ConvertRequest, MemoryFile, WorkSettings } from './protocol.ts';
import { createSummer } from './runner-pool.ts';

const made: MemoryFile[] = [];

/**
 * Waits for the work, and keeps what it left in a memory sink as the browser's own files: they outlive the worker, and its
 * memory is free again. Gives back what the work gave.
 */
export async function keepFiles<T>({ sink: where }: ConvertRequest, sink: Sink, work: Promise<T>): Promise<T> {
  const done = await work;
  made.length = 0;
  if (where.kind !== 'memory') return done;
  const files = sink.files();
  for (const { name, byteLength } of await files.list()) {
    const source = await files.open(name);
    made.push({ name, blob: new Blob([await source.read({ start: 0, end: byteLength })]) });
    await sink.remove(name);
  }
  return done;
}

/** What the last conversion into memory made; handed out once. */
export function takeFiles(): readonly MemoryFile[] {
  return made.splice(0);
}

type Sum = (file: string, signal: AbortSignal | undefined) => Promise<string>;

/** SHA-256 of finished files: in a worker of its own, but of files in this worker's memory here. Null where none is wanted. */
export function createSums(
  { sink: where }: ConvertRequest,
  { sha256 }: WorkSettings,
): { readonly of: (sink: Sink) => Sum; readonly dispose: () => void } | null {
  if (!sha256) return null;
  if (where.kind === 'memory')
    return { of: (sink) => (file, signal) => sha256Of(sink.files(), file, signal), dispose: () => {} };
  const summer = createSummer(where);
  return { of: () => summer.sum, dispose: summer.dispose };
}

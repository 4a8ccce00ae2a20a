import { LoomError } from '../errors.ts';

/** What the system's errors mean for a file being written. @throws LoomError `disk-full`, `write-failed`, and an error of ours as it is. */
export function failed(name: string, cause: unknown, byte = 0): never {
  if (cause instanceof LoomError) throw cause;
  const code = (cause as { code?: unknown } | null)?.code;
  const fields = { file: name, byte };
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    const message = `The disk is full: ${name} could not be written at byte ${byte}. Free space and run again.`;
    throw new LoomError('disk-full', message, fields, cause);
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  throw new LoomError('write-failed', `${name} cannot be written at byte ${byte}: ${reason}.`, fields, cause);
}

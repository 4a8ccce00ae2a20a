import { isLoomError, LoomError } from '../errors.ts';
import type { Sink } from '../sink/types.ts';
import { type SeenFile, seen } from '../verify/read-back.ts';

/** Finished files of an output, each as it was when it was noted. */
export interface OutputWatch {
  /** The file is finished, and was this when it was proven; it is looked at where nobody says. */
  note(file: string, seen?: SeenFile): Promise<void>;
  /**
   * `prove` is asked where a file has its length and may still be another one than was noted.
   *
   * @throws LoomError `output-changed` where a noted file is gone or has another length, and what `prove` throws.
   */
  insist(prove: (file: string) => Promise<void>): Promise<void>;
}

/** Where a key is not firm (`ByteSource.firm`), only the presence and the length of a file are compared. */
export function createOutputWatch(sink: Pick<Sink, 'files'>): OutputWatch {
  const noted = new Map<string, SeenFile>();
  const look = async (file: string): Promise<SeenFile> => {
    const source = await sink
      .files()
      .open(file)
      .catch((error: unknown) => {
        throw isLoomError(error) && error.tag !== 'path-not-found' ? error : changed(file, 'removed');
      });
    await source.dispose?.();
    return seen(source);
  };
  return {
    note: async (file, proven) => {
      noted.set(file, proven ?? (await look(file)));
    },
    insist: async (prove) => {
      for (const [file, then] of noted) {
        const now = await look(file);
        if (now.byteLength !== then.byteLength) throw changed(file, 'changed');
        if (!then.firm || !now.firm || now.key === then.key) continue;
        await prove(file);
        noted.set(file, now);
      }
    },
  };
}

function changed(file: string, how: string): LoomError {
  const message = `${file} in the output was ${how} after it was proven, while the conversion was still running. Resume the conversion: it writes this file again. Do not change the output folder until the conversion ends.`;
  return new LoomError('output-changed', message, { file });
}

import { LoomError } from '../errors.ts';
import { type Emitted, emit } from './emitted.ts';
import { hasHidden } from './visible.ts';

/** Slurm reads a line into a buffer of 8,192 bytes. */
const MAX_VALUE = 1000;

/**
 * A line `#SBATCH --name=value`, as sbatch reads it back. sbatch knows quotes and backslashes within a line and cuts it at `#`; a
 * value that holds a line break or another hidden character cannot be written there.
 *
 * @throws LoomError `usage`, naming the flag.
 */
export function sbatchLine(name: string, value: string): Emitted<'shell'> {
  if (!/^[a-z][a-z-]*$/.test(name)) throw new RangeError(`${JSON.stringify(name)} is no option of sbatch.`);
  if (value === '' || hasHidden(value) || value.length > MAX_VALUE)
    throw new LoomError(
      'usage',
      `--${name} takes 1 to ${MAX_VALUE} characters without line breaks and other hidden characters, not ${JSON.stringify(value)}.`,
    );
  const plain = /^[\w./:@%+,=-]+$/.test(value);
  return emit(`#SBATCH --${name}=${plain ? value : `"${value.replace(/["\\]/g, '\\$&')}"`}\n`);
}

import { basename, dirname } from 'node:path';

/**
 * How this program is called, from the path of the script that runs: `hf moe` where `hf extensions install` has put it,
 * `hf-moe` for the same file elsewhere, else `moe-loom`.
 */
export function nameOf(script: string | undefined): string {
  if (script === undefined || basename(script) !== 'hf-moe') return 'moe-loom';
  return basename(dirname(script)) === 'hf-moe' && basename(dirname(dirname(script))) === 'extensions'
    ? 'hf moe'
    : 'hf-moe';
}

/** The name of the program that runs, as a reader types it. */
export const PROGRAM_NAME = nameOf(process.argv[1]);

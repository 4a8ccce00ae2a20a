import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isLoomError, LoomError, openRuntime, type Runtime, shellWord } from '../core/index.ts';

/** The version that parity was tested with. It is not a dependency of the package: it has 135 MB, and one command uses it. */
export const RUNTIME = 'onnxruntime-web@1.30.0';

/**
 * {@link openRuntime}, from where this program is installed and nowhere else: the folder that the command is run in may hold
 * files of strangers.
 * @throws LoomError `runtime-unavailable`, with the command that installs it.
 */
export async function openInstalledRuntime(): Promise<Runtime> {
  try {
    return await openRuntime();
  } catch (error) {
    if (!isLoomError(error) || error.tag !== 'runtime-unavailable' || !isMissing(error.cause)) throw error;
    const add = addCommand(fileURLToPath(import.meta.url), existsSync);
    const message = `parity computes with onnxruntime-web, which is not installed with this program. ${add}`;
    throw new LoomError('runtime-unavailable', message, {}, error);
  }
}

function isMissing(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'ERR_MODULE_NOT_FOUND';
}

/**
 * How to install the runtime where a program at this path finds it, as a sentence.
 *
 * `exists`: whether there is a file at a path.
 */
export function addCommand(program: string, exists: (path: string) => boolean): string {
  if (basename(program) === 'hf-moe')
    return `Run \`npm i --prefix ${shellWord(dirname(program))} ${RUNTIME}\`, then run parity again.`;
  const [, root, place] = /^(.*?)[/\\]((?:_npx[/\\][^/\\]+[/\\])?)node_modules[/\\]moe-loom[/\\]/.exec(program) ?? [];
  if (root === undefined) return `Run \`npm i ${RUNTIME}\` in the folder of moe-loom, then run parity again.`;
  if (place) return `Run \`npx -p moe-loom -p ${RUNTIME} moe-loom parity …\` with the same arguments.`;
  return exists(join(root, 'package.json'))
    ? `Run \`npm i ${RUNTIME}\` in ${root}, then run parity again.`
    : `Run \`npm i -g ${RUNTIME}\`, then run parity again.`;
}

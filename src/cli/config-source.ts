import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CONFIG_FILES, isLoomError, LoomError, refuseUnusable, withPlainNames } from '../core/index.ts';
import { readRegular } from '../core/source/regular-file.node.ts';
import { openCheckpointAt, type SourceFlags } from './source.ts';
import { tell } from './terminal.ts';

type Opened = Awaited<ReturnType<typeof openCheckpointAt>>;
type JsonObject = Readonly<Record<string, unknown>>;

/**
 * A checkpoint, or a config where there is no more: a config.json, or a folder that holds it alone.
 *
 * @throws LoomError `checkpoint-unusable`, and what opening throws.
 */
export async function openOrConfig(
  source: string,
  flags: SourceFlags,
  signal: AbortSignal,
): Promise<{ readonly opened: Opened } | { readonly config: JsonObject }> {
  if (source.endsWith('.json') && !source.endsWith('.index.json')) return { config: await readConfig(source) };
  try {
    const opened = await openCheckpointAt(source, flags, signal);
    refuseUnusable(opened.checkpoint);
    return { opened };
  } catch (error) {
    if (!isLoomError(error) || error.tag !== 'no-checkpoint') throw error;
    for (const name of CONFIG_FILES) {
      const alone = join(source, name);
      if (await stat(alone).catch(() => null)) return { config: await readConfig(alone) };
    }
    throw error;
  }
}

async function readConfig(path: string): Promise<JsonObject> {
  const text = await readRegular(path, path).catch((error) => {
    if (isLoomError(error)) throw error;
    throw new LoomError('path-not-found', `${path} cannot be read.`, { file: path }, error);
  });
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      const { config, faults } = withPlainNames(value as JsonObject);
      for (const fault of faults) tell(`! ${fault} [config-name-invalid]`);
      return config;
    }
  } catch (error) {
    throw new LoomError('config-invalid', `${path} is not JSON.`, { file: path }, error);
  }
  throw new LoomError('config-invalid', `${path} is not a JSON object.`, { file: path });
}

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isLoomError, LoomError, withPlainNames } from '../core/index.ts';
import { readRegular } from '../core/source/regular-file.node.ts';
import { openCheckpointAt, type SourceFlags } from './source.ts';
import { tell } from './terminal.ts';

type Opened = Awaited<ReturnType<typeof openCheckpointAt>>;
type JsonObject = Readonly<Record<string, unknown>>;

/** A checkpoint, or a config where there is no more: a config.json, or a folder that holds it alone. */
export async function openOrConfig(
  source: string,
  flags: SourceFlags,
  signal: AbortSignal,
): Promise<{ readonly opened: Opened } | { readonly config: JsonObject }> {
  if (source.endsWith('.json') && !source.endsWith('.index.json')) return { config: await readConfig(source) };
  try {
    return { opened: await openCheckpointAt(source, flags, signal) };
  } catch (error) {
    const alone = join(source, 'config.json');
    if (!isLoomError(error) || error.tag !== 'no-checkpoint' || !(await stat(alone).catch(() => null))) throw error;
    return { config: await readConfig(alone) };
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

import { join } from 'node:path';
import { isLoomError, LoomError } from '../errors.ts';
import { readRegular } from '../source/regular-file.node.ts';
import { type Environment, expandHome, hubHome } from './cache.node.ts';

export interface FoundToken {
  readonly token: string;
  /** Where it was found, for a sentence: the name of a variable, or the path of a file. */
  readonly from: string;
}

/**
 * The access token of this user as huggingface_hub finds it, or null: `HF_TOKEN`, `HUGGING_FACE_HUB_TOKEN`, then the
 * file that `hf auth login` writes (`HF_TOKEN_PATH`, else `token` in `HF_HOME`), unless `HF_HUB_DISABLE_IMPLICIT_TOKEN`
 * is set. Source: its `utils/_auth.py` and `constants.py`, version 1.x, read in November 2026.
 *
 * @example
 * ```ts
 * import { findToken } from 'moe-loom/node';
 * const found = await findToken({ HF_TOKEN: 'hf_example' });
 * console.log(found.from); // → HF_TOKEN
 * ```
 */
export async function findToken(env: Environment): Promise<FoundToken | null> {
  for (const from of ['HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN']) {
    const token = env[from]?.trim();
    if (token) return { token, from };
  }
  if (isTrue(env.HF_HUB_DISABLE_IMPLICIT_TOKEN)) return null;
  const path = env.HF_TOKEN_PATH ? expandHome(env.HF_TOKEN_PATH, env) : join(hubHome(env), 'token');
  const text = await readRegular(path, path).catch((error: unknown) => {
    if (isLoomError(error)) throw error;
    return '';
  });
  const token = text.trim();
  return token === '' ? null : { token, from: path };
}

/** True where the user wants no network: `HF_HUB_OFFLINE`, or `TRANSFORMERS_OFFLINE` (huggingface_hub, `constants.py`). */
export function isOffline(env: Environment): boolean {
  return isTrue(env.HF_HUB_OFFLINE || env.TRANSFORMERS_OFFLINE);
}

/** What huggingface_hub takes for yes. */
function isTrue(value: string | undefined): boolean {
  return /^(1|on|yes|true)$/i.test(value ?? '');
}

/**
 * Milliseconds without a byte after which a server is given up, by `HF_HUB_DOWNLOAD_TIMEOUT` (whole seconds, as
 * huggingface_hub reads it); undefined where it is not set.
 *
 * @throws LoomError `usage` for a value that is no number of seconds.
 */
export function stallMsOf(env: Environment): number | undefined {
  const text = env.HF_HUB_DOWNLOAD_TIMEOUT?.trim();
  if (!text) return undefined;
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text) * 1000;
  throw new LoomError(
    'usage',
    `HF_HUB_DOWNLOAD_TIMEOUT takes whole seconds from 1 to 99999; "${text}" is not that. Correct it, or leave it out for 30.`,
  );
}

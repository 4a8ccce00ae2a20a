import { open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { isLoomError, LoomError } from '../../errors.ts';
import { failed } from '../../sink/write-failed.node.ts';
import { readRegular } from '../../source/regular-file.node.ts';
import { MAX_PLAN_BYTES, parsePlanFile } from './parse.ts';
import type { PlanFile } from './types.ts';

/**
 * Reads a plan file.
 *
 * @throws LoomError `path-not-found`, `not-a-file`, `read-failed`, and `plan-invalid` as `parsePlanFile`.
 */
export async function readPlanFile(path: string): Promise<PlanFile> {
  const info = await stat(path).catch(() => null);
  if (!info) throw new LoomError('path-not-found', `There is no plan file ${path}.`, { file: path });
  if (info.size > MAX_PLAN_BYTES) {
    const message = `${path} is not a plan that this version can run: it has ${info.size} bytes, above the cap of ${MAX_PLAN_BYTES}.`;
    throw new LoomError('plan-invalid', message, { file: path });
  }
  const text = await readRegular(path, path).catch((cause) => {
    if (isLoomError(cause)) throw cause;
    throw new LoomError('read-failed', `${path} cannot be read: ${cause?.message}.`, { file: path }, cause);
  });
  return parsePlanFile(text, path);
}

/**
 * Writes a plan file, whole or not at all. A file that is there stays as it is if it has the same text.
 *
 * @throws LoomError `output-not-empty` where the name is taken by anything else, `disk-full`, `write-failed`.
 */
export async function writePlanFile(path: string, text: string): Promise<void> {
  const full = resolve(path);
  const there = await stat(full).catch(() => null);
  if (there) {
    if (there.isFile() && there.size === Buffer.byteLength(text) && (await readRegular(full, path)) === text) return;
    const message = `${path} is there already and is not this plan. Name another file, or remove it: parts that were made with it are of no use to another plan.`;
    throw new LoomError('output-not-empty', message, { file: path });
  }
  const temporary = join(dirname(full), `.${basename(full)}.${process.pid}.tmp`);
  try {
    const handle = await open(temporary, 'w');
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, full);
  } catch (cause) {
    await rm(temporary, { force: true });
    failed(path, cause);
  }
}

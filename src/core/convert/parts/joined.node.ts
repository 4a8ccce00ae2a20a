import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConversionPlan } from '../../plan/types.ts';
import { INDEX_FILE } from '../../safetensors/index-file.ts';
import { PARTS_FOLDER } from '../../sink/staged.node.ts';
import { readRegular } from '../../source/regular-file.node.ts';

/** True for a folder whose parts were joined: the index is there, and no work is left. */
export async function isJoined(root: string, plan: ConversionPlan): Promise<boolean> {
  if (await stat(join(root, PARTS_FOLDER)).catch(() => null)) return false;
  const index = await readRegular(join(root, INDEX_FILE), INDEX_FILE).catch(() => null);
  if (index !== plan.index) return false;
  for (const { file, byteLength } of plan.shards)
    if ((await stat(join(root, file)).catch(() => null))?.size !== byteLength) return false;
  return true;
}

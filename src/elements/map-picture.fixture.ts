import { fileURLToPath } from 'node:url';
import { detectLayout } from '../core/layouts/detect.ts';
import { type ExpertMap, mapExperts } from '../core/layouts/map.ts';
import { openCheckpoint } from '../core/programs/opening.ts';
import { openLocal } from '../core/source/folder.node.ts';

/** The map of a small checkpoint: three layers, the middle one dense. */
export async function inspected(): Promise<ExpertMap> {
  const folder = fileURLToPath(new URL('../../fixtures/checkpoints/qwen3_moe/hub', import.meta.url));
  const checkpoint = await openCheckpoint(await openLocal(folder));
  return mapExperts(checkpoint, detectLayout(checkpoint), { complete: true });
}

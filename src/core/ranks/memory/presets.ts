import type { PlacementError } from '../types.ts';
import { H100_GIB } from './constants.ts';
import { GPU_MODELS } from './gpus.ts';
import type { MemoryMesh, MemorySetup } from './setup.ts';

/** A cluster by name, with the set-up that uses it. */
export interface MemoryPreset {
  readonly title: string;
  readonly setup: MemorySetup;
}

/** One node, a few nodes, a cluster: GPUs of each, by the GPU's id. */
const CLUSTERS: readonly (readonly [gpus: number, id: string])[] = [
  [8, 'h100'],
  [8, 'h200'],
  [8, 'b200'],
  [16, 'h100'],
  [64, 'h100'],
  [64, 'b200'],
];

/**
 * Usual clusters for a run. Each keeps the program, its options and the parallel sizes of `setup` where they work on that
 * many GPUs. Otherwise the sizes are dropped and expert parallelism takes the largest size that works. A cluster that the
 * program cannot use at all is left out.
 *
 * `eps` are the sizes to try for expert parallelism; `mesh` says whether the program takes a set-up.
 */
export function clusterPresets(
  setup: MemorySetup,
  eps: readonly number[],
  mesh: (setup: MemorySetup) => MemoryMesh | PlacementError,
): MemoryPreset[] {
  const works = (tried: MemorySetup) => !('error' in mesh(tried));
  return CLUSTERS.flatMap(([gpus, id]) => {
    const gpu = GPU_MODELS.find((each) => each.id === id);
    if (!gpu) return [];
    const kept = { ...setup, gpus, dp: undefined, capacityGib: gpu.gib === H100_GIB ? undefined : gpu.gib };
    const bare = { ...kept, cp: undefined, tp: undefined, pp: undefined, etp: undefined, ep: undefined };
    const sizes = eps.filter((ep) => ep <= gpus).sort((a, b) => b - a);
    const found = [kept, ...sizes.map((ep) => ({ ...bare, ep })), bare].find(works);
    return found ? [{ title: `${gpus} × ${gpu.title}`, setup: found }] : [];
  });
}

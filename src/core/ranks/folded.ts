import { dataParallel, degree, timesToDivide } from './deal.ts';
import { axis, meshOf } from './mesh.ts';
import type { Mesh, PlacementError, PlacementOptions, Sizes } from './types.ts';

/** Sizes of FSDP2 over data × context parallel ranks, expert parallelism folded into all of them. */
export function foldedSizes(options: PlacementOptions): Sizes | PlacementError {
  const [cp, tp, ep] = [degree(options, 'cp'), degree(options, 'tp'), degree(options, 'ep')];
  const dp = dataParallel(options, cp * tp, timesToDivide(cp * tp, ep));
  const world = dp * cp * tp;
  if (world % ep !== 0) return { error: `The number of GPUs, ${world}, is not divisible by ep ${ep}.` };
  return { dp, cp, tp, pp: 1, ep, etp: 1 };
}

/**
 * The two grids of {@link foldedSizes}. Ranks that follow each other hold different experts; `edp` ranks share one block of
 * experts; `fsdp` cuts all other tensors.
 */
export function foldedMesh({ dp, cp, tp, ep }: Sizes, tensor = true): Mesh {
  const dense = [axis('dp', dp), axis('cp', cp), ...(tensor ? [axis('tp', tp)] : [])];
  const experts = [axis('edp', (dp * cp * tp) / ep), axis('ep', ep)];
  return meshOf([dense, experts], [{ name: 'fsdp', of: ['dp', 'cp'] }]);
}

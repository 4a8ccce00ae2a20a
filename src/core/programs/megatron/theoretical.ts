import type { MemoryMesh } from '../../ranks/memory/setup.ts';
import type { ModelShape } from '../../ranks/memory/shape.ts';

/**
 * Weights and optimizer of the most loaded rank by Megatron-LM's own formula, in bytes: `report_theoretical_memory`.
 *
 * It divides layers by stages without rounding, counts the embedding on that rank (the head too without stages), leaves norms and routers whole over
 * tensor parallelism, and with the distributed optimizer takes 6 + 12/DP bytes, DP without context parallelism, experts by
 * their own data parallelism. It does not know norms of queries and keys. Source: Megatron-LM d98e8a6.
 */
export function megatronTheoretical(
  shape: ModelShape,
  mesh: Pick<MemoryMesh, 'dp' | 'tp' | 'pp' | 'ep' | 'etp' | 'edp'>,
): number {
  const { parameters, layers, hidden } = shape;
  const { dp, tp, pp, ep, etp, edp } = mesh;
  const norms = (2 * layers + 1) * hidden;
  const dense =
    (parameters.attention + parameters.mlp + parameters.shared) / (tp * pp) +
    (norms + parameters.router) / pp +
    (parameters.embedding + (pp === 1 ? parameters.head : 0)) / tp;
  const experts = parameters.routed / (ep * etp * pp);
  return dense * (6 + 12 / dp) + experts * (6 + 12 / edp);
}

import type { Choices } from './complete-setup.ts';
import { BF16 } from './constants.ts';
import { type Adapters, adapterParameters } from './lora.ts';
import type { ClusterReport } from './report.ts';
import type { MemoryRules } from './rules.ts';
import { type ModelShape, totalParameters } from './shape.ts';
import { inGb } from './terms.ts';

/** The sum of weights, gradients and optimizer states, each parameter once, against the memory of all GPUs. */
export function clusterOf(
  { serves }: Pick<MemoryRules, 'serves'>,
  shape: ModelShape,
  { regime, capacityGib }: Pick<Choices, 'regime' | 'capacityGib'>,
  gpus: number,
  adapters: Adapters | null,
): ClusterReport {
  const all = totalParameters(shape);
  const trained = adapters ? all * BF16 + adapterParameters(adapters.matrices) * regime.bytes : all * regime.bytes;
  const states = serves ? shape.stored.routed + shape.stored.rest : trained;
  const capacity = gpus * capacityGib * 2 ** 30;
  return {
    states: inGb(states),
    capacity: inGb(capacity),
    share: Math.round((states / capacity) * 1e4) / 1e4,
    fits: states <= capacity,
  };
}

import type { Engine } from '../kernels/engine.ts';
import { gatherKernel } from '../kernels/gather/kernel.ts';
import type { ComputePart } from './schedule.ts';

/** Makes a computed part of its spans' bytes, where the engine thinks best. */
export async function runCompute(
  engine: Engine,
  part: ComputePart,
  inputs: readonly Uint8Array[],
  output: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  await engine.run(gatherKernel, part, inputs, output, { signal });
}

import { dequantiseKernel } from '../kernels/dequantise/kernel.ts';
import { scalesAsF32 } from '../kernels/dequantise/scales.ts';
import type { Engine } from '../kernels/engine.ts';
import { gatherKernel } from '../kernels/gather/kernel.ts';
import type { Kernel } from '../kernels/kernel.ts';
import type { DequantisePart } from '../plan/types.ts';
import type { ComputePart } from './schedule.ts';

/** Makes a computed part of its spans' bytes, where the engine thinks best. */
export async function runCompute(
  engine: Engine,
  part: ComputePart,
  inputs: readonly Uint8Array[],
  output: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  const run: RunKernel = (kernel, spec, from, to) => engine.run(kernel, spec, from, to, { signal });
  if (part.kind === 'gather') await run(gatherKernel, part, inputs, output);
  else await dequantise(part, inputs, output, run);
}

/**
 * What a computed part is held to: null where that is what the kernel made, for moved bytes and wherever the CPU alone
 * computes; for numbers that were rounded, and perhaps on a device, the bytes that the CPU form makes.
 */
export async function twinOf(
  engine: Engine,
  part: ComputePart,
  inputs: readonly Uint8Array[],
  byteLength: number,
): Promise<Uint8Array | null> {
  if (part.kind !== 'dequantise' || engine.choice === 'cpu') return null;
  const output = new Uint8Array(byteLength);
  await dequantise(part, inputs, output, async (kernel, spec, from, to) => kernel.cpu(spec, from, to));
  return output;
}

type RunKernel = <Spec>(
  kernel: Kernel<Spec>,
  spec: Spec,
  inputs: readonly Uint8Array[],
  output: Uint8Array,
) => Promise<void>;

async function dequantise(
  part: DequantisePart,
  inputs: readonly Uint8Array[],
  output: Uint8Array,
  run: RunKernel,
): Promise<void> {
  const numbers: Uint8Array[] = [];
  let at = 0;
  for (const { coding, scales } of part.packed) {
    const codes = inputs[at++] as Uint8Array;
    const stored = scales === null ? codes : (inputs[at++] as Uint8Array);
    const factors = coding.format === 'mxfp4' ? stored : scalesAsF32(stored, scales);
    const made = part.gather ? new Uint8Array(dequantiseKernel.outputBytes(coding)) : output;
    await run(dequantiseKernel, coding, [codes, factors], made);
    numbers.push(made);
  }
  if (part.gather) await run(gatherKernel, part.gather, numbers, output);
}

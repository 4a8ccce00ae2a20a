import { dequantiseKernel } from '../kernels/dequantise/kernel.ts';
import { scalesAsF32 } from '../kernels/dequantise/scales.ts';
import type { Engine, Where } from '../kernels/engine.ts';
import { gatherKernel } from '../kernels/gather/kernel.ts';
import type { Kernel } from '../kernels/kernel.ts';
import type { DequantisePart } from '../plan/types.ts';
import type { ComputePart } from './schedule.ts';

/**
 * Makes a computed part of its spans' bytes, where the engine thinks best, and gives its twin: what the part is held to.
 *
 * Null where that is `output` itself: for moved bytes, which are proven by moving them back, and for numbers that the CPU
 * made. Numbers that a device had a part in are held to the bytes that the CPU form makes, in every run.
 */
export async function runCompute(
  engine: Engine,
  part: ComputePart,
  inputs: readonly Uint8Array[],
  output: Uint8Array,
  signal: AbortSignal,
): Promise<Uint8Array | null> {
  if (part.kind === 'gather') {
    await engine.run(gatherKernel, part, inputs, output, { signal });
    return null;
  }
  const made = await dequantise(part, inputs, output, (kernel, spec, from, to) =>
    engine.run(kernel, spec, from, to, { signal }),
  );
  if (made === 'cpu') return null;
  const twin = new Uint8Array(output.byteLength);
  await dequantise(part, inputs, twin, async (kernel, spec, from, to) => {
    kernel.cpu(spec, from, to);
    return 'cpu';
  });
  return twin;
}

type RunKernel = <Spec>(
  kernel: Kernel<Spec>,
  spec: Spec,
  inputs: readonly Uint8Array[],
  output: Uint8Array,
) => Promise<Where>;

/** Answers `cpu` only where the CPU alone made the bytes. */
async function dequantise(
  part: DequantisePart,
  inputs: readonly Uint8Array[],
  output: Uint8Array,
  run: RunKernel,
): Promise<Where> {
  const numbers: Uint8Array[] = [];
  const ran: Where[] = [];
  let at = 0;
  for (const { coding, scales } of part.packed) {
    const codes = inputs[at++] as Uint8Array;
    const stored = scales === null ? codes : (inputs[at++] as Uint8Array);
    const factors = coding.format === 'mxfp4' ? stored : scalesAsF32(stored, scales);
    const made = part.gather ? new Uint8Array(dequantiseKernel.outputBytes(coding)) : output;
    ran.push(await run(dequantiseKernel, coding, [codes, factors], made));
    numbers.push(made);
  }
  if (part.gather) ran.push(await run(gatherKernel, part.gather, numbers, output));
  return ran.every((where) => where === 'cpu') ? 'cpu' : 'webgpu';
}

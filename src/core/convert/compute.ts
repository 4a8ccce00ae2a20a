import { dequantiseKernel } from '../kernels/dequantise/kernel.ts';
import { scalesAsF32 } from '../kernels/dequantise/scales.ts';
import type { Engine, Where } from '../kernels/engine.ts';
import { gatherKernel } from '../kernels/gather/kernel.ts';
import type { Kernel } from '../kernels/kernel.ts';
import { unpackKernel } from '../kernels/unpack/kernel.ts';
import type { DequantisePart } from '../plan/types.ts';
import type { ComputePart } from './schedule.ts';

export interface ComputeOptions {
  /** A buffer for a twin, with any content. */
  readonly take: (length: number) => Uint8Array<ArrayBuffer>;
  readonly signal: AbortSignal;
}

/** A computed part: its bytes, and its twin, those that the written part is compared with; null where both are the same. */
export interface Computed {
  readonly made: Uint8Array<ArrayBuffer>;
  readonly twin: Uint8Array<ArrayBuffer> | null;
}

/**
 * Makes a computed part of its spans' bytes, where the engine thinks best, in `output` or in what takes its place.
 *
 * There is no twin for moved bytes, which are proven by moving them back, nor for numbers that the CPU made. Numbers from
 * a device are compared with those of the CPU form in every run; the CPU makes them while the device works.
 */
export async function runCompute(
  engine: Engine,
  part: ComputePart,
  inputs: readonly Uint8Array[],
  output: Uint8Array<ArrayBuffer>,
  { take, signal }: ComputeOptions,
): Promise<Computed> {
  let made = output;
  const { byteLength } = output;
  const onMoved = (bytes: Uint8Array<ArrayBuffer>) => {
    made = bytes;
  };
  if (part.kind === 'gather') {
    await engine.run(gatherKernel, part, inputs, output, { signal, onMoved });
    return { made, twin: null };
  }
  let twin: Promise<Uint8Array<ArrayBuffer>> | null = null;
  const meanwhile = () => {
    twin ??= twinOf(engine, part, inputs, take(byteLength), signal);
  };
  try {
    const where = await unpack(part, inputs, output, (kernel, spec, from, to) =>
      engine.run(kernel, spec, from, to, { signal, meanwhile, onMoved }),
    );
    if (where === 'cpu') return { made, twin: null };
    meanwhile();
    return { made, twin: await twin };
  } finally {
    await twin;
  }
}

/** The bytes that the CPU form makes. Unfinished once stopped. */
async function twinOf(
  engine: Engine,
  part: DequantisePart,
  inputs: readonly Uint8Array[],
  output: Uint8Array<ArrayBuffer>,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  let twin = output;
  const onMoved = (bytes: Uint8Array<ArrayBuffer>) => {
    twin = bytes;
  };
  await unpack(part, inputs, output, async (kernel, spec, from, to) => {
    await engine.cpu(kernel, spec, from, to, { signal, onMoved });
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

/** One run of a kernel, whichever the part is: each byte goes to where it is computed once, and comes back once. */
async function unpack(
  { packed, gather }: DequantisePart,
  inputs: readonly Uint8Array[],
  output: Uint8Array,
  run: RunKernel,
): Promise<Where> {
  let at = 0;
  const all = packed.flatMap(({ coding, scales }) => {
    const codes = inputs[at++] as Uint8Array;
    const stored = scales === null ? codes : (inputs[at++] as Uint8Array);
    return [codes, coding.format === 'mxfp4' ? stored : scalesAsF32(stored, scales)];
  });
  const codings = packed.map(({ coding }) => coding);
  if (gather) return run(unpackKernel, { packed: codings, gather }, all, output);
  return run(dequantiseKernel, codings[0] as DequantisePart['packed'][0]['coding'], all, output);
}

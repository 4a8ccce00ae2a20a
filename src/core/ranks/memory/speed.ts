import { formatInteger } from '../../units.ts';
import type { PlacementError } from '../types.ts';
import type { Choices } from './complete-setup.ts';
import type { Adapters } from './lora.ts';
import type { Rate, ThroughputReport } from './report.ts';
import type { MemoryRules } from './rules.ts';
import type { MemoryMesh, MemorySetup } from './setup.ts';
import type { ModelShape } from './shape.ts';
import { H100_FLOPS, throughputOf } from './throughput.ts';

/** Dense bf16 of an H100 SXM. */
export const H100_TFLOPS = H100_FLOPS / 1e12;

/** What a speed comes to, with what was chosen for the asker. */
export interface Speed {
  readonly report: ThroughputReport;
  readonly assumed: readonly string[];
}

const GIVEN = ['tokensPerSecond', 'stepSeconds', 'mfu'] as const;

/**
 * MFU of a speed that was given, or the speed of an MFU, by each convention of counting attention; null where neither was.
 *
 * A step is one micro batch: context × batch × data parallel tokens. Recomputed activations are not model FLOP.
 */
export function speedOf(
  { serves, title }: Pick<MemoryRules, 'serves' | 'title'>,
  shape: ModelShape,
  setup: MemorySetup,
  { gpus, dp }: Pick<MemoryMesh, 'gpus' | 'dp'>,
  { context, batch }: Pick<Choices, 'context' | 'batch'>,
  adapters: Adapters | null,
): Speed | PlacementError | null {
  const given = GIVEN.filter((name) => setup[name] !== undefined);
  if (given.length === 0) return null;
  if (given.length > 1)
    return {
      error: 'Give only one of tokens per second, seconds per step and MFU. The others are calculated from it.',
    };
  if (serves) return { error: `MFU needs a training program; ${title} only serves models.` };
  const { tokensPerSecond, stepSeconds, mfu, gpuTflops = H100_TFLOPS } = setup;
  for (const value of [tokensPerSecond, stepSeconds, mfu, gpuTflops])
    if (value !== undefined && !(Number.isFinite(value) && value > 0))
      return { error: `A speed must be a number above 0, not ${value}.` };
  if (mfu !== undefined && mfu > 100) return { error: `MFU must be at most 100 %, not ${mfu}.` };
  const tokensPerStep = context * batch * dp;
  const measured = { tokensPerStep, gpus, context, peakFlops: gpuTflops * 1e12, adapters: adapters?.matrices ?? null };
  const at = (seconds: number) => throughputOf(shape, { ...measured, stepSeconds: seconds });
  const seconds = stepSeconds ?? tokensPerStep / (tokensPerSecond ?? tokensPerStep);
  const real = at(seconds);
  const rate = (convention: 'linear' | 'causal' | 'full'): Rate => {
    // At one second a step the share is what it is: the seconds of a wanted share follow.
    const step = mfu === undefined ? seconds : (at(1)[convention] * 100) / mfu;
    return {
      mfu: mfu ?? rounded(real[convention] * 100),
      tokensPerSecond: rounded(tokensPerStep / step),
      tokensPerSecondPerGpu: rounded(tokensPerStep / step / gpus),
      stepSeconds: rounded(step),
    };
  };
  const { flopsPerToken } = real;
  return {
    report: {
      gpuTflops,
      tokensPerStep,
      flopsPerToken,
      linear: rate('linear'),
      causal: rate('causal'),
      full: rate('full'),
    },
    assumed: [
      ...(setup.gpuTflops === undefined ? [`Speed of a GPU: ${H100_TFLOPS} TFLOP/s, an H100 SXM in dense bf16.`] : []),
      `A step is one micro batch: ${formatInteger(context)} tokens × ${batch} × dp ${dp} = ${formatInteger(tokensPerStep)} tokens.`,
      adapters
        ? 'MFU counts 4 FLOP per frozen parameter and token, 6 per adapter parameter and token, and no recomputed activations.'
        : 'MFU counts 6 FLOP per active parameter and token, and no recomputed activations.',
    ],
  };
}

/** Four digits: finer than any clock that speeds come from. */
function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

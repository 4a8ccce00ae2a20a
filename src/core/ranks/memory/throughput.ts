import { type Adapter, adapterParameters } from './lora.ts';
import { activeParameters, type ModelShape } from './shape.ts';

/** Dense bf16 of an H100 SXM, in FLOP/s. */
export const H100_FLOPS = 989.5e12;

export interface Measured {
  readonly tokensPerStep: number;
  readonly stepSeconds: number;
  readonly gpus: number;
  /** Tokens of a sequence: what attention's share grows with. */
  readonly context: number;
  readonly peakFlops?: number;
  /** LoRA's, where weights are frozen. */
  readonly adapters?: readonly Adapter[] | null;
}

/** Model FLOP utilisation in the conventions that are in use. Shares, not percent. */
export interface Throughput {
  readonly tokensPerSecondPerGpu: number;
  /** 6 FLOP a parameter and token, attention's scores left out. */
  readonly linear: number;
  /** With scores as a causal mask leaves them: half of all pairs. */
  readonly causal: number;
  /** With scores of all pairs, as if nothing were masked: the convention of larger numbers. */
  readonly full: number;
  /** FLOP of one token, forward and backward: parameters, and scores of all pairs. */
  readonly flopsPerToken: { readonly linear: number; readonly scores: number };
}

/**
 * MFU from what a clock and a counter say: tokens of a step, its seconds, GPUs.
 *
 * Tokens a second and GPU are not asked for: trackers that run on every rank count a sequence once for each rank of context
 * parallelism, although the ranks share it ({@link withoutOvercount}). Recomputed activations are not model FLOP.
 */
export function throughputOf(shape: ModelShape, measured: Measured): Throughput {
  const { tokensPerStep, stepSeconds, gpus, context, peakFlops = H100_FLOPS, adapters = null } = measured;
  const tokensPerSecondPerGpu = tokensPerStep / stepSeconds / gpus;
  const flopsPerToken = flopsPerTokenOf(shape, context, adapters);
  const { linear, scores } = flopsPerToken;
  const share = (flops: number) => (tokensPerSecondPerGpu * flops) / peakFlops;
  return {
    tokensPerSecondPerGpu,
    linear: share(linear),
    causal: share(linear + scores / 2),
    full: share(linear + scores),
    flopsPerToken,
  };
}

/**
 * FLOP of one token, forward and backward. With LoRA backward takes no gradient of a frozen weight: 4 FLOP a parameter in
 * place of 6, and 6 for an adapter's.
 */
export function flopsPerTokenOf(
  shape: ModelShape,
  context: number,
  adapters: readonly Adapter[] | null = null,
): Throughput['flopsPerToken'] {
  const active = activeParameters(shape).all;
  const linear = adapters ? 4 * active + 6 * activeAdapters(shape, adapters) : 6 * active;
  return { linear, scores: 6 * shape.layers * shape.attentionScore * context };
}

function activeAdapters({ topK, experts }: ModelShape, adapters: readonly Adapter[]): number {
  const routed = adapterParameters(adapters, 'routed');
  const share = experts > 0 ? topK / experts : 1;
  return adapterParameters(adapters) - routed + routed * share;
}

/** Tokens a second and GPU where every rank of context parallelism counted the whole sequence: CP times too many. */
export function withoutOvercount(printed: number, cp: number): number {
  return printed / cp;
}

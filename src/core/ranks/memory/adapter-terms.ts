import { formatInteger } from '../../units.ts';
import type { Work } from './activations.ts';
import type { HeldAdapters } from './adapters.ts';
import { BF16, CONSTANTS } from './constants.ts';
import type { Adapter } from './lora.ts';
import type { Term } from './report.ts';
import type { ModelShape } from './shape.ts';
import type { States } from './states.ts';
import { billions, exactly, times } from './terms.ts';

/** The name of the weights that LoRA does not train. They are loaded once and never freed. */
export const FROZEN = 'frozen weights';

/** Frozen weights in bf16, and weights, gradients and optimizer states of adapters. */
export function adaptedStates({ choices, held }: Work, { held: own }: HeldAdapters): States {
  const { regime, leastBytes, offload } = choices;
  const frozen = held.dense.weights + held.experts.weights;
  const count = (of: 'weights' | 'gradients' | 'optimizer') => own.dense[of] + own.experts[of];
  const counted = (name: string, number: number, bytes: number) =>
    exactly(name, number * bytes, `${billions(number)} parameters × ${bytes} bytes`);
  const base = counted(FROZEN, frozen, BF16);
  const weights = counted('adapters', count('weights'), regime.weights);
  const gradients = counted('gradients', count('gradients'), regime.gradients);
  const optimizer = counted('optimizer states', count('optimizer'), regime.optimizer);
  const saved = Math.max(regime.bytes - leastBytes, 0) * count('optimizer');
  const states = saved > 0 ? { ...optimizer, low: Math.max(optimizer.low - saved, 0), readings: true } : optimizer;
  const stepped = count('optimizer');
  if (offload === 'none') return { terms: [base, weights, gradients, states], offload: null, stepped };
  const away = { host: optimizer.high + gradients.high, down: gradients.high, up: weights.high };
  if (offload === 'optimizer') return { terms: [base, weights, gradients], offload: away, stepped: 0 };
  // Frozen weights are moved to the GPU for the forward pass and again for backward.
  const all = { ...away, host: away.host + weights.high + base.high, up: 2 * (weights.high + base.high) };
  return { terms: [], offload: all, stepped: 0 };
}

/** What adapters add while a layer is computed: their inputs, and stacked experts with the product of the adapters added. */
export function adapterWork(work: Work, { adapters }: HeldAdapters): Term[] {
  const { shape, tokens, choices, held } = work;
  const modules = adapters.matrices.filter(({ merges }) => !merges);
  const inputs = modules.reduce((sum, matrix) => sum + matrix.in * perToken(matrix, shape), 0);
  const ranks = modules.reduce((sum, matrix) => sum + matrix.rank * perToken(matrix, shape), 0);
  const layers = choices.checkpointing ? 1 : held.layers;
  const { adapterInput } = CONSTANTS;
  const widthOf = (bytes: number) => tokens * layers * (ranks * BF16 + inputs * bytes);
  const out: Term[] = [];
  if (inputs > 0)
    out.push({
      name: 'adapter activations',
      low: widthOf(adapterInput.low),
      high: widthOf(adapterInput.high),
      basis: `${formatInteger(tokens)} tokens × (${formatInteger(inputs)} adapter inputs in a layer × ${adapterInput.low}–${adapterInput.high} bytes + their ranks)`,
    });
  const merged = mergedExperts(work, adapters.matrices);
  if (merged > 0) {
    const { adapterMerge } = CONSTANTS;
    const basis = `${billions(merged)} parameters of a layer’s experts × ${adapterMerge.low}–${adapterMerge.high} bytes`;
    out.push(times('merged experts', merged, adapterMerge, basis));
  }
  return out;
}

/** Adapters of this shape that one token passes in one layer, on average. */
function perToken({ part, copies }: Adapter, { layers, topK, experts }: ModelShape): number {
  const share = part === 'routed' && experts > 0 ? topK / experts : 1;
  return (share * copies) / Math.max(layers, 1);
}

/** Parameters of a layer's stacked experts that have adapters, on one rank. */
function mergedExperts({ shape, held }: Work, matrices: readonly Adapter[]): number {
  const stacked = matrices.filter(({ part, merges }) => merges && part === 'routed');
  const size = stacked.reduce((sum, matrix) => sum + matrix.out * matrix.in * matrix.copies, 0);
  const experts = Math.max(0, ...held.kinds.map((kind) => kind.experts));
  return shape.parameters.routed > 0 ? experts * Math.min(size / shape.parameters.routed, 1) : 0;
}

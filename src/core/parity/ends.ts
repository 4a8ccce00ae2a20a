import type { BlockRules } from '../layouts/families/block.ts';
import type { BlockWeights, DenseNumbers } from './block.ts';
import type { Routing } from './dispatch.ts';
import type { HiddenStates } from './hidden-states.ts';

/** What goes into the routed experts: the hidden states, normed or in the narrower space where the block has one. */
export function expertsInput(x: HiddenStates, rules: BlockRules, weights: BlockWeights): HiddenStates {
  if (weights.expertsNorm) return { ...x, values: normed(x, rules.epsilon, weights.expertsNorm) };
  return weights.latent ? dense(x, weights.latent.into) : x;
}

export interface BlockEnd {
  readonly x: HiddenStates;
  readonly routing: Routing;
  /** The routed experts' sum. */
  readonly routed: HiddenStates;
  /** What the shared experts gave, null where the block has none. */
  readonly shared: Float32Array | null;
}

/** The block's output from the routed experts' sum: what is added to it and what it passes, in f64, rounded once. */
export function blockOutput(
  { x, routing, routed, shared }: BlockEnd,
  rules: BlockRules,
  weights: BlockWeights,
): Float32Array {
  let sum = Float64Array.from(routed.values, (value) => value * rules.routedScale);
  if (weights.latent)
    sum = Float64Array.from(dense({ ...routed, values: Float32Array.from(sum) }, weights.latent.outOf).values);
  if (rules.zeroExperts > 0) addIdentity(sum, x, routing);
  for (let at = 0; shared && at < sum.length; at++) {
    const added = (sum[at] as number) + (shared[at] as number);
    sum[at] = rules.combine === 'average' ? added / 2 : added;
  }
  const { outputBias } = weights;
  if (outputBias)
    for (let at = 0; at < sum.length; at++) sum[at] = (sum[at] as number) + (outputBias[at % x.hidden] as number);
  const values = Float32Array.from(sum);
  return weights.outputNorm ? normed({ ...x, values }, rules.epsilon, weights.outputNorm) : values;
}

/** Experts without weights give back what they get, times the router's weight. */
function addIdentity(sum: Float64Array, { hidden, values }: HiddenStates, routing: Routing): void {
  for (const [at, expert] of routing.indices.entries()) {
    if (expert < routing.experts) continue;
    const row = Math.floor(at / routing.topK) * hidden;
    const weight = routing.weights[at] as number;
    for (let column = 0; column < hidden; column++)
      sum[row + column] = (sum[row + column] as number) + weight * (values[row + column] as number);
  }
}

function normed({ tokens, hidden, values }: HiddenStates, epsilon: number, weight: Float32Array): Float32Array {
  const output = new Float32Array(values.length);
  for (let token = 0; token < tokens; token++) {
    const row = values.subarray(token * hidden, (token + 1) * hidden);
    const mean = row.reduce((sum, value) => sum + value * value, 0) / hidden;
    const factor = 1 / Math.sqrt(mean + epsilon);
    for (let at = 0; at < hidden; at++)
      output[token * hidden + at] = (row[at] as number) * factor * (weight[at] as number);
  }
  return output;
}

function dense({ tokens, hidden, values }: HiddenStates, { rows, weight, bias }: DenseNumbers): HiddenStates {
  const output = new Float32Array(tokens * rows);
  for (let token = 0; token < tokens; token++) {
    for (let row = 0; row < rows; row++) {
      let sum = bias ? (bias[row] as number) : 0;
      for (let column = 0; column < hidden; column++)
        sum += (values[token * hidden + column] as number) * (weight[row * hidden + column] as number);
      output[token * rows + row] = sum;
    }
  }
  return { tokens, hidden: rows, values: output };
}

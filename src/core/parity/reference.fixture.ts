import type { Activation, Groups, Inner, ScoringRouter } from '../layouts/families/block.ts';
import type { Block, BlockWeights } from './block.ts';
import { type Form, readExperts } from './forms.ts';
import type { Weight } from './graph.ts';
import type { HiddenStates } from './hidden-states.ts';
import { numbersOf } from './numbers.ts';
import type { Reader } from './reading.ts';

/** Rows of numbers. */
type Rows = readonly (readonly number[])[];

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0);
const softmax = (row: readonly number[]) => {
  const most = Math.max(...row);
  const powers = row.map((value) => Math.exp(value - most));
  const sum = powers.reduce((total, value) => total + value, 0);
  return powers.map((value) => value / sum);
};

/** erf by its series: exact to f64 for the sizes that tests have. */
function erf(x: number): number {
  let [term, sum] = [x, x];
  for (let n = 1; n < 60; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

const ACTIVATIONS: Readonly<Record<Activation, (x: number) => number>> = {
  silu: (x) => x * sigmoid(x),
  gelu: (x) => 0.5 * x * (1 + erf(x / Math.SQRT2)),
  'gelu-tanh': (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  'quick-gelu': (x) => x * sigmoid(1.702 * x),
  relu: (x) => Math.max(0, x),
  relu2: (x) => Math.max(0, x) ** 2,
};

function innerOf(inner: Inner, gate: number, up: number): number {
  if (inner.kind === 'plain') return ACTIVATIONS[inner.activation](up);
  if (inner.kind === 'gated') return ACTIVATIONS[inner.activation](gate) * up;
  const within = Math.min(inner.limit, Math.max(-inner.limit, up));
  if (inner.kind === 'oai') {
    const cut = Math.min(gate, inner.limit);
    return (within + 1) * cut * sigmoid(inner.alpha * cut);
  }
  const activation = ACTIVATIONS[inner.activation];
  const activated =
    inner.when === 'before' ? activation(Math.min(gate, inner.limit)) : Math.min(activation(gate), inner.limit);
  return activated * within;
}

/** The places of the largest values, largest first. */
function best(values: readonly number[], count: number): number[] {
  const places = values.map((_, at) => at);
  return places.sort((a, b) => (values[b] ?? 0) - (values[a] ?? 0) || a - b).slice(0, count);
}

function withinGroups(scores: readonly number[], { count, keep, by, others }: Groups): number[] {
  const size = scores.length / count;
  const sums = Array.from({ length: count }, (_, group) => {
    const own = [...scores.slice(group * size, (group + 1) * size)].sort((a, b) => b - a);
    return (own[0] ?? 0) + (by === 'best-two' ? (own[1] ?? 0) : 0);
  });
  const open = new Set(best(sums, keep));
  const shut = others === 'zero' ? 0 : Number.NEGATIVE_INFINITY;
  return scores.map((score, expert) => (open.has(Math.floor(expert / size)) ? score : shut));
}

/** One token's experts and their weights. */
export function chooseExperts(router: ScoringRouter, logits: readonly number[], correction: readonly number[] | null) {
  const capped = router.softcap === 0 ? logits : logits.map((x) => router.softcap * Math.tanh(x / router.softcap));
  const scores = {
    softmax: () => softmax(capped),
    sigmoid: () => capped.map(sigmoid),
    'sqrt-softplus': () => capped.map((x) => Math.sqrt(Math.log1p(Math.exp(x)))),
    logits: () => [...capped],
  }[router.scores]();
  const corrected = scores.map((score, expert) => score + (correction?.[expert] ?? 0));
  const choice = router.groups ? withinGroups(corrected, router.groups) : corrected;
  const indices = best(choice, router.topK);
  const from = router.weights === 'grouped-scores' ? choice : scores;
  let weights = indices.map((expert) => from[expert] ?? 0);
  if (router.weights === 'softmax-of-chosen') weights = softmax(weights);
  if (router.weights === 'sigmoid-of-chosen') weights = weights.map(sigmoid);
  const { normalise } = router;
  if (normalise?.kind === 'sum') {
    const sum =
      Math.max(
        normalise.floor,
        weights.reduce((total, weight) => total + weight, 0),
      ) + normalise.epsilon;
    weights = weights.map((weight) => weight / sum);
  } else if (normalise) {
    const norm = weights.reduce((total, weight) => total + Math.abs(weight) ** normalise.p, 0) ** (1 / normalise.p);
    weights = weights.map((weight) => weight / norm);
  }
  return { indices, weights: weights.map((weight) => weight * router.scale) };
}

const rowsOf = (weight: Weight): Rows => {
  const columns = weight.dims.at(-1) ?? 1;
  const values = [...numbersOf(weight)];
  return Array.from({ length: values.length / columns }, (_, row) => values.slice(row * columns, (row + 1) * columns));
};
const listOf = (weight: Weight | null | undefined) => (weight ? [...numbersOf(weight)] : null);

interface Mlp {
  readonly gate: Rows | null;
  readonly up: Rows;
  readonly down: Rows;
}

function runMlp({ gate, up, down }: Mlp, inner: Inner, x: readonly number[]): number[] {
  const middle = up.map((row, at) => innerOf(inner, gate ? dot(gate[at] ?? [], x) : 0, dot(row, x)));
  return down.map((row) => dot(row, middle));
}

/**
 * A block in f64, straight from its definition, without graphs: scoring routers, experts without biases, one shared expert.
 */
export async function referenceBlock(block: Block, weights: BlockWeights, form: Form, reader: Reader, x: HiddenStates) {
  const { rules } = block;
  if (rules.router.kind !== 'scoring') throw new TypeError('Only routers that score.');
  const { router } = rules;
  const routerRows = rowsOf(weights.router.weight);
  const [bias, correction] = [listOf(weights.router.bias), listOf(weights.router.correction)];
  const stored = await readExperts(form, 0, block.experts, reader);
  const expert = (at: number): Mlp => {
    const rows = (projection: string) => {
      const member = stored.members.find((each) => each.projection === projection);
      const weight = member && (member.weight as readonly Weight[])[at];
      return weight ? rowsOf(weight) : null;
    };
    return { gate: rows('gate'), up: rows('up') ?? [], down: rows('down') ?? [] };
  };
  const experts = Array.from({ length: block.experts }, (_, at) => expert(at));
  const { shared } = weights;
  const output: number[] = [];
  const decisions = Array.from({ length: x.tokens }, (_, token) => {
    const row = [...x.values.slice(token * x.hidden, (token + 1) * x.hidden)];
    const logits = routerRows.map((each, at) => dot(each, row) + (bias?.[at] ?? 0));
    const decision = chooseExperts(router, logits, correction);
    const sum = new Array<number>(x.hidden).fill(0);
    for (const [at, place] of decision.indices.entries()) {
      const weight = decision.weights[at] ?? 0;
      const input = rules.scaleInput ? row.map((value) => value * weight) : row;
      const given = runMlp(experts[place] as Mlp, rules.inner, input);
      for (const [column, value] of given.entries())
        sum[column] = (sum[column] ?? 0) + (rules.scaleInput ? value : value * weight) * rules.routedScale;
    }
    if (shared?.up && rules.sharedInner) {
      const mlp = {
        gate: shared.gate && rowsOf(shared.gate.weight),
        up: rowsOf(shared.up.weight),
        down: rowsOf(shared.down.weight),
      };
      const factor = shared.sigmoid ? sigmoid(dot(rowsOf(shared.sigmoid)[0] ?? [], row)) : 1;
      for (const [column, value] of runMlp(mlp, rules.sharedInner, row).entries())
        sum[column] = (sum[column] ?? 0) + factor * value;
    }
    output.push(...sum);
    return decision;
  });
  return { decisions, output };
}

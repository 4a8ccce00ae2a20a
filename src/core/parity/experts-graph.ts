import type { Inner } from '../layouts/families/block.ts';
import type { StoredProjection } from '../layouts/types.ts';
import { applyInner } from './activation-graph.ts';
import { createGraph, type GraphBuilder, type Value, type Weight } from './graph.ts';
import type { OnnxGraph } from './onnx.ts';
import { splitGateUp } from './shared-graph.ts';

/** A few experts' matrices of one projection as a layout stores them, with their biases. */
export interface StoredWeights {
  readonly projection: StoredProjection;
  readonly orientation: 'out-in' | 'in-out';
  /** One tensor an expert, or one for all of them. */
  readonly weight: readonly Weight[] | Weight;
  readonly bias: readonly Weight[] | Weight | null;
}

/** Some experts of a layer in one layout. */
export interface ExpertWeights {
  readonly apart: boolean;
  readonly interleaved: boolean;
  readonly members: readonly StoredWeights[];
}

/** What experts compute besides their matrices. */
export interface ExpertMath {
  readonly inner: Inner;
  readonly scaleInput: boolean;
}

/**
 * Experts that are stored apart, each on the tokens that chose it alone: what the loop over experts in transformers does.
 *
 * From `hidden` [T, H] and, for each expert of `busy` (places in `weights`), `tokens_i` [n, 1] and `factors_i` [n, 1] to
 * their `sum` [T, H].
 */
export function apartGraph(
  math: ExpertMath,
  weights: ExpertWeights,
  busy: readonly number[],
  hidden: number,
): OnnxGraph {
  const graph = createGraph('experts apart');
  const { op } = graph;
  const x = graph.input('hidden', 'f32', ['tokens', hidden]);
  let sum = op('ConstantOfShape', [op('Shape', [x])]);
  for (const expert of busy) {
    const tokens = graph.input(`tokens_${expert}`, 'int64', [`chosen_${expert}`, 1]);
    const factors = graph.input(`factors_${expert}`, 'f32', [`chosen_${expert}`, 1]);
    const rows = op('GatherND', [x, tokens]);
    const own = (projection: StoredProjection) => findOne(weights, projection, expert);
    const y = expertOutput(graph, math, { x: math.scaleInput ? op('Mul', [rows, factors]) : rows, own, weights });
    sum = op('ScatterND', [sum, tokens, math.scaleInput ? y : op('Mul', [y, factors])], { reduction: 'add' });
  }
  graph.output('sum', sum, 'f32', ['tokens', hidden]);
  return graph.finish();
}

/**
 * Experts in stacked tensors, all of them on all tokens, what was not chosen multiplied away: batched products.
 *
 * From `hidden` [T, H] and `factors` [T, n] to their `sum` [T, H].
 */
export function stackedGraph(math: ExpertMath, weights: ExpertWeights, experts: number, hidden: number): OnnxGraph {
  const graph = createGraph('experts stacked');
  const { op, ints, floats } = graph;
  const x = graph.input('hidden', 'f32', ['tokens', hidden]);
  const factors = graph.input('factors', 'f32', ['tokens', experts]);
  const each = op('Unsqueeze', [op('Transpose', [factors], { perm: [1, 0] }), ints([2])]);
  const own = (projection: StoredProjection) => findStack(weights, projection);
  const y = expertOutput(graph, math, { x: math.scaleInput ? op('Mul', [x, each]) : x, own, weights });
  const idle = op('Equal', [each, floats([0])]);
  const weighed = op('Where', [idle, floats([0]), math.scaleInput ? y : op('Mul', [y, each])]);
  graph.output('sum', op('ReduceSum', [weighed, ints([0])], { keepdims: 0 }), 'f32', ['tokens', hidden]);
  return graph.finish();
}

interface Linear {
  readonly name: string;
  readonly weight: Weight;
  readonly bias: Weight | null;
  readonly orientation: 'out-in' | 'in-out';
}

interface Job {
  readonly x: Value;
  readonly own: (projection: StoredProjection) => Linear | null;
  readonly weights: ExpertWeights;
}

function expertOutput(graph: GraphBuilder, math: ExpertMath, { x, own, weights }: Job): Value {
  const both = own('gate-up');
  const single = (projection: StoredProjection) => {
    const found = own(projection);
    return found && linear(graph, found, x);
  };
  let gate: Value | null;
  let up: Value | null;
  if (both) [gate, up] = splitGateUp(graph, linear(graph, both, x), width(both), weights.interleaved);
  else [gate, up] = [single('gate'), single('up')];
  const down = own('down');
  if (up === null || down === null) throw new TypeError('Experts without an up or a down projection.');
  return linear(graph, down, applyInner(graph, math.inner, gate, up));
}

/** Outputs of a projection. */
function width({ weight, orientation }: Linear): number {
  return weight.dims.at(orientation === 'out-in' ? -2 : -1) ?? 0;
}

function linear(graph: GraphBuilder, { name, weight, bias, orientation }: Linear, x: Value): Value {
  const matrix = graph.weight(`${name}_weight`, weight);
  const vector = bias ? graph.weight(`${name}_bias`, bias) : null;
  if (weight.dims.length === 2) {
    const transB = orientation === 'out-in' ? 1 : 0;
    return graph.op('Gemm', vector ? [x, matrix, vector] : [x, matrix], { transB });
  }
  const turned = orientation === 'out-in' ? graph.op('Transpose', [matrix], { perm: [0, 2, 1] }) : matrix;
  const product = graph.op('MatMul', [x, turned]);
  return vector ? graph.op('Add', [product, graph.op('Unsqueeze', [vector, graph.ints([1])])]) : product;
}

function findOne({ members }: ExpertWeights, projection: StoredProjection, expert: number): Linear | null {
  const member = members.find((each) => each.projection === projection);
  const weight = member && listOf(member.weight)[expert];
  if (!weight) return null;
  const bias = member.bias === null ? null : (listOf(member.bias)[expert] ?? null);
  return { name: `${projection}_${expert}`, weight, bias, orientation: member.orientation };
}

function findStack({ members }: ExpertWeights, projection: StoredProjection): Linear | null {
  const member = members.find((each) => each.projection === projection);
  const weight = member && listOf(member.weight)[0];
  if (!weight) return null;
  const bias = member.bias === null ? null : (listOf(member.bias)[0] ?? null);
  return { name: projection, weight, bias, orientation: member.orientation };
}

function listOf(weights: readonly Weight[] | Weight): readonly Weight[] {
  return Array.isArray(weights) ? (weights as readonly Weight[]) : [weights as Weight];
}

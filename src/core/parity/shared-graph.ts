import type { Inner } from '../layouts/families/block.ts';
import { applyInner } from './activation-graph.ts';
import { createGraph, type GraphBuilder, type Value, type Weight } from './graph.ts';
import type { OnnxGraph } from './onnx.ts';

export interface LinearWeights {
  readonly weight: Weight;
  readonly bias: Weight | null;
}

/** The tensors of shared experts, read; as {@link SharedTensors} names them. */
export interface SharedWeights {
  readonly gate: LinearWeights | null;
  readonly up: LinearWeights | null;
  readonly joined: { readonly weight: Weight; readonly interleaved: boolean } | null;
  readonly down: LinearWeights;
  readonly sigmoid: Weight | null;
}

/** The shared experts as a graph: from `hidden` [T, H], and `gammas` [T, S] where there are, to `shared` [T, H]. */
export function sharedGraph(inner: Inner, weights: SharedWeights, hidden: number, gammas: boolean): OnnxGraph {
  const graph = createGraph('shared');
  const x = graph.input('hidden', 'f32', ['tokens', hidden]);
  const several = weights.down.weight.dims.length === 3;
  const [gate, up] = gateAndUp(graph, weights, x);
  let activated = applyInner(graph, inner, gate, up);
  if (gammas) activated = graph.op('Mul', [activated, perExpert(graph, several, weights)]);
  let output = linear(graph, 'down', weights.down, activated);
  if (several) output = graph.op('ReduceSum', [output, graph.ints([0])], { keepdims: 0 });
  if (weights.sigmoid) {
    const factor = graph.op('Sigmoid', [linear(graph, 'sigmoid', { weight: weights.sigmoid, bias: null }, x)]);
    output = graph.op('Mul', [output, factor]);
  }
  graph.output('shared', output, 'f32', ['tokens', hidden]);
  return graph.finish();
}

/** `gammas` [T, S] as a factor on [S, T, I], or on [T, I] where there is one shared expert. */
function perExpert(graph: GraphBuilder, several: boolean, { down }: SharedWeights): Value {
  const count = several ? (down.weight.dims[0] ?? 1) : 1;
  const gammas = graph.input('gammas', 'f32', ['tokens', count]);
  if (!several) return gammas;
  return graph.op('Unsqueeze', [graph.op('Transpose', [gammas], { perm: [1, 0] }), graph.ints([2])]);
}

function gateAndUp(graph: GraphBuilder, weights: SharedWeights, x: Value): [Value | null, Value] {
  if (!weights.joined) {
    const gate = weights.gate ? linear(graph, 'gate', weights.gate, x) : null;
    return [gate, linear(graph, 'up', weights.up as LinearWeights, x)];
  }
  const both = linear(graph, 'gate_up', { weight: weights.joined.weight, bias: null }, x);
  return splitGateUp(graph, both, weights.joined.weight.dims.at(-2) ?? 0, weights.joined.interleaved);
}

/** Gate and up of values [..., 2I] that hold both: one half after the other, or taking turns. */
export function splitGateUp(graph: GraphBuilder, both: Value, width: number, interleaved: boolean): [Value, Value] {
  const { op, ints } = graph;
  const half = width / 2;
  const slice = (from: number, to: number, step: number) =>
    op('Slice', [both, ints([from]), ints([to]), ints([-1]), ints([step])]);
  return interleaved ? [slice(0, width, 2), slice(1, width, 2)] : [slice(0, half, 1), slice(half, width, 1)];
}

function linear(graph: GraphBuilder, name: string, { weight, bias }: LinearWeights, x: Value): Value {
  const matrix = graph.weight(`${name}_weight`, weight);
  const vector = bias ? [graph.weight(`${name}_bias`, bias)] : [];
  if (weight.dims.length === 2) return graph.op('Gemm', [x, matrix, ...vector], { transB: 1 });
  return graph.op('MatMul', [x, graph.op('Transpose', [matrix], { perm: [0, 2, 1] })]);
}

import type { Activation, Inner } from '../layouts/families/block.ts';
import type { GraphBuilder, Value } from './graph.ts';

/** An elementwise function as ONNX ops. */
export function activate(graph: GraphBuilder, activation: Activation, x: Value): Value {
  const { op, floats } = graph;
  switch (activation) {
    case 'silu':
      return op('Mul', [x, op('Sigmoid', [x])]);
    case 'quick-gelu':
      return op('Mul', [x, op('Sigmoid', [op('Mul', [x, floats([1.702])])])]);
    case 'relu':
      return op('Relu', [x]);
    case 'relu2': {
      const kept = op('Relu', [x]);
      return op('Mul', [kept, kept]);
    }
    case 'gelu': {
      const erf = op('Erf', [op('Mul', [x, floats([Math.SQRT1_2])])]);
      return op('Mul', [op('Mul', [x, floats([0.5])]), op('Add', [erf, floats([1])])]);
    }
    case 'gelu-tanh': {
      const cube = op('Mul', [op('Mul', [x, x]), x]);
      const sum = op('Add', [x, op('Mul', [cube, floats([0.044715])])]);
      const tanh = op('Tanh', [op('Mul', [sum, floats([Math.sqrt(2 / Math.PI)])])]);
      return op('Mul', [op('Mul', [x, floats([0.5])]), op('Add', [tanh, floats([1])])]);
    }
  }
}

/** What goes into an expert's down projection; `gate` is null where the expert has none. */
export function applyInner(graph: GraphBuilder, inner: Inner, gate: Value | null, up: Value): Value {
  const { op, floats } = graph;
  if (inner.kind === 'plain') return activate(graph, inner.activation, up);
  const gateOf = gate ?? up;
  if (inner.kind === 'gated') return op('Mul', [activate(graph, inner.activation, gateOf), up]);
  const most = floats([inner.limit]);
  const within = op('Clip', [up, floats([-inner.limit]), most]);
  if (inner.kind === 'oai') {
    const cut = op('Min', [gateOf, most]);
    const glu = op('Mul', [cut, op('Sigmoid', [op('Mul', [cut, floats([inner.alpha])])])]);
    return op('Mul', [op('Add', [within, floats([1])]), glu]);
  }
  const activated =
    inner.when === 'before'
      ? activate(graph, inner.activation, op('Min', [gateOf, most]))
      : op('Min', [activate(graph, inner.activation, gateOf), most]);
  return op('Mul', [activated, within]);
}

/** x ÷ √(mean of squares + epsilon), times `weight` where there is one. */
export function rootMeanSquareNorm(graph: GraphBuilder, x: Value, epsilon: number, weight: Value | null): Value {
  const { op, floats } = graph;
  const mean = op('ReduceMean', [op('Mul', [x, x])], { axes: [-1], keepdims: 1 });
  const normed = op('Div', [x, op('Sqrt', [op('Add', [mean, floats([epsilon])])])]);
  return weight === null ? normed : op('Mul', [normed, weight]);
}

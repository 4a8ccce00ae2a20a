import type { BlockRules, Groups, ScoringRouter, SharingRouter, SparseMixerRouter } from '../layouts/families/block.ts';
import { rootMeanSquareNorm } from './activation-graph.ts';
import { createGraph, type GraphBuilder, type Value, type Weight } from './graph.ts';
import type { OnnxGraph } from './onnx.ts';

/** A router's tensors, read. */
export interface RouterWeights {
  readonly weight: Weight;
  readonly bias: Weight | null;
  readonly correction: Weight | null;
  readonly globalScale: Weight | null;
  readonly inputScale: Weight | null;
  readonly expertScale: Weight | null;
}

/** Below every score and logit that means anything; ONNX's TopK and Softmax take it as they would minus infinity. */
const LOWEST = -3.4028234663852886e38;

interface Decision {
  readonly indices: Value;
  readonly weights: Value;
  readonly gammas?: Value;
}

/**
 * The router as a graph: from `hidden` [T, H] to `logits` [T, E], `indices` and `weights` [T, k], and `gammas` [T, S]
 * where shared experts have rows in the router.
 */
export function routerGraph(rules: BlockRules, weights: RouterWeights): OnnxGraph {
  const graph = createGraph('router');
  const [experts = 0, hidden = 0] = weights.weight.dims;
  const x = graph.input('hidden', 'f32', ['tokens', hidden]);
  const logits = logitsOf(graph, rules, weights, x, hidden);
  const routed = experts - (rules.router.kind === 'sharing' ? rules.router.shared : 0);
  const decision = decide(graph, rules, weights, logits, routed);
  const scaled = weights.expertScale ? scaleByExpert(graph, decision, weights.expertScale) : decision.weights;
  const kept = routed === experts ? logits : columns(graph, logits, 0, routed);
  graph.output('logits', kept, 'f32', ['tokens', routed]);
  graph.output('indices', decision.indices, 'int64', ['tokens', rules.router.topK]);
  graph.output('weights', scaled, 'f32', ['tokens', rules.router.topK]);
  if (decision.gammas && rules.router.kind === 'sharing')
    graph.output('gammas', decision.gammas, 'f32', ['tokens', rules.router.shared]);
  return graph.finish();
}

function logitsOf(graph: GraphBuilder, rules: BlockRules, weights: RouterWeights, x: Value, hidden: number): Value {
  const { op, floats } = graph;
  let input = x;
  if (rules.norms === 'gemma') {
    const scale = weights.inputScale ? graph.weight('input_scale', weights.inputScale) : null;
    input = op('Mul', [rootMeanSquareNorm(graph, x, rules.epsilon, scale), floats([hidden ** -0.5])]);
  }
  const linear = op(
    'Gemm',
    [
      input,
      graph.weight('router_weight', weights.weight),
      ...(weights.bias ? [graph.weight('router_bias', flat(weights.bias))] : []),
    ],
    { transB: 1 },
  );
  const softcap = rules.router.kind === 'scoring' ? rules.router.softcap : 0;
  if (softcap === 0) return linear;
  return op('Mul', [op('Tanh', [op('Div', [linear, floats([softcap])])]), floats([softcap])]);
}

function decide(
  graph: GraphBuilder,
  rules: BlockRules,
  weights: RouterWeights,
  logits: Value,
  experts: number,
): Decision {
  const { router } = rules;
  if (router.kind === 'sparse-mixer') return mixSparsely(graph, router, logits);
  const correction = weights.correction ? graph.weight('correction', flat(weights.correction)) : null;
  if (router.kind === 'sharing') {
    const factor = weights.globalScale ? graph.weight('global_scale', flat(weights.globalScale)) : null;
    return shareOut(graph, router, logits, experts, correction, factor);
  }
  return choose(graph, router, logits, experts, correction);
}

function choose(
  graph: GraphBuilder,
  router: ScoringRouter,
  logits: Value,
  experts: number,
  correction: Value | null,
): Decision {
  const { op, floats } = graph;
  const scores = scoresOf(graph, router, logits);
  const corrected = correction ? op('Add', [scores, correction]) : scores;
  const choice = router.groups ? withinGroups(graph, router.groups, corrected, experts) : corrected;
  const indices = best(graph, choice, router.topK);
  const taken = op('GatherElements', [router.weights === 'grouped-scores' ? choice : scores, indices], { axis: 1 });
  let weights = taken;
  if (router.weights === 'softmax-of-chosen') weights = op('Softmax', [taken], { axis: 1 });
  if (router.weights === 'sigmoid-of-chosen') weights = op('Sigmoid', [taken]);
  weights = normalised(graph, router, weights);
  return { indices, weights: router.scale === 1 ? weights : op('Mul', [weights, floats([router.scale])]) };
}

function scoresOf({ op }: GraphBuilder, { scores }: ScoringRouter, logits: Value): Value {
  switch (scores) {
    case 'softmax':
      return op('Softmax', [logits], { axis: 1 });
    case 'sigmoid':
      return op('Sigmoid', [logits]);
    case 'sqrt-softplus':
      return op('Sqrt', [op('Softplus', [logits])]);
    case 'logits':
      return logits;
  }
}

function best(graph: GraphBuilder, scores: Value, count: number): Value {
  const [, indices = ''] = graph.ops('TopK', 2, [scores, graph.ints([count])], { axis: -1, largest: 1, sorted: 1 });
  return indices;
}

function normalised({ op, floats, ints }: GraphBuilder, { normalise }: ScoringRouter, weights: Value): Value {
  if (!normalise) return weights;
  if (normalise.kind === 'norm') {
    const powers = op('Pow', [op('Abs', [weights]), floats([normalise.p])]);
    const sum = op('ReduceSum', [powers, ints([1])], { keepdims: 1 });
    return op('Div', [weights, op('Pow', [sum, floats([1 / normalise.p])])]);
  }
  const sum = op('ReduceSum', [weights, ints([1])], { keepdims: 1 });
  const floored = normalise.floor === 0 ? sum : op('Max', [sum, floats([normalise.floor])]);
  return op('Div', [weights, normalise.epsilon === 0 ? floored : op('Add', [floored, floats([normalise.epsilon])])]);
}

/** Scores of experts outside the best groups become what `groups.others` says. */
function withinGroups(graph: GraphBuilder, groups: Groups, scores: Value, experts: number): Value {
  const { op, ops, floats, ints } = graph;
  const size = experts / groups.count;
  const grouped = op('Reshape', [scores, ints([-1, groups.count, size])]);
  const two = groups.by === 'best-two' ? 2 : 1;
  const [top = ''] = ops('TopK', 2, [grouped, ints([two])], { axis: -1, largest: 1, sorted: 1 });
  const groupScores = op('ReduceSum', [top, ints([-1])], { keepdims: 0 });
  const kept = best(graph, groupScores, groups.keep);
  const none = op('Mul', [groupScores, floats([0])]);
  const ones = op('Add', [
    op('Mul', [op('GatherElements', [groupScores, kept], { axis: 1 }), floats([0])]),
    floats([1]),
  ]);
  const mask = op('ScatterElements', [none, kept, ones], { axis: 1 });
  const open = op('Greater', [op('Unsqueeze', [mask, ints([2])]), floats([0.5])]);
  const others = floats([groups.others === 'zero' ? 0 : LOWEST]);
  return op('Reshape', [op('Where', [open, grouped, others]), ints([-1, experts])]);
}

/** Two experts, one after the other; see `sparsemixer` in transformers' modeling_phimoe.py, in evaluation. */
function mixSparsely(graph: GraphBuilder, { jitter }: SparseMixerRouter, logits: Value): Decision {
  const { op, floats } = graph;
  const pick = (scores: Value) => {
    const [top = '', index = ''] = graph.ops('TopK', 2, [scores, graph.ints([1])], { axis: -1, largest: 1, sorted: 1 });
    const factor = op('Max', [op('Abs', [logits]), top]);
    const far = op('Greater', [op('Div', [op('Sub', [top, logits]), factor]), floats([2 * jitter])]);
    const near = op('Where', [far, floats([LOWEST]), scores]);
    return { index, weight: op('GatherElements', [op('Softmax', [near], { axis: 1 }), index], { axis: 1 }) };
  };
  const first = pick(logits);
  const lowest = op('Add', [op('Mul', [first.weight, floats([0])]), floats([LOWEST])]);
  const second = pick(op('ScatterElements', [logits, first.index, lowest], { axis: 1 }));
  return {
    indices: op('Concat', [first.index, second.index], { axis: 1 }),
    weights: op('Concat', [first.weight, second.weight], { axis: 1 }),
  };
}

/** The chosen experts and the shared ones share the weights: each its sigmoid over the sum of all of them. */
function shareOut(
  graph: GraphBuilder,
  router: SharingRouter,
  logits: Value,
  experts: number,
  correction: Value | null,
  factor: Value | null,
): Decision {
  const { op, floats } = graph;
  const scores = op('Sigmoid', [logits]);
  const routed = columns(graph, scores, 0, experts);
  const indices = best(graph, correction ? op('Add', [routed, correction]) : routed, router.topK);
  const chosen = op('GatherElements', [routed, indices], { axis: 1 });
  const all = op('Concat', [chosen, columns(graph, scores, experts, experts + router.shared)], { axis: 1 });
  const shares = op('Div', [all, op('ReduceSum', [all, graph.ints([1])], { keepdims: 1 })]);
  const scaled = op('Mul', [shares, floats([router.scale])]);
  const weights = factor ? op('Mul', [scaled, factor]) : scaled;
  return {
    indices,
    weights: columns(graph, weights, 0, router.topK),
    gammas: columns(graph, weights, router.topK, router.topK + router.shared),
  };
}

function scaleByExpert(graph: GraphBuilder, { indices, weights }: Decision, scale: Weight): Value {
  const factors = graph.op('Gather', [graph.weight('expert_scale', flat(scale)), indices], { axis: 0 });
  return graph.op('Mul', [weights, factors]);
}

function columns({ op, ints }: GraphBuilder, x: Value, from: number, to: number): Value {
  return op('Slice', [x, ints([from]), ints([to]), ints([1])]);
}

/** A vector, however many dims of size one it is stored with. */
function flat(weight: Weight): Weight {
  return { ...weight, dims: [weight.dims.reduce((product, dim) => product * dim, 1)] };
}

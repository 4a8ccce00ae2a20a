import { LoomError } from '../errors.ts';
import type { BlockRules } from '../layouts/families/block.ts';
import { MIB } from '../units.ts';
import type { Block } from './block.ts';
import { blockOutput } from './ends.ts';
import type { ExpertWeights, StoredWeights } from './experts-graph.ts';
import { expertRanges, type Form, numbersOfExpert, readExperts } from './forms.ts';
import { createGraph, type GraphBuilder, type Value, type Weight } from './graph.ts';
import type { HiddenStates } from './hidden-states.ts';
import { maxRelative } from './numbers.ts';
import { CONTRIB, type OnnxGraph } from './onnx.ts';
import type { Reader } from './reading.ts';
import type { SideResult } from './run.ts';
import type { Runtime } from './runtime.ts';
import type { ParityReport } from './types.ts';

/** The operator takes all experts in one session, as f32 and once more turned: larger layers are left out. */
const MOST_BYTES = 512 * MIB;

export interface OperatorOptions {
  readonly block: Block;
  readonly reader: Reader;
  readonly form: Form | null;
  readonly x: HiddenStates;
  readonly result: SideResult;
  readonly runtime: Runtime;
  readonly signal: AbortSignal | undefined;
}

/**
 * The block once more, by onnxruntime's own mixture-of-experts operator (com.microsoft.MoE), where it can: routing by
 * softmax over all or over the chosen experts, gated by SiLU or as gpt-oss does.
 *
 * Its router is its own, so that it also checks ours.
 */
export async function checkOperator(options: OperatorOptions): Promise<ParityReport['operator']> {
  const { block, form, x, result } = options;
  const reason = unfit(block, form);
  if (reason !== null || !form) return { maxRelative: null, reason };
  const { reader } = options;
  await reader.hold(expertRanges(reader.checkpoint, block.group, 0, block.experts));
  const weights = await readExperts(form, 0, block.experts, reader);
  await reader.hold([]);
  const graph = operatorGraph(block, weights, result);
  const feeds = { hidden: { dims: [x.tokens, x.hidden], data: x.values } };
  const sum = await options.runtime.run(graph, feeds, options.signal).then(
    (results) => results.get('sum')?.data as Float32Array,
    (error: unknown) => {
      if (error instanceof LoomError && error.tag === 'runtime-failed') return error;
      throw error;
    },
  );
  if (sum instanceof LoomError) return { maxRelative: null, reason: sum.message };
  const [id = 'perExpert'] = result.outputs.keys();
  const ours = result.outputs.get(id) as Float32Array;
  const theirs = await withShared(options, sum);
  return { maxRelative: maxRelative(ours, theirs), reason: null };
}

function unfit({ rules, experts, group, tensors }: Block, form: Form | null): string | null {
  const { router, inner } = rules;
  if (form?.id !== 'gateUp') return 'There is no gate-up form to give to the operator.';
  if (router.kind !== 'scoring' || router.groups || router.softcap !== 0 || tensors.router.correction)
    return 'The operator knows no such router.';
  const overAll = router.scores === 'softmax' && router.weights === 'scores' && !isNorm(router.normalise);
  const overChosen = router.scores === 'logits' && router.weights === 'softmax-of-chosen';
  if (!overAll && !overChosen) return 'The operator knows no such router.';
  if (rules.scaleInput || rules.zeroExperts > 0 || rules.norms !== 'none' || tensors.latent)
    return 'The operator knows no such block.';
  if (inner.kind !== 'oai' && !(inner.kind === 'gated' && inner.activation === 'silu'))
    return 'On the CPU the operator knows experts gated by SiLU alone, or as in gpt-oss.';
  if (4 * numbersOfExpert(group) * experts > MOST_BYTES)
    return 'The operator takes all experts at once, which are too large here.';
  return null;
}

function isNorm(normalise: { readonly kind: string } | null): boolean {
  return normalise?.kind === 'norm';
}

function operatorGraph(
  { rules, experts, hidden }: Block,
  weights: ExpertWeights,
  { weights: { router } }: SideResult,
): OnnxGraph {
  const graph = createGraph('com.microsoft.MoE');
  const x = graph.input('hidden', 'f32', ['tokens', hidden]);
  const vector = router.bias ? [graph.weight('router_bias', router.bias)] : [];
  const logits = graph.op('Gemm', [x, graph.weight('router_weight', router.weight), ...vector], { transB: 1 });
  const gateUp = weights.members.find(({ projection }) => projection === 'gate-up');
  const down = weights.members.find(({ projection }) => projection === 'down');
  if (!gateUp || !down) throw new TypeError('No gate-up form.');
  const first = joined(graph, 'gate_up', gateUp, weights.interleaved, experts);
  const second = joined(graph, 'down', down, true, experts);
  const inputs = [x, logits, first.weight, first.bias, second.weight, second.bias];
  const sum = graph.op('MoE', inputs, attributesOf(rules), CONTRIB);
  const { router: rule } = rules;
  const scale = rule.kind === 'scoring' ? rule.scale : 1;
  graph.output('sum', scale === 1 ? sum : graph.op('Mul', [sum, graph.floats([scale])]), 'f32', ['tokens', hidden]);
  return graph.finish();
}

function attributesOf({ router, inner }: BlockRules) {
  const normalise = router.kind === 'scoring' && (router.scores === 'logits' || router.normalise !== null);
  const oai = inner.kind === 'oai' ? inner : null;
  return {
    k: router.topK,
    activation_type: 'swiglu',
    normalize_routing_weights: normalise ? 1 : 0,
    swiglu_fusion: 1,
    activation_alpha: { float: oai?.alpha ?? 1 },
    activation_beta: { float: oai ? 1 : 0 },
    ...(oai ? { swiglu_limit: { float: oai.limit } } : {}),
  };
}

/** [E, rows, columns] with rows as outputs, gate and up taking turns, as the operator wants them. */
function joined(graph: GraphBuilder, name: string, member: StoredWeights, inTurns: boolean, experts: number) {
  const weight = member.weight as Weight;
  const out = weight.dims.at(member.orientation === 'out-in' ? 1 : 2) ?? 0;
  const columns = weight.dims.at(member.orientation === 'out-in' ? 2 : 1) ?? 0;
  const stored = graph.weight(`${name}_weight`, weight);
  const rows = member.orientation === 'out-in' ? stored : graph.op('Transpose', [stored], { perm: [0, 2, 1] });
  const bias = member.bias ? graph.weight(`${name}_bias`, member.bias as Weight) : '';
  if (inTurns) return { weight: rows, bias };
  const turn = (value: Value, tail: number, shape: readonly number[]) => {
    const halves = graph.op('Reshape', [value, graph.ints([experts, 2, out / 2, tail])]);
    return graph.op('Reshape', [graph.op('Transpose', [halves], { perm: [0, 2, 1, 3] }), graph.ints(shape)]);
  };
  return {
    weight: turn(rows, columns, [experts, out, columns]),
    bias: bias === '' ? '' : turn(bias, 1, [experts, out]),
  };
}

/** The operator computes routed experts alone: what our own run added to them is added here too. */
async function withShared({ block, x, result }: OperatorOptions, sum: Float32Array): Promise<Float32Array> {
  const routed = { tokens: x.tokens, hidden: x.hidden, values: sum };
  return blockOutput({ x, routing: result.routing, routed, shared: result.shared }, block.rules, result.weights);
}

import { LoomError, throwIfAborted } from '../errors.ts';
import { MIB } from '../units.ts';
import { type Block, type BlockWeights, readBlockWeights } from './block.ts';
import { factorsOf, type RankShare, type Routing, wholeShare } from './dispatch.ts';
import { blockOutput, expertsInput } from './ends.ts';
import { apartGraph, type ExpertWeights, stackedGraph } from './experts-graph.ts';
import { expertRanges, type Form, numbersOfExpert, readExperts, sliceExperts } from './forms.ts';
import type { HiddenStates } from './hidden-states.ts';
import { numbersOf } from './numbers.ts';
import type { Reader } from './reading.ts';
import { routerGraph } from './router-graph.ts';
import type { Feed, Feeds, Runtime } from './runtime.ts';
import { sharedGraph } from './shared-graph.ts';
import type { RunId } from './types.ts';

/**
 * Numbers of experts in one session, 256 MiB as f32. A session holds them as stored, as f32 and, where they lie the other
 * way round, turned: about 0.7 GiB in all, and WebAssembly never gives memory back.
 */
export const SESSION_NUMBERS = (256 * MIB) / 4;

export interface Way {
  readonly id: RunId;
  readonly form: Form;
  /** The ranks that this way plays; one that owns everything where it plays none. */
  readonly shares: readonly RankShare[] | null;
}

export interface SideOptions {
  readonly block: Block;
  readonly reader: Reader;
  readonly runtime: Runtime;
  readonly x: HiddenStates;
  readonly ways: (routing: Routing) => readonly Way[];
  readonly sessionNumbers: number;
  readonly signal: AbortSignal | undefined;
  /** Hears what comes next; a session is done when the next is named. */
  readonly onStep: (doing: string) => void;
}

export interface SideResult {
  readonly routing: Routing;
  readonly ways: readonly Way[];
  readonly outputs: ReadonlyMap<RunId, Float32Array>;
  readonly weights: BlockWeights;
  /** What the shared experts gave; null where there are none. */
  readonly shared: Float32Array | null;
}

/** Computes one checkpoint's block in several ways: its router and shared experts once, its experts in groups. */
export async function runSide(options: SideOptions): Promise<SideResult> {
  const { block, reader, x, signal } = options;
  const weights = await readBlockWeights(block, reader);
  options.onStep('the router');
  const { routing, gammas } = await route(options, weights);
  options.onStep('the shared experts');
  const shared = weights.shared && (await runShared(options, weights, gammas));
  const ways = options.ways(routing);
  const entering = expertsInput(x, block.rules, weights);
  const sums = new Map(ways.map(({ id }) => [id, new Float64Array(x.tokens * entering.hidden)]));
  for (const [from, to] of groupsOf(block, options.sessionNumbers)) {
    throwIfAborted(signal);
    await reader.hold(expertRanges(reader.checkpoint, block.group, from, to));
    for (const way of ways) {
      options.onStep(`${way.id}, experts ${from} to ${to - 1} of ${block.experts}`);
      await addGroup({ options, way, routing, entering, sum: sums.get(way.id) as Float64Array<ArrayBuffer>, from, to });
    }
  }
  await reader.hold([]);
  const outputs = new Map(
    ways.map(({ id }) => {
      const routed = { ...entering, values: Float32Array.from(sums.get(id) as Float64Array) };
      return [id, blockOutput({ x, routing, routed, shared }, block.rules, weights)];
    }),
  );
  return { routing, ways, outputs, weights, shared };
}

/** Groups of experts that a block's sessions take one after another. */
export function groupsOf({ experts, group }: Block, sessionNumbers: number): [from: number, to: number][] {
  const size = Math.max(1, Math.floor(sessionNumbers / Math.max(1, numbersOfExpert(group))));
  const count = Math.ceil(experts / size);
  return Array.from({ length: count }, (_, at) => [at * size, Math.min(experts, (at + 1) * size)]);
}

async function route({ block, runtime, x, signal }: SideOptions, { router }: BlockWeights) {
  const results = await runtime.run(routerGraph(block.rules, router), { hidden: feedOf(x) }, signal);
  const indices = results.get('indices');
  const weights = results.get('weights');
  if (!indices || !weights) throw new LoomError('internal', 'The router gave no decision.');
  const routing: Routing = {
    tokens: x.tokens,
    topK: block.rules.router.topK,
    experts: block.experts,
    indices: Array.from(indices.data, Number),
    weights: weights.data as Float32Array,
  };
  return { routing, gammas: results.get('gammas') ?? null };
}

async function runShared(
  { block, runtime, x, signal }: SideOptions,
  { shared }: BlockWeights,
  gammas: Feed | null,
): Promise<Float32Array | null> {
  const { sharedInner } = block.rules;
  if (!shared || !sharedInner) return null;
  const graph = sharedGraph(sharedInner, shared, x.hidden, gammas !== null);
  const feeds: Feeds = gammas ? { hidden: feedOf(x), gammas } : { hidden: feedOf(x) };
  return (await runtime.run(graph, feeds, signal)).get('shared')?.data as Float32Array;
}

interface GroupJob {
  readonly options: SideOptions;
  readonly way: Way;
  readonly routing: Routing;
  readonly entering: HiddenStates;
  readonly sum: Float64Array;
  readonly from: number;
  readonly to: number;
}

/** Adds what experts `from` to `to` give: of one owner, or rank by rank. */
async function addGroup(job: GroupJob): Promise<void> {
  const { options, way, routing, from, to } = job;
  const weights = await readExperts(way.form, from, to, options.reader);
  for (const share of way.shares ?? [wholeShare(routing)]) {
    const [first, last] = [Math.max(from, share.from), Math.min(to, share.to)];
    if (first >= last) continue;
    const own = sliceExperts(weights, first - from, last - from);
    const partial = await runExperts(job, own, share, first, last);
    for (let at = 0; partial && at < job.sum.length; at++)
      job.sum[at] = (job.sum[at] as number) + (partial[at] as number);
  }
}

/** The weighed sum of experts `first` to `last`, which are `share`'s; null where no token chose one of them. */
async function runExperts(
  { options, entering }: GroupJob,
  weights: ExpertWeights,
  share: RankShare,
  first: number,
  last: number,
): Promise<Float32Array | null> {
  const { block, runtime, signal } = options;
  const { tokens, hidden } = entering;
  const factors = columnsOf(factorsOf(share, tokens), tokens, share, first, last);
  if (factors.every((factor) => factor === 0)) return null;
  const count = last - first;
  const feeds: Record<string, Feed> = { hidden: feedOf(entering) };
  if (weights.apart) {
    const busy: number[] = [];
    for (let expert = 0; expert < count; expert++) {
      const rows = Array.from({ length: tokens }, (_, token) => token).filter(
        (token) => factors[token * count + expert] !== 0,
      );
      if (rows.length === 0) continue;
      busy.push(expert);
      const own = Float32Array.from(rows, (token) => factors[token * count + expert] as number);
      feeds[`tokens_${expert}`] = { dims: [rows.length, 1], data: BigInt64Array.from(rows, BigInt) };
      feeds[`factors_${expert}`] = { dims: [rows.length, 1], data: own };
    }
    return sumOf(await runtime.run(apartGraph(block.rules, weights, busy, hidden), feeds, signal));
  }
  feeds.factors = { dims: [tokens, count], data: factors };
  return sumOf(await runtime.run(stackedGraph(block.rules, weights, count, hidden), feeds, signal));
}

function sumOf(results: ReadonlyMap<string, Feed>): Float32Array {
  return results.get('sum')?.data as Float32Array;
}

function columnsOf(factors: Float32Array, tokens: number, share: RankShare, first: number, last: number): Float32Array {
  const local = share.to - share.from;
  const count = last - first;
  const kept = new Float32Array(tokens * count);
  for (let token = 0; token < tokens; token++) {
    const from = token * local + first - share.from;
    kept.set(factors.subarray(from, from + count), token * count);
  }
  return kept;
}

function feedOf({ tokens, hidden, values }: HiddenStates): Feed {
  return { dims: [tokens, hidden], data: values };
}

/** The router's weight as numbers, row by row. */
export function routerRows({ router }: BlockWeights): {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float32Array;
} {
  const [rows = 0, columns = 0] = router.weight.dims;
  return { rows, columns, values: numbersOf(router.weight) };
}

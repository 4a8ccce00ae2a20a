import type { PlacementError } from './types.ts';

/** What the expert-parallel load balancer is asked for. `loads` of one layer, one number an expert. */
export interface EplbInput {
  readonly loads: readonly number[];
  readonly slots: number;
  readonly groups: number;
  readonly nodes: number;
  readonly gpus: number;
}

interface Packing {
  /** Pack of each item. */
  readonly pack: readonly number[];
  /** Place of each item inside its pack. */
  readonly place: readonly number[];
}

/**
 * Logical expert of every slot, GPU after GPU, exactly as DeepSeek's `rebalance_experts` deals them: groups to nodes,
 * replicas inside nodes, replicas to GPUs. The global form is the one of one group and one node.
 *
 * Loads are compared in 32-bit floats, as there. Source: deepseek-ai/EPLB d52c72d, eplb.py.
 */
export function rebalance(input: EplbInput): readonly number[] | PlacementError {
  const { loads, slots, groups, nodes, gpus } = input;
  const experts = loads.length;
  if (experts % groups !== 0) return { error: 'assert num_logical_experts % num_groups == 0' };
  if (groups % nodes !== 0) return { error: 'assert num_groups % num_nodes == 0' };
  if (gpus % nodes !== 0) return { error: 'assert num_gpus % num_nodes == 0' };
  if (slots % gpus !== 0) return { error: 'assert num_physical_experts % num_gpus == 0' };
  if (slots < experts) return { error: 'assert num_redundant >= 0' };
  const order = orderByNode(loads, groups, nodes);
  const perNode = experts / nodes;
  const out: number[] = [];
  for (let node = 0; node < nodes; node++) {
    const members = order.slice(node * perNode, (node + 1) * perNode);
    const weights = members.map((expert) => Math.fround(loads[expert] ?? 0));
    const { slotOf, counts } = replicate(weights, slots / nodes);
    const each = slotOf.map((member) => Math.fround((weights[member] ?? 0) / (counts[member] ?? 1)));
    const packed = inPackOrder(balancedPacking(each, gpus / nodes), slots / gpus);
    for (const slot of packed) out.push(members[slotOf[slot] ?? 0] ?? 0);
  }
  return out;
}

/** Experts in the order in which their groups were packed onto nodes. */
function orderByNode(loads: readonly number[], groups: number, nodes: number): number[] {
  const size = loads.length / groups;
  const sums = Array.from({ length: groups }, (_, group) =>
    loads.slice(group * size, (group + 1) * size).reduce((sum, load) => Math.fround(sum + load), 0),
  );
  const order = inPackOrder(balancedPacking(sums, nodes), groups / nodes);
  return order.flatMap((group) => Array.from({ length: size }, (_, index) => group * size + index));
}

/** Items listed pack after pack, each in its place. */
function inPackOrder({ pack, place }: Packing, perPack: number): number[] {
  const order: number[] = new Array(pack.length).fill(0);
  for (let item = 0; item < pack.length; item++) order[(pack[item] ?? 0) * perPack + (place[item] ?? 0)] = item;
  return order;
}

/** Heaviest first, each to the lightest pack that still has room. */
function balancedPacking(weights: readonly number[], packs: number): Packing {
  const perPack = weights.length / packs;
  if (perPack === 1) return { pack: weights.map((_, index) => index), place: weights.map(() => 0) };
  const heaviest = weights.map((_, index) => index).sort((a, b) => (weights[b] ?? 0) - (weights[a] ?? 0) || a - b);
  const sums: number[] = new Array(packs).fill(0);
  const held: number[] = new Array(packs).fill(0);
  const pack: number[] = new Array(weights.length).fill(0);
  const place: number[] = new Array(weights.length).fill(0);
  for (const item of heaviest) {
    const to = lightest(sums, held, perPack);
    pack[item] = to;
    place[item] = held[to] ?? 0;
    sums[to] = (sums[to] ?? 0) + (weights[item] ?? 0);
    held[to] = (held[to] ?? 0) + 1;
  }
  return { pack, place };
}

function lightest(sums: readonly number[], held: readonly number[], perPack: number): number {
  let best = -1;
  for (let pack = 0; pack < sums.length; pack++) {
    if ((held[pack] ?? 0) >= perPack) continue;
    if (best < 0 || (sums[pack] ?? 0) < (sums[best] ?? 0)) best = pack;
  }
  return best;
}

/** One slot each, then one more for whichever has the highest load a replica. */
function replicate(weights: readonly number[], slots: number): { slotOf: number[]; counts: number[] } {
  const slotOf = weights.map((_, index) => index);
  const counts = weights.map(() => 1);
  while (slotOf.length < slots) {
    let best = 0;
    for (let index = 1; index < weights.length; index++) {
      if (loadOf(weights, counts, index) > loadOf(weights, counts, best)) best = index;
    }
    slotOf.push(best);
    counts[best] = (counts[best] ?? 0) + 1;
  }
  return { slotOf, counts };
}

function loadOf(weights: readonly number[], counts: readonly number[], index: number): number {
  return Math.fround((weights[index] ?? 0) / (counts[index] ?? 1));
}

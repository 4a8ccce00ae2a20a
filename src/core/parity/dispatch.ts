/** A router's decision: for each token its experts and their weights, `topK` of each, row by row. */
export interface Routing {
  readonly tokens: number;
  readonly topK: number;
  /** Experts with weights of their own; higher numbers are experts without (they give back what they get). */
  readonly experts: number;
  readonly indices: readonly number[];
  readonly weights: Float32Array;
}

/** What one rank of an expert-parallel group computes: experts `from` to `to`, on all tokens. */
export interface RankShare {
  readonly rank: number;
  readonly from: number;
  readonly to: number;
  /** The router's scores, zero where the expert is another rank's. */
  readonly scores: Float32Array;
  /** The experts' places on this rank; `to − from`, the sentinel, where the expert is another rank's. */
  readonly indices: readonly number[];
}

/** Something that an expert-parallel group does otherwise than one process would. */
export interface DispatchFault {
  readonly tag: 'rank-missing' | 'expert-counted-twice' | 'expert-missing';
  readonly message: string;
}

/**
 * The router's decision as each rank gets it: contiguous equal blocks of experts, scores masked, indices made local.
 *
 * As transformers' RouterParallel does (integrations/tensor_parallel.py); the ranks' outputs are then summed, as
 * GatherParallel does. `ep` divides the number of experts.
 */
export function dispatchToRanks(routing: Routing, ep: number): RankShare[] {
  const each = routing.experts / ep;
  return Array.from({ length: ep }, (_, rank) => {
    const [from, to] = [rank * each, (rank + 1) * each];
    const local = (expert: number) => expert >= from && expert < to;
    return {
      rank,
      from,
      to,
      scores: routing.weights.map((weight, at) => (local(routing.indices[at] ?? -1) ? weight : 0)),
      indices: routing.indices.map((expert) => (local(expert) ? expert - from : to - from)),
    };
  });
}

/** [tokens, to − from] factors on each local expert's output: what a rank multiplies with, sentinels left out. */
export function factorsOf({ from, to, scores, indices }: RankShare, tokens: number): Float32Array {
  const local = to - from;
  const factors = new Float32Array(tokens * local);
  const topK = indices.length / tokens;
  for (const [at, index] of indices.entries()) {
    if (index < 0 || index >= local) continue;
    const place = Math.floor(at / topK) * local + index;
    factors[place] = (factors[place] as number) + (scores[at] as number);
  }
  return factors;
}

/** The whole decision as one rank that owns every expert. */
export function wholeShare(routing: Routing): RankShare {
  const [share] = dispatchToRanks(routing, 1);
  return share as RankShare;
}

/** Every (token, expert) that the ranks together weigh otherwise than the router did, by what went wrong. */
export function dispatchFaults(routing: Routing, shares: readonly RankShare[], ep: number): DispatchFault[] {
  const { experts, tokens } = routing;
  const wanted = factorsOf(wholeShare(routing), tokens);
  const given = new Float64Array(tokens * experts);
  for (const share of shares) {
    const factors = factorsOf(share, tokens);
    const local = share.to - share.from;
    for (let token = 0; token < tokens; token++) {
      for (let expert = 0; expert < local; expert++) {
        const place = token * experts + share.from + expert;
        given[place] = (given[place] as number) + (factors[token * local + expert] as number);
      }
    }
  }
  const owners = new Set(shares.map(({ rank }) => rank));
  const absent = Array.from({ length: ep }, (_, rank) => rank).filter((rank) => !owners.has(rank));
  const faults: DispatchFault[] = absent.map((rank) => ({
    tag: 'rank-missing',
    message: `Rank ${rank} is missing: experts ${(rank * experts) / ep} to ${((rank + 1) * experts) / ep - 1} add nothing to the sum.`,
  }));
  for (let expert = 0; expert < experts; expert++) {
    const fault = expertFault(expert, routing, wanted, given, absent.includes(Math.floor((expert * ep) / experts)));
    if (fault) faults.push(fault);
  }
  return faults;
}

function expertFault(
  expert: number,
  { tokens, experts }: Routing,
  wanted: Float32Array,
  given: Float64Array,
  excused: boolean,
): DispatchFault | null {
  for (let token = 0; token < tokens; token++) {
    const [right = 0, got = 0] = [wanted[token * experts + expert], given[token * experts + expert]];
    if (Math.abs(got - right) <= 1e-6 * Math.max(1, Math.abs(right))) continue;
    if (Math.abs(got) > Math.abs(right)) {
      const message = `Expert ${expert} counts for token ${token} with ${got.toPrecision(4)}, where the router gave it ${right.toPrecision(4)}: what another rank masks is counted again.`;
      return { tag: 'expert-counted-twice', message };
    }
    if (excused) continue;
    return {
      tag: 'expert-missing',
      message: `Expert ${expert} is left out for token ${token}, which the router sent to it.`,
    };
  }
  return null;
}

/** Tokens that each expert got, and that each rank got. */
export function countTokens(
  routing: Routing,
  ep: number,
): { readonly perExpert: number[]; readonly perRank: number[] } {
  const perExpert = new Array<number>(routing.experts).fill(0);
  for (const expert of routing.indices) if (expert < routing.experts) perExpert[expert] = (perExpert[expert] ?? 0) + 1;
  const each = routing.experts / ep;
  const perRank = Array.from({ length: ep }, (_, rank) =>
    perExpert.slice(rank * each, (rank + 1) * each).reduce((sum, count) => sum + count, 0),
  );
  return { perExpert, perRank };
}

export interface CommunicationInput {
  readonly ranks: number;
  readonly experts: number;
  readonly topK: number;
  readonly hidden: number;
  /** Bytes of one activation; 2 for bf16. */
  readonly itemBytes?: number;
}

/**
 * Bytes that leave a rank for each token and layer, forward, one direction (dispatch; combine is as much again), routing
 * spread evenly. Formulas: docs/add-a-program.md.
 */
export interface Communication {
  /** Ring all-reduce of the layer's output, both directions at once. */
  readonly allReduce: number;
  /** One copy of the token for each expert that another rank holds. */
  readonly naive: number;
  /** One copy for each other rank that holds any of its experts. */
  readonly deduplicated: number;
  /** The same in FP8 with one 32-bit scale for 128 values. */
  readonly deduplicatedFp8: number;
  /** Every token to every rank: vLLM's default `allgather_reducescatter`. */
  readonly allGather: number;
  /** Ranks, itself included, that hold experts of one token, on average. */
  readonly distinctRanks: number;
}

const SCALED_VALUES = 128;
const SCALE_BYTES = 4;

export function communicationOf(input: CommunicationInput): Communication {
  const { ranks, hidden, topK, itemBytes = 2 } = input;
  const away = (ranks - 1) / ranks;
  const token = hidden * itemBytes;
  const distinctRanks = distinct(input);
  return {
    allReduce: 2 * away * token,
    naive: topK * away * token,
    deduplicated: distinctRanks * away * token,
    deduplicatedFp8: distinctRanks * away * (hidden + (hidden / SCALED_VALUES) * SCALE_BYTES),
    allGather: (ranks - 1) * token,
    distinctRanks,
  };
}

/** Expected number of ranks among the k experts of a token: `P · (1 − C(E − E/P, k) / C(E, k))`. */
function distinct({ ranks, experts, topK }: CommunicationInput): number {
  const others = experts - experts / ranks;
  let none = 1;
  for (let drawn = 0; drawn < topK; drawn++) none *= Math.max(others - drawn, 0) / (experts - drawn);
  return ranks * (1 - none);
}

import type { Work } from './activations.ts';
import { BF16, CONSTANTS } from './constants.ts';
import type { LayerKind } from './holdings.ts';
import type { Term } from './report.ts';
import { billions, exactly, times } from './terms.ts';

/** Whole parameters that a framework gathers for computing, and gradients before they are sharded. */
export interface Fetches {
  /** From forward to the end of backward: embedding and head, which FSDP2 keeps whole. */
  readonly root: Term | null;
  readonly backward: readonly Term[];
}

export function fetchesOf(work: Work): Fetches {
  switch (work.rules.fetches) {
    case 'layers':
      return shardedFetches(work);
    case 'live':
      return zeroFetches(work);
    case 'buckets':
      return { root: null, backward: [bucketTerm()] };
    case 'none':
      return { root: null, backward: [] };
  }
}

/** FSDP2 gathers a layer in bf16 where more than one rank shares it. */
function shardedFetches({ mesh, held, lora, choices }: Work): Fetches {
  const { ends, whole, kinds, dense } = held;
  const densely = dense.weights < whole - 1;
  // Buffers grow to the largest layer and keep that size.
  const gathered = largest(kinds, (kind) => (densely ? kind.dense : 0) + (mesh.edp > 1 ? kind.experts : 0));
  const root =
    densely && ends > 0
      ? exactly('gathered embedding and head', ends * BF16, `embedding and head, ${billions(ends)} parameters in bf16`)
      : null;
  const backward: Term[] = [];
  if (gathered > 0) {
    const what = `the largest layer, ${billions(gathered)} parameters in bf16`;
    backward.push(
      times(
        'gathers',
        gathered * BF16,
        CONSTANTS.gathered,
        `${what} × ${CONSTANTS.gathered.low}–${CONSTANTS.gathered.high}`,
      ),
    );
  }
  if (gathered > 0 && !lora) {
    const what = `the largest layer, ${billions(gathered)} parameters in bf16`;
    backward.push(
      times(
        'layer gradients',
        gathered * BF16,
        CONSTANTS.reduced,
        `${what} × ${CONSTANTS.reduced.low}–${CONSTANTS.reduced.high}, before they are sharded`,
      ),
    );
  }
  if (root && !lora)
    backward.push(
      times('embedding and head gradients', ends * BF16, CONSTANTS.rootGradient, CONSTANTS.rootGradient.why),
    );
  if (choices.offload === 'all') {
    const one = largest(kinds, (kind) => kind.dense + kind.experts);
    const [bytes, dtype] = lora ? [BF16, 'bf16'] : [4, 'fp32'];
    backward.push(exactly('fetched from the host', one * bytes, `the largest layer in ${dtype}`));
  }
  return { root, backward };
}

function zeroFetches({ held, choices, shape }: Work): Fetches {
  if (choices.zero < 3) return { root: null, backward: [bucketTerm()] };
  const { liveParameters } = CONSTANTS;
  const layer = largest(held.kinds, ({ dense, experts }) => dense + experts);
  const all = Object.values(shape.parameters).reduce((sum, count) => sum + count, 0);
  const [low, high] = [liveParameters.low, liveParameters.high].map(
    (live) => Math.min(Math.max(live, layer), all) * BF16,
  );
  const live: Term = { name: 'gathers', low: low ?? 0, high: high ?? 0, basis: liveParameters.why };
  return { root: null, backward: [live, bucketTerm()] };
}

function largest(kinds: readonly LayerKind[], size: (kind: LayerKind) => number): number {
  return Math.max(0, ...kinds.map(size));
}

function bucketTerm(): Term {
  return times('buckets', BF16, CONSTANTS.bucket, CONSTANTS.bucket.why);
}

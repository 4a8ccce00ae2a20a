import { formatInteger } from '../../units.ts';
import type { Work } from './activations.ts';
import { BF16, CONSTANTS } from './constants.ts';
import type { Term } from './report.ts';
import { billions, exactly, times } from './terms.ts';

/** Bytes of the keys and values of one token on one rank, and of the layers whose cache ends at a window. */
export function cacheBytes({ shape, mesh }: Pick<Work, 'shape' | 'mesh'>, tokens: number): number {
  const { elements, layers, windowLayers, window, cuts } = shape.cache;
  const cut = Math.min(mesh.attnTp ?? mesh.tp, cuts) * mesh.pp;
  const perLayer = (elements * BF16) / cut;
  return perLayer * (layers * tokens + windowLayers * Math.min(tokens, window));
}

/** Serving: weights as stored, the cache, one forward pass, and the engine's own. */
export function servingTerms(work: Work): Term[] {
  const { shape, mesh, held, choices } = work;
  const { context, batch } = choices;
  const cache = cacheBytes(work, context) * batch;
  const { graphs, serveTokens, servedSequences } = CONSTANTS;
  const routed = shape.parameters.routed === 0 ? 0 : shape.stored.routed / shape.parameters.routed;
  const rest =
    shape.stored.rest /
    (Object.values(shape.parameters).reduce((sum, n) => sum + n, 0) -
      shape.parameters.routed -
      shape.parameters.prediction);
  const weights: Term[] = [];
  if (held.experts.weights > 0)
    weights.push(
      exactly(
        'expert weights',
        held.experts.weights * routed,
        `${billions(held.experts.weights)} parameters × ${routed.toFixed(2)} bytes as stored`,
      ),
    );
  weights.push(
    exactly(
      'other weights',
      held.dense.weights * rest,
      `${billions(held.dense.weights)} parameters × ${rest.toFixed(2)} bytes as stored`,
    ),
  );
  // Experts see the tokens of every data-parallel rank: gathered, then worked on by who has the expert.
  const width =
    2 * shape.hidden +
    shape.attentionWidth / (mesh.attnTp ?? mesh.tp) +
    shape.latent.width +
    shape.topK * (2 * shape.hidden + (3 * shape.intermediate) / mesh.etp) +
    (3 * shape.denseIntermediate) / mesh.tp;
  return [
    ...weights,
    exactly(
      'KV cache',
      cache,
      `${formatInteger(batch)} × ${formatInteger(context)} tokens × ${formatInteger(cacheBytes(work, 1))} bytes`,
    ),
    times(
      'forward pass',
      width * BF16,
      serveTokens,
      `${serveTokens.low}–${serveTokens.high} tokens × ${formatInteger(width)} numbers × 2 bytes`,
    ),
    exactly(
      'sampling',
      (servedSequences.low * shape.vocabulary * 2 * 4) / mesh.tp,
      `logits of ${servedSequences.low} sequences in fp32, two copies`,
    ),
    times('CUDA graphs', 1e9, graphs, graphs.why),
  ];
}

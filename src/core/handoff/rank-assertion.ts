import { expertShare, holdsLayer } from '../ranks/placement.ts';
import type { Stock } from '../ranks/stock.ts';
import type { RankModel } from '../ranks/summary.ts';
import type { Placement } from '../ranks/types.ts';
import { ASSERTION_SCRIPT } from './rank-assertion-script.ts';

/** Where the down matrices of some experts of a layer lie: expert `first + i` at `offset + i · stride`. */
interface DownJson {
  readonly file: string;
  readonly offset: number;
  readonly stride: number;
  readonly first: number;
  readonly count: number;
}

/** What the script compares with. Layers by their number. */
interface PredictionJson {
  readonly world: number;
  readonly ep: number;
  readonly fsdp: number;
  readonly pp: number;
  readonly experts: Readonly<Record<string, number>>;
  readonly ranks: readonly Readonly<Record<string, readonly number[]>>[];
  readonly down: Readonly<Record<string, readonly DownJson[]>>;
}

/**
 * A Python script for torchrun that loads the checkpoint with expert parallelism, recognises by their bytes the experts
 * that each rank really holds, prints them, and exits 1 where they are not what was predicted.
 *
 * Runs with transformers 5 and, where the model's code has a plan, 4.57; on CPUs (gloo) with `--cpu`. Null for other
 * frameworks, which are not loaded that way.
 */
export function rankAssertion(model: RankModel, placement: Placement): string | null {
  if (placement.framework !== 'transformers-5' && placement.framework !== 'transformers-4.57') return null;
  const json = JSON.stringify(predictionOf(model, placement));
  const legacy = placement.framework === 'transformers-4.57';
  return ASSERTION_SCRIPT.replace('@@PREDICTION@@', () => json)
    .replace('@@LEGACY@@', legacy ? 'True' : 'False')
    .replaceAll('@@WORLD@@', String(placement.mesh.world));
}

function predictionOf({ stock, facts }: RankModel, placement: Placement): PredictionJson {
  const { mesh, ranks, layers } = placement;
  const number = (at: number) => String(facts.moeLayers[at]?.index ?? at);
  return {
    world: mesh.world,
    ep: layers[0]?.slots.length ?? 1,
    fsdp: ranks[0]?.inner.of ?? 1,
    pp: placement.stages.length,
    experts: Object.fromEntries(layers.map((layer, at) => [number(at), layer.experts])),
    ranks: ranks.map((place) =>
      Object.fromEntries(
        layers.flatMap((layer, at) =>
          holdsLayer(placement, place, layer.index)
            ? [[number(at), expertShare(placement, place, layer).experts] as const]
            : [],
        ),
      ),
    ),
    down: Object.fromEntries(layers.map((_, at) => [number(at), downOf(stock, at)])),
  };
}

function downOf(stock: Stock, layer: number): DownJson[] {
  return stock.tensors.flatMap((tensor) => {
    const { expert } = tensor;
    if (expert?.layer !== layer || expert.projection !== 'down' || !['weight', 'blocks'].includes(expert.part))
      return [];
    const stride = (tensor.end - tensor.start) / expert.count;
    const file = stock.files[tensor.file]?.name ?? '';
    return [{ file, offset: tensor.start, stride, first: expert.first, count: expert.count }];
  });
}

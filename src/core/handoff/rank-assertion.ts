import { type Emitted, fill } from '../embed/emitted.ts';
import { pythonDict, pythonJson, pythonValue } from '../embed/python.ts';
import { rankTensors } from '../ranks/bytes.ts';
import { expertShare, holdsLayer } from '../ranks/placement.ts';
import type { RankModel } from '../ranks/summary.ts';
import type { TensorIndex } from '../ranks/tensor-index.ts';
import type { Placement, PlacementRules } from '../ranks/types.ts';
import { ASSERTION_SCRIPT } from './rank-assertion-script.ts';
import type { RankHashes } from './rank-hashes.ts';

/** Where the down matrices of some experts of a layer lie: expert `first + i` at `offset + i · stride`. */
interface DownJson {
  readonly file: string;
  readonly offset: number;
  readonly stride: number;
  readonly first: number;
  readonly count: number;
}

/** What a rank's part of an expert tensor hashes to, and which part of what is loaded it is. */
interface HashJson {
  readonly tensor: string;
  readonly layer: string;
  /** `gate`, `up`, `down` or `gate-up`. */
  readonly of: string;
  readonly part: string;
  /** The slot that it fills, null for all of the rank's. */
  readonly slot: number | null;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly sha256: string;
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
  /** By rank; null where hashes are not known. */
  readonly hashes: readonly (readonly HashJson[])[] | null;
}

/**
 * A Python script for torchrun that loads the checkpoint with expert parallelism, recognises by their bytes the experts
 * that each rank really holds, prints them, and exits 1 where they are not what was predicted. With `hashes` it compares every
 * byte of the loaded experts too, where they are kept as the checkpoint has them, and says which it cannot compare.
 *
 * Runs with transformers 5 and, where the model's code has a plan, 4.57; on CPUs (gloo) with `--cpu`. `how` is the
 * program's way to be asked for expert parallelism.
 */
export function rankAssertion(
  model: RankModel,
  placement: Placement,
  how: NonNullable<PlacementRules['assertion']>,
  hashes?: RankHashes,
): Emitted<'python'> {
  return fill(ASSERTION_SCRIPT, {
    PREDICTION: pythonJson(predictionOf(model, placement, hashes)),
    LEGACY: pythonValue(how === 'tensor-parallel-plan'),
    SIZES: pythonDict(how === 'tensor-parallel-plan' ? {} : { ...how }),
    WORLD: placement.mesh.world,
  });
}

function predictionOf({ tensorIndex, facts }: RankModel, placement: Placement, hashes?: RankHashes): PredictionJson {
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
    down: Object.fromEntries(layers.map((_, at) => [number(at), downOf(tensorIndex, at)])),
    hashes: hashes ? ranks.map(({ rank }) => hashesOf(tensorIndex, placement, rank, hashes[rank], number)) : null,
  };
}

function hashesOf(
  tensorIndex: TensorIndex,
  placement: Placement,
  rank: number,
  known: RankHashes[number] | undefined,
  number: (at: number) => string,
): HashJson[] {
  return rankTensors(tensorIndex, placement, rank).flatMap(({ tensor, shape }) => {
    const { expert } = tensor;
    const sha256 = known?.get(tensor.name);
    const place = placement.ranks[rank];
    const layer = expert ? placement.layers[expert.layer] : undefined;
    if (!expert || !layer || !place || sha256 === undefined) return [];
    const slot = expert.apart ? expertShare(placement, place, layer).experts.indexOf(expert.first) : null;
    const { projection, part } = expert;
    const { name, dtype } = tensor;
    return [{ tensor: name, layer: number(expert.layer), of: projection, part, slot, dtype, shape, sha256 }];
  });
}

function downOf(tensorIndex: TensorIndex, layer: number): DownJson[] {
  return tensorIndex.tensors.flatMap((tensor) => {
    const { expert } = tensor;
    if (expert?.layer !== layer || expert.projection !== 'down' || !['weight', 'blocks'].includes(expert.part))
      return [];
    const stride = (tensor.end - tensor.start) / expert.count;
    const file = tensorIndex.files[tensor.file]?.name ?? '';
    return [{ file, offset: tensor.start, stride, first: expert.first, count: expert.count }];
  });
}

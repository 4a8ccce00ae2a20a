import { LoomError } from '../errors.ts';
import { heldBytes, type RankReads, type ReadPart, rankReads } from '../ranks/bytes.ts';
import { loadingOf } from '../ranks/loading.ts';
import { type MeshSummary, meshSummary, type RankModel } from '../ranks/summary.ts';
import type { Coords, Placement, Strategy } from '../ranks/types.ts';
import { hashesJson, type RankHashes } from './rank-hashes.ts';

/** What the manifest says of the checkpoint; all but the size as far as it is known. */
export interface ManifestSource {
  readonly repo: string | null;
  readonly revision: string | null;
  /** SHA-256 of the shard index. */
  readonly indexSha256: string | null;
  /** What each rank's parts of expert tensors hash to, where that was worked out. */
  readonly hashes?: RankHashes | undefined;
}

/** One tensor's part of a read; parts lie in the read one after another. */
export interface ManifestPartJson {
  readonly tensor: string;
  readonly dtype: string;
  /** Half-open interval of logical experts, null outside routed experts. */
  readonly experts: readonly [number, number] | null;
  readonly length: number;
  /** Shape of the rank's own tensor that the part goes into. */
  readonly shape: readonly number[];
  /** Where in that tensor it begins. */
  readonly dst_offset: number;
  /** Where else the same bytes go: an expert in two slots of one rank. */
  readonly also?: readonly number[];
  /** Columns to keep of every row read; all when absent. */
  readonly columns?: readonly [number, number];
}

export interface ManifestRankJson {
  readonly rank: number;
  readonly coords: Coords;
  /** Bytes kept: the sum of what is read, but for columns dropped and experts held twice. */
  readonly bytes: number;
  /** SHA-256 of the rank's own contiguous tensor, by name, of routed experts; only where hashes are known. */
  readonly expert_sha256?: Readonly<Record<string, string>>;
  readonly reads: readonly {
    /** Index into `files`. */
    readonly file: number;
    /** From byte 0 of the file. */
    readonly offset: number;
    readonly length: number;
    readonly parts: readonly ManifestPartJson[];
  }[];
}

/** What each rank holds and where it lies, for a loader to follow with ranged reads. */
export interface RankManifestJson {
  readonly format: 'ep-shard-plan';
  readonly version: 1;
  readonly checkpoint: {
    readonly repo: string | null;
    readonly revision: string | null;
    readonly total_size: number;
    readonly layout: string;
    readonly index_sha256: string | null;
  };
  readonly mesh: { readonly framework: string } & MeshSummary;
  readonly placement: {
    readonly strategy: Strategy;
    /** Experts of a layer; of the first where layers differ. */
    readonly num_logical: number;
    /** Experts of each of `layers`, only where they differ. */
    readonly num_logical_by_layer?: readonly number[];
    readonly num_redundant: number;
    /** Layer groups' prefixes, in the order of the rows below. */
    readonly layers: readonly string[];
    /** [layers][slots], null where ranks have unequally many slots. */
    readonly physical_to_logical_map: readonly (readonly number[])[] | null;
    /** Rank of each expert, null where layers differ or experts have several. */
    readonly expert_to_ep_rank: readonly number[] | null;
  };
  readonly files: readonly { readonly name: string; readonly size: number; readonly data_start: number }[];
  readonly ranks: readonly ManifestRankJson[];
}

/**
 * The rank manifest of a placement: offsets are absolute, intervals half-open, reads sorted and disjoint.
 *
 * Every number is checked before it is given: reads inside their files, sums equal to the bytes held, every expert byte
 * read once for every replica. @throws LoomError `internal` when one does not hold.
 */
export function rankManifest(model: RankModel, placement: Placement, source: ManifestSource): RankManifestJson {
  const { tensorIndex, layout } = model;
  const held = heldBytes(tensorIndex, placement);
  const reads = placement.ranks.map((place) => rankReads(tensorIndex, placement, place.rank));
  for (const [rank, each] of reads.entries()) checkRank(model, placement, rank, each, held[rank]?.total ?? 0);
  checkCoverage(model, placement, reads);
  const files = tensorIndex.files.map(({ name, byteLength, dataStart }) => ({
    name,
    size: byteLength,
    data_start: dataStart,
  }));
  const numbers = new Map(files.map((file, index) => [file.name, index]));
  return {
    format: 'ep-shard-plan',
    version: 1,
    checkpoint: {
      repo: source.repo,
      revision: source.revision,
      total_size: tensorIndex.tensors.reduce(
        (sum, tensor) => sum + tensor.end - tensor.start,
        tensorIndex.leftOut.bytes,
      ),
      layout: layout.layout,
      index_sha256: source.indexSha256,
    },
    mesh: { framework: placement.framework, ...meshSummary(placement.mesh) },
    placement: placementJson(placement),
    files,
    ranks: placement.ranks.map((place) => ({
      rank: place.rank,
      coords: place.coords,
      bytes: held[place.rank]?.total ?? 0,
      ...(source.hashes ? { expert_sha256: hashesJson(source.hashes[place.rank]) } : {}),
      reads: (reads[place.rank]?.reads ?? []).map((read) => ({
        file: numbers.get(read.file) ?? -1,
        offset: read.offset,
        length: read.length,
        parts: read.parts.map(partJson),
      })),
    })),
  };
}

function partJson(part: ReadPart): ManifestPartJson {
  const { tensor, shape } = part.share;
  return {
    tensor: tensor.name,
    dtype: tensor.dtype,
    experts: part.experts,
    length: part.end - part.start,
    shape,
    dst_offset: part.to,
    ...(part.also.length > 0 ? { also: part.also } : {}),
    ...(part.columns === null ? {} : { columns: part.columns }),
  };
}

function placementJson(placement: Placement): RankManifestJson['placement'] {
  const [first] = placement.layers;
  const counts = new Set(placement.layers.map((layer) => layer.experts));
  const slots = new Set(placement.layers.flatMap((layer) => layer.slots.map((each) => each.length)));
  return {
    strategy: placement.strategy,
    num_logical: first?.experts ?? 0,
    ...(counts.size > 1 ? { num_logical_by_layer: placement.layers.map((layer) => layer.experts) } : {}),
    num_redundant: placement.redundant,
    layers: placement.layers.map((layer) => layer.prefix),
    physical_to_logical_map: slots.size === 1 ? placement.layers.map((layer) => layer.slots.flat()) : null,
    expert_to_ep_rank: expertToRank(placement),
  };
}

/** The object that vLLM's proposed placement file holds (vllm-project/vllm#34811); null where it cannot say it. */
export function expertToRank(placement: Placement): readonly number[] | null {
  const [first] = placement.layers;
  if (!first || !placement.uniform || first.slots.flat().length !== first.experts) return null;
  const ranks: number[] = new Array(first.experts).fill(-1);
  for (const [ep, slots] of first.slots.entries()) for (const expert of slots) ranks[expert] = ep;
  return ranks;
}

function checkRank(model: RankModel, placement: Placement, rank: number, mine: RankReads, held: number): void {
  let [lastFile, lastEnd] = ['', -1];
  const sizes = new Map(model.tensorIndex.files.map((file) => [file.name, file]));
  for (const read of mine.reads) {
    const file = sizes.get(read.file);
    const parts = read.parts.reduce((sum, part) => sum + part.end - part.start, 0);
    if (!file || read.offset < file.dataStart || read.offset + read.length > file.byteLength)
      broken(`rank ${rank} reads outside ${read.file}`);
    if (lastFile === read.file && read.offset <= lastEnd) broken(`rank ${rank} reads ${read.file} out of order`);
    if (parts !== read.length) broken(`the parts of a read of rank ${rank} are not its length`);
    lastFile = read.file;
    lastEnd = read.offset + read.length;
  }
  const kept = loadingOf(model.tensorIndex, placement, rank, mine).held;
  if (kept !== held) broken(`rank ${rank} keeps ${kept} bytes and holds ${held}`);
}

/** Bytes of routed experts over all ranks: as many as every slot of every replica of the mesh asks for. */
function checkCoverage({ tensorIndex }: RankModel, placement: Placement, reads: readonly RankReads[]): void {
  if (reads.some((mine) => mine.byColumns > 0)) return;
  const cut = (placement.ranks[0]?.inner.of ?? 1) * (placement.ranks[0]?.etp.of ?? 1) * placement.stages.length;
  let wanted = 0;
  for (const [at, layer] of placement.layers.entries()) {
    const replicas = placement.ranks.length / (layer.slots.length * cut);
    for (const expert of layer.slots.flat()) wanted += replicas * (tensorIndex.layers[at]?.bytes[expert] ?? 0);
  }
  const shares = new Set(reads.flatMap((mine) => mine.reads.flatMap((read) => read.parts.map((part) => part.share))));
  let given = 0;
  for (const share of shares) if (share.experts) given += share.bytes;
  if (hasUncut(tensorIndex, placement) ? given < wanted : Math.abs(given - wanted) > 0.5)
    broken(`the ranks hold ${given} bytes of experts where ${wanted} are placed`);
}

/** Parts that expert tensor parallelism leaves whole (down biases and the like) are held by each of its ranks. */
function hasUncut(tensorIndex: RankModel['tensorIndex'], placement: Placement): boolean {
  const etp = placement.ranks[0]?.etp.of ?? 1;
  return etp > 1 && tensorIndex.tensors.some((tensor) => tensor.expert !== null);
}

function broken(what: string): never {
  throw new LoomError('internal', `The rank manifest would be wrong: ${what}.`);
}

import {
  assertionLimit,
  type Checkpoint,
  type CheckpointLayout,
  type CutDrawer,
  communicationOf,
  createCutDrawer,
  createFileCounter,
  cutInWords,
  divisorsOfExperts,
  expertsOf,
  type FileSet,
  fewestRedundant,
  firstHolders,
  frameworkOf,
  heldBytes,
  holdersOf,
  imbalance,
  LoomError,
  layerCut,
  loadingOf,
  loadingWarnings,
  meshSummary,
  nearSizes,
  PLACEMENT_FILES,
  type Placement,
  type PlacementError,
  planPlacement,
  type RankModel,
  rankAssertion,
  rankManifest,
  rankModel,
  rankModelWithValues,
  rankReads,
  refusalOf,
  sha256Of,
} from '../../src/core/index.ts';
import { withTransfer } from '../link/transfer.ts';
import type { PlacedPicture, RankApi, RankDetail, RankPicture, RankQuery, TakenFile } from './protocol.ts';

/** Time that counting takes before other calls get their turn, in ms. */
const TURN_MS = 8;

/** Answers the Ranks view's questions about one checkpoint; what is costly is made once for each layout. */
export function createRankService(files: FileSet, checkpoint: Checkpoint, layout: CheckpointLayout): RankApi {
  const models = new Map<string, Promise<RankModel | PlacementError>>();
  const modelOf = ({ target, unpack }: RankQuery): Promise<RankModel | PlacementError> => {
    const key = target === null ? '' : `${target} ${unpack ?? ''}`;
    const known = models.get(key);
    if (known) return known;
    // The present layout, or what a conversion would write: its companions' values are read where they alone decide.
    const made =
      target === null
        ? Promise.resolve(rankModel(checkpoint, layout))
        : rankModelWithValues(checkpoint, files, target, unpack === null ? {} : { dtype: unpack });
    models.set(key, made);
    // What could not be read once is read again when it is asked for again.
    made.catch(() => models.delete(key));
    return made;
  };
  const placed = async (query: RankQuery): Promise<{ readonly model: RankModel; readonly placement: Placement }> => {
    const model = await modelOf(query);
    if ('error' in model) throw new LoomError('internal', model.error);
    const placement = planPlacement(query.options, model.facts);
    if ('error' in placement) throw new LoomError('internal', placement.error);
    return { model, placement };
  };
  const drawers = new WeakMap<RankModel, CutDrawer>();
  const drawerOf = (model: RankModel): CutDrawer => {
    const drawer = drawers.get(model) ?? createCutDrawer(model);
    drawers.set(model, drawer);
    return drawer;
  };
  return {
    rankPicture: async (query) => pictureOf(await modelOf(query), query),
    rankFiles: async (query, signal) => {
      const { model, placement } = await placed(query);
      const bytes = await bytesByFile(model, placement, signal);
      return withTransfer({ bytes, files: model.tensorIndex.files.length }, [bytes.buffer]);
    },
    rankDetail: async (query, rank) => {
      const { model, placement } = await placed(query);
      return detailOf(model, placement, rank);
    },
    rankCell: async (query, row, expert) => {
      const { model, placement } = await placed(query);
      const layer = placement.layers[row];
      const bytes = model.tensorIndex.layers[row]?.bytes[expert] ?? 0;
      return { row, expert, bytes, ranks: layer ? holdersOf(placement, layer, expert) : [] };
    },
    rankCut: async (query, rank, row, width) => {
      const { model, placement } = await placed(query);
      const cut = layerCut(model, placement, rank, row);
      return { rank, row, words: cutInWords(cut), ranges: cut.ranges, ...drawerOf(model).draw(cut, width) };
    },
    rankTake: async (query, take, source) => {
      const { model, placement } = await placed(query);
      const own = PLACEMENT_FILES.find(({ id }) => id === take);
      if (own) return placementFile(own, model, placement);
      if (take === 'assertion') return assertionFile(model, placement);
      const indexSha256 = query.target === null ? await hashOfIndex(files, checkpoint) : null;
      const manifest = rankManifest(model, placement, { ...source, indexSha256 });
      return fileOf(`ranks-${placement.framework}-${placement.mesh.world}.json`, JSON.stringify(manifest), 'json');
    },
  };
}

function pictureOf(model: RankModel | PlacementError, { options }: RankQuery): RankPicture {
  if ('error' in model) return { ...NOTHING, error: model.error, refusedBy: 'conversion' };
  const { facts, tensorIndex } = model;
  const placement = planPlacement(options, facts);
  const counts = [...new Set(facts.moeLayers.map((layer) => layer.experts))].sort((a, b) => a - b);
  const picture: RankPicture = {
    choices: divisorsOfExperts(facts).map((ep) => ({ ep, error: refusalOf({ ...options, ep }, facts) })),
    experts: counts,
    modelType: facts.modelType,
    topK: facts.topK,
    hidden: facts.hidden,
    files: tensorIndex.files.map(({ name, byteLength }) => ({ name, byteLength })),
    plan: frameworkOf(options.framework)?.placement.plan?.(facts.modelType) ?? null,
    error: errorOf(placement),
    refusedBy: 'error' in placement ? (placement.by ?? 'framework') : null,
    needs: 'error' in placement ? (placement.needs ?? null) : null,
    near:
      'error' in placement && placement.needs === undefined && placement.by !== 'checkpoint'
        ? nearSizes(options, facts)
        : [],
    fewestRedundant: fewestRedundant(counts.at(-1) ?? 0, options.ep ?? 1),
    placed: null,
  };
  if ('error' in placement) return picture;
  const drawn = placedPicture(model, placement, options);
  const { coords, holders, twins, held } = drawn;
  const buffers = [coords, holders, twins, held].map((array) => array.buffer);
  return withTransfer({ ...picture, placed: drawn }, buffers);
}

const NOTHING: RankPicture = {
  choices: [],
  experts: [],
  modelType: null,
  topK: null,
  hidden: null,
  files: [],
  plan: null,
  error: null,
  refusedBy: null,
  needs: null,
  near: [],
  fewestRedundant: 0,
  placed: null,
};

function errorOf(placement: Placement | PlacementError): string | null {
  return 'error' in placement ? placement.error : null;
}

function placedPicture(model: RankModel, placement: Placement, options: RankQuery['options']): PlacedPicture {
  const { facts, tensorIndex, layout } = model;
  const { ranks, layers, mesh, stages } = placement;
  const axes = Object.keys(ranks[0]?.coords ?? {});
  const skew = imbalance(placement, options.loads);
  const ep = layers[0]?.slots.length ?? 1;
  const { topK, hidden } = facts;
  const experts = layers[0]?.experts ?? 0;
  return {
    strategy: placement.strategy,
    redundant: placement.redundant,
    mesh: meshSummary(mesh),
    grids: mesh.grids,
    axes,
    coords: Int32Array.from(ranks.flatMap((place) => axes.map((name) => place.coords[name] ?? 0))),
    ep,
    rows: layers.map(({ prefix, index, experts: count }) => ({ prefix, index, experts: count })),
    ...firstHolders(placement),
    held: heldArray(model, placement),
    experts: ranks.map((place) => expertsOf(placement, place.rank).experts),
    uniform: placement.uniform,
    stages,
    imbalance: skew.experts,
    tokenImbalance: skew.tokens,
    exchange: placement.exchange,
    communication: topK === null || hidden === null ? null : communicationOf({ ranks: ep, experts, topK, hidden }),
    warnings: [...placement.warnings, ...loadingWarnings(placement, layout, tensorIndex)],
  };
}

function heldArray({ tensorIndex }: RankModel, placement: Placement): Float64Array<ArrayBuffer> {
  const held = heldBytes(tensorIndex, placement);
  const out = new Float64Array(held.length * 4);
  for (const [rank, bytes] of held.entries())
    out.set([bytes.experts, bytes.redundant, bytes.denseReplicated, bytes.denseSharded], rank * 4);
  return out;
}

function stageAt(stages: readonly number[], layer: number): number {
  let end = 0;
  const found = stages.findIndex((count) => {
    end += count;
    return layer < end;
  });
  return found === -1 ? Math.max(0, stages.length - 1) : found;
}

/** Bytes of each file by rank; gives other calls their turn, and stops when it is no longer wanted. */
async function bytesByFile(
  { tensorIndex }: RankModel,
  placement: Placement,
  signal: AbortSignal,
): Promise<Float64Array<ArrayBuffer>> {
  const width = tensorIndex.files.length;
  const bytes = new Float64Array(placement.ranks.length * width);
  const filesOf = createFileCounter(tensorIndex, placement);
  let since = performance.now();
  for (const { rank } of placement.ranks) {
    bytes.set(filesOf(rank), rank * width);
    if (performance.now() - since < TURN_MS) continue;
    await new Promise((resolve) => setTimeout(resolve, 0));
    if (signal.aborted) throw new LoomError('cancelled', 'Another placement was asked for.');
    since = performance.now();
  }
  return bytes;
}

function detailOf({ tensorIndex }: RankModel, placement: Placement, rank: number): RankDetail {
  const reads = rankReads(tensorIndex, placement, rank);
  const numbers = new Map(tensorIndex.files.map((file, at) => [file.name, at]));
  const rangeFile = Uint32Array.from(reads.reads, (read) => numbers.get(read.file) ?? 0);
  const rangeOffset = Float64Array.from(reads.reads, (read) => read.offset);
  const rangeLength = Float64Array.from(reads.reads, (read) => read.length);
  const rangeParts = Uint32Array.from(reads.reads, (read) => read.parts.length);
  const perFile = Float64Array.from(reads.perFile);
  const cells = cellsOf(placement, rank);
  const loading = loadingOf(tensorIndex, placement, rank, reads);
  const detail = { rank, loading, perFile, cells, rangeFile, rangeOffset, rangeLength, rangeParts };
  const moved = [perFile, cells, rangeFile, rangeOffset, rangeLength, rangeParts].map((array) => array.buffer);
  return withTransfer({ ...detail, byColumns: reads.byColumns }, moved);
}

function cellsOf(placement: Placement, rank: number): Uint8Array<ArrayBuffer> {
  const { experts, layers } = expertsOf(placement, rank);
  const stage = placement.ranks[rank]?.stage;
  const width = placement.layers.reduce((most, layer) => Math.max(most, layer.experts), 0);
  const cells = new Uint8Array(width * placement.layers.length);
  for (const [row, layer] of placement.layers.entries()) {
    const here = !stage || stage.of === 1 || stageAt(placement.stages, layer.index ?? 0) === stage.index;
    if (!here) continue;
    for (const [start, end] of layers === null ? experts : (layers[layer.prefix] ?? []))
      cells.fill(1, row * width + start, row * width + Math.min(end, layer.experts));
  }
  return cells;
}

function fileOf(name: string, text: string, kind: 'json' | 'x-python'): TakenFile {
  const type = kind === 'json' ? 'application/json' : 'text/x-python';
  return { name, blob: new Blob([text], { type }), problem: null };
}

function placementFile(
  { file, limit, make }: (typeof PLACEMENT_FILES)[number],
  model: RankModel,
  placement: Placement,
): TakenFile {
  const json = make(placement, model.facts);
  return json === null ? { name: file, blob: null, problem: limit } : fileOf(file, JSON.stringify(json), 'json');
}

function assertionFile(model: RankModel, placement: Placement): TakenFile {
  const name = `assert-ranks-${placement.mesh.world}.py`;
  const script = rankAssertion(model, placement);
  if (script !== null) return fileOf(name, script, 'x-python');
  const other = 'The assertion script needs transformers. Choose transformers as the framework.';
  return { name, blob: null, problem: assertionLimit(model) ?? other };
}

/** SHA-256 of the shard index; null where there is none, or only headers are here. */
async function hashOfIndex(files: FileSet, checkpoint: Checkpoint): Promise<string | null> {
  return checkpoint.indexFile === null ? null : sha256Of(files, checkpoint.indexFile).catch(() => null);
}

/** The calls of a worker, answered by the rank service of the open session. */
export function createRankCalls(opened: () => { readonly ranks: RankApi }): RankApi {
  return {
    rankPicture: (query) => opened().ranks.rankPicture(query),
    rankFiles: (query, signal) => opened().ranks.rankFiles(query, signal),
    rankDetail: (query, rank) => opened().ranks.rankDetail(query, rank),
    rankCell: (query, row, expert) => opened().ranks.rankCell(query, row, expert),
    rankCut: (query, rank, row, width) => opened().ranks.rankCut(query, rank, row, width),
    rankTake: (query, take, source) => opened().ranks.rankTake(query, take, source),
  };
}

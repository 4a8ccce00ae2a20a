import {
  absenceOfExperts,
  besideOf,
  besideTensors,
  type CellTensor,
  type Checkpoint,
  type CheckpointLayout,
  type ConsumerVerdict,
  type ConversionPlan,
  cardPictures,
  causesOf,
  cellTensors,
  createLayerDrawer,
  createOpenMemory,
  describePlan,
  detectLayout,
  type ExpertMap,
  type FileSet,
  forgetUnread,
  type Inspection,
  inspectCheckpoint,
  isLoomError,
  type LayerGroup,
  LoomError,
  mapExperts,
  modelCard,
  modelReadsEach,
  type OpenMemory,
  type OpenProgress,
  openCheckpoint,
  type Pause,
  type PlanOptions,
  planWithValues,
  predictPlanEach,
  type ReadsSummary,
  rowToDraw,
  type Target,
  tensorBytes,
  unreadFiles,
} from '../../src/core/index.ts';
import { inTurns } from '../link/in-turns.ts';
import { likelyRepos, type OpenedSource, openSource } from '../link/sources.ts';
import type { RankApi } from '../ranks/protocol.ts';
import { createRankService } from '../ranks/ranks.ts';
import { type FileStrips, fileStrips, type StripTensor, stripTensor } from './file-strips.ts';
import { createFlowService, type FlowService } from './layer-flow.ts';
import { type LayerPictures, layerPictures } from './layer-pictures.ts';
import { collected, createLoads, type Loads } from './loads.ts';
import { createProgressThrottle, createThrottle, type ProgressThrottle } from './progress-throttle.ts';
import type {
  CellFacts,
  InspectApi,
  InspectEvent,
  MadeFacts,
  MapSummary,
  PlanSummary,
  ResultCard,
  SourceDescriptor,
} from './protocol.ts';

export interface InspectSession extends FlowService {
  readonly checkpoint: Checkpoint;
  /** Reads what could not be read before, and nothing else; this session stays as it is. */
  readAgain(emit: (event: InspectEvent) => void, signal: AbortSignal): Promise<InspectSession>;
  /** Closes the source. */
  dispose(): Promise<void>;
  cell(row: number, expert: number): CellFacts;
  layerPictures(row: number): LayerPictures | null;
  fileStrips(): FileStrips;
  stripTensor(at: number): StripTensor;
  modelReads(): Promise<ReadsSummary>;
  inspection(): Inspection;
  readonly layout: CheckpointLayout;
  readonly files: FileSet;
  readonly ranks: RankApi;
  /** Reads values of companions where they alone decide. */
  plan(target: Target, options: PlanOptions): Promise<ConversionPlan>;
  readonly loads: Loads;
  planLoads(target: Target, options: PlanOptions): Promise<readonly ConsumerVerdict[] | null>;
  card(target: Target, options: PlanOptions, made: MadeFacts): Promise<ResultCard>;
}

/** The layer that is drawn without being asked for: by its number, null for the first that has experts. */
interface Drawn {
  readonly layer: number | null;
}

/** Opens a source and reports counts and pictures while headers arrive. At the end, the index is compared with the headers. */
export async function openSession(
  source: SourceDescriptor,
  emit: (event: InspectEvent) => void,
  signal: AbortSignal,
  drawn: Drawn | null = null,
): Promise<InspectSession> {
  const throttle = createProgressThrottle();
  const onPause = (pause: Pause | null) => throttle.tell({ type: 'pause', pause });
  const { count } = throttle;
  const stop = throttle.start(emit);
  try {
    const opened = await openSource(source, { signal, count, onPause });
    if (opened.hub) emit({ type: 'hub', facts: opened.hub });
    const state = { ...opened, throttle, memory: createOpenMemory(), withoutIndex: source.withoutIndex === true };
    return await readInto(state, { emit, signal, partly: true, drawn });
  } finally {
    stop();
  }
}

/** An open source with what was read of it so far. */
interface SourceState extends OpenedSource {
  readonly throttle: ProgressThrottle;
  readonly memory: OpenMemory;
  readonly withoutIndex: boolean;
}

interface Reading {
  readonly emit: (event: InspectEvent) => void;
  readonly signal: AbortSignal;
  /** Whether to send pictures before all headers are read. */
  readonly partly: boolean;
  readonly drawn: Drawn | null;
}

/** The first picture waits so long for the config, which says how many layers there are: rows then keep their size. */
const CONFIG_WAIT_MS = 400;

/** Reads what the memory does not have yet: headers first, then the index. The source is closed when reading fails. */
async function readInto(state: SourceState, { emit, signal, partly, drawn }: Reading): Promise<InspectSession> {
  const { files, repo, throttle, memory, withoutIndex } = state;
  const names = (await files.list({ signal })).map((file) => file.name);
  const shards = names.filter((name) => name.endsWith('.safetensors'));
  const order = shards.sort();
  let partial: (() => Checkpoint) | null = null;
  let configBy = names.includes('config.json') ? Number.POSITIVE_INFINITY : 0;
  const painter = createThrottle(() => {
    if (!partial) return;
    const checkpoint = partial();
    configBy = Math.min(configBy, performance.now() + CONFIG_WAIT_MS);
    if (checkpoint.config === null && performance.now() < configBy) return painter.tick();
    paintPart(checkpoint, order, emit);
    partial = null;
  });
  const onShard = (progress: OpenProgress) => {
    throttle.shards(progress.done, progress.total);
    partial = progress.partial;
    if (partly) painter.tick();
  };
  const options = { cache: repo?.cache ?? null, signal, memory };
  try {
    const first = await openCheckpoint(files, { ...options, index: withoutIndex ? 'none' : 'later', onShard });
    painter.stop();
    // It holds all headers, whose tensors the checkpoint has too.
    partial = null;
    const more = first.indexFile !== null;
    if (more && partly) show(first, order, { emit, drawn });
    const checkpoint = more ? await openCheckpoint(files, options) : first;
    if (unreadFiles(checkpoint).length === 0) forgetAll(memory);
    const last = show(checkpoint, order, { emit, drawn: more ? null : drawn });
    return sessionOf(state, checkpoint, last.layout, last.event.map);
  } catch (error) {
    if (partly) await repo?.dispose?.();
    throw error;
  } finally {
    painter.stop();
  }
}

/** Releases headers and index once nothing is left to read: with half a million tensors they are most of the memory. */
function forgetAll(memory: OpenMemory): void {
  memory.shards.clear();
  memory.config = null;
  memory.index = null;
}

interface Picture {
  readonly layout: CheckpointLayout;
  readonly event: InspectEvent & { type: 'map' };
}

function picture(checkpoint: Checkpoint, shards: readonly string[], complete: boolean): Picture {
  const layout = detectLayout(checkpoint);
  const map = mapExperts(checkpoint, layout, { complete, shards });
  return { layout, event: { type: 'map', map, summary: summarise(checkpoint, layout, complete), complete } };
}

/** Tells the complete picture, then the layer that the page shows first: its strip need not wait until the index is checked. */
function show(
  checkpoint: Checkpoint,
  shards: readonly string[],
  { emit, drawn }: Pick<Reading, 'emit' | 'drawn'>,
): Picture {
  const made = picture(checkpoint, shards, true);
  emit(made.event);
  const { map } = made.event;
  if (drawn === null || map.rows.length === 0) return made;
  const drawer = createLayerDrawer(checkpoint, made.layout);
  const pictures = layerPictures(drawer, map, rowToDraw(map.rows, drawn.layer));
  if (pictures) emit({ type: 'layer', pictures });
  return made;
}

/** What keeps a picture from being made is told once all headers have come. */
function paintPart(checkpoint: Checkpoint, shards: readonly string[], emit: Reading['emit']): void {
  try {
    emit(picture(checkpoint, shards, false).event);
  } catch (error) {
    if (!isLoomError(error)) throw error;
  }
}

function summarise(checkpoint: Checkpoint, layout: CheckpointLayout, complete: boolean): MapSummary {
  const sparse = layout.groups.filter((group) => group.kind === 'moe');
  const counts = new Set(sparse.map((group) => group.experts));
  return {
    identity: checkpoint.identity,
    modelType: layout.modelType,
    layout: layout.layout,
    dialects: [...new Set(sparse.flatMap((group) => group.layout?.dialect ?? []))],
    moeLayers: sparse.length,
    experts: counts.size === 1 ? ([...counts][0] ?? null) : null,
    tensors: checkpoint.tensors.size,
    bytes: tensorBytes(checkpoint),
    shards: checkpoint.shards.length,
    findings: complete ? findingsOf(checkpoint, layout) : [],
    absence: complete && counts.size === 0 ? absenceOfExperts(checkpoint, layout) : null,
  };
}

/** One for each cause, with its file where a finding names one. */
function findingsOf(checkpoint: Checkpoint, layout: CheckpointLayout): MapSummary['findings'] {
  const files = new Map(checkpoint.findings.map(({ message, file }) => [message, file]));
  return causesOf(checkpoint, layout).map((cause) => {
    const file = files.get(cause.message);
    return file === undefined ? cause : { ...cause, file };
  });
}

function sessionOf(
  state: SourceState,
  checkpoint: Checkpoint,
  layout: CheckpointLayout,
  map: ExpertMap,
): InspectSession {
  const { files, repo, throttle } = state;
  const drawer = createLayerDrawer(checkpoint, layout);
  const plan = (target: Target, options: PlanOptions) => planWithValues(checkpoint, files, target, options);
  return {
    checkpoint,
    layout,
    files,
    readAgain: async (emit, signal) => {
      const stop = throttle.start(emit);
      repo?.tryAgain();
      forgetUnread(state.memory);
      try {
        return await readInto(state, { emit, signal, partly: false, drawn: null });
      } finally {
        stop();
      }
    },
    dispose: async () => repo?.dispose?.(),
    ranks: createRankService(files, checkpoint, layout),

    cell: (row, expert) => {
      const facts = map.rows[row];
      if (!facts) throw new LoomError('internal', `The map has no row ${row}.`);
      const group = layout.groups[facts.group];
      const defects = facts.defects.filter((defect) => defect.expert === undefined || defect.expert === expert);
      return {
        row,
        expert,
        prefix: facts.prefix,
        tensors: group ? tensorsOf(checkpoint, group, expert) : [],
        defects: defects.map((defect) => defect.message),
      };
    },
    layerPictures: (row) => layerPictures(drawer, map, row),
    fileStrips: () => fileStrips(drawer),
    stripTensor: (at) => stripTensor(drawer, checkpoint, at),
    modelReads: () => inTurns(modelReadsEach(checkpoint, layout)),
    ...createFlowService(checkpoint, plan),
    inspection: () => inspectCheckpoint(checkpoint, layout),
    plan,
    loads: createLoads(checkpoint, layout),
    planLoads: async (target, options) => {
      const each = predictPlanEach(checkpoint, await plan(target, options), options);
      return each && inTurns(collected(each));
    },
    card: async (target, options, made) => {
      const { assume } = options;
      const assumed = assume ? { assume } : {};
      const facts = { plan: await plan(target, options), layout, config: checkpoint.config, ...made, ...assumed };
      const pictures = cardPictures({ ...facts, checkpoint });
      return {
        text: modelCard(facts),
        pictured: pictures.length === 0 ? null : { text: modelCard({ ...facts, pictures }), pictures },
      };
    },
  };
}

/** Of an expert, or of what stands beside the experts by its column. */
function tensorsOf(checkpoint: Checkpoint, group: LayerGroup, expert: number): readonly CellTensor[] {
  if (expert >= 0) return cellTensors(checkpoint, group, expert);
  const kind = besideOf(expert);
  return kind ? besideTensors(checkpoint, group, kind) : [];
}

/** What a screen shows of a plan: no tensor lists, no headers. */
export function summarisePlan(plan: ConversionPlan): PlanSummary {
  const {
    source,
    target,
    scope,
    layers,
    configChanges,
    copies,
    skipped,
    refusals,
    tensors,
    bytes,
    groups,
    unpacked,
    peakPartBytes,
  } = plan;
  const shards = plan.shards.map((shard) => ({
    file: shard.file,
    byteLength: shard.byteLength,
    tensors: shard.tensors.length,
  }));
  return {
    source,
    target,
    scope,
    layers,
    configChanges,
    copies,
    skipped,
    refusals,
    tensors,
    bytes,
    groups,
    unpacked,
    peakPartBytes,
    lines: describePlan(plan),
    config: plan.config && (plan.config.changed ? 'changed' : 'copied'),
    shards,
  };
}

/** What screens ask of the open session: one cell, one layer, the whole in brief; and of the Hub without a session. */
export function createCellCalls(
  current: () => InspectSession,
): Pick<
  InspectSession,
  'cell' | 'layerPictures' | 'fileStrips' | 'stripTensor' | 'modelReads' | 'flow' | 'inspection'
> &
  Pick<InspectApi, 'likely'> {
  return {
    likely: likelyRepos,
    cell: (row, expert) => current().cell(row, expert),
    layerPictures: (row) => current().layerPictures(row),
    fileStrips: () => current().fileStrips(),
    stripTensor: (at) => current().stripTensor(at),
    modelReads: () => current().modelReads(),
    flow: (target, options, layer) => current().flow(target, options, layer),
    inspection: () => current().inspection(),
  };
}

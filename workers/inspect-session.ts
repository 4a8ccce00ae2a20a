import {
  type Checkpoint,
  type CheckpointLayout,
  type ConsumerVerdict,
  type ConversionPlan,
  cellTensors,
  describePlan,
  detectLayout,
  type ExpertMap,
  FINDINGS,
  type FileSet,
  type Inspection,
  inspectCheckpoint,
  LoomError,
  mapExperts,
  modelCard,
  openCheckpoint,
  type PlanOptions,
  planWithValues,
  type Target,
} from '../src/core/index.ts';
import { createLoads, type Loads, predictPlan } from './loads.ts';
import type {
  CellFacts,
  InspectEvent,
  MadeFacts,
  MapSummary,
  OpenCounts,
  PlanSummary,
  SourceDescriptor,
} from './protocol.ts';
import { createRankDesk } from './ranks.ts';
import type { RankApi } from './ranks-protocol.ts';
import { rememberReads } from './remembered.ts';
import { openSource } from './sources.ts';
import { createTensorTable, type TensorTable } from './tensor-table.ts';

/** Least time between two pictures of an opening checkpoint, in ms. */
const FRAME_MS = 120;
/** Drawing takes at most this part of the worker's time while headers arrive. */
const REST_PER_WORK = 3;

export interface InspectSession {
  readonly checkpoint: Checkpoint;
  cell(row: number, expert: number): CellFacts;
  inspection(): Inspection;
  table(): TensorTable;
  readonly ranks: RankApi;
  /** Reads values of companions where they alone decide. */
  plan(target: Target, options: PlanOptions): Promise<ConversionPlan>;
  readonly loads: Loads;
  planLoads(target: Target, options: PlanOptions): Promise<readonly ConsumerVerdict[] | null>;
  card(target: Target, options: PlanOptions, made: MadeFacts): Promise<string>;
}

/** Opens a source, telling counts and pictures as headers arrive; the index is compared with them at the end. */
export async function openSession(
  source: SourceDescriptor,
  emit: (event: InspectEvent) => void,
  signal: AbortSignal,
): Promise<InspectSession> {
  const counts: { -readonly [K in keyof OpenCounts]: OpenCounts[K] } = {
    requests: 0,
    bytes: 0,
    shardsDone: 0,
    shards: 0,
  };
  const ticker = createTicker(() => emit({ type: 'counts', counts: { ...counts } }));
  const add = (requests: number, bytes: number) => {
    counts.requests += requests;
    counts.bytes += bytes;
    ticker.tick();
  };
  const { files, hub, repo } = await openSource(source, { signal, count: add });
  const cache = repo?.cache ?? null;
  if (hub) emit({ type: 'hub', facts: hub });
  const remembered = rememberReads(files, (bytes) => add(0, bytes));
  const shards = (await files.list({ signal }))
    .map((file) => file.name)
    .filter((name) => name.endsWith('.safetensors'));
  const order = shards.sort();
  let partial: (() => Checkpoint) | null = null;
  const painter = createTicker(() => {
    if (partial) emit(picture(partial(), order, false).event);
    partial = null;
  });
  try {
    const first = await openCheckpoint(remembered.files, {
      index: 'later',
      cache,
      signal,
      onShard: (progress) => {
        counts.shardsDone = progress.done;
        counts.shards = progress.total;
        partial = progress.partial;
        ticker.tick();
        painter.tick();
      },
    });
    painter.stop();
    if (first.indexFile !== null) emit(picture(first, order, true).event);
    const checkpoint = first.indexFile === null ? first : await openCheckpoint(remembered.files, { cache, signal });
    const last = picture(checkpoint, order, true);
    emit(last.event);
    emit({ type: 'counts', counts: { ...counts } });
    return sessionOf(files, checkpoint, last.layout, last.event.map);
  } finally {
    painter.stop();
    ticker.stop();
    remembered.forget();
  }
}

/** Runs `work` soon after a tick, never more often than the frame and the work's own cost allow. */
function createTicker(work: () => void): { readonly tick: () => void; readonly stop: () => void } {
  let timer: ReturnType<typeof setTimeout> | null = null;
  let rest = 0;
  let stopped = false;
  const run = () => {
    timer = null;
    const start = performance.now();
    work();
    rest = Math.max(FRAME_MS, REST_PER_WORK * (performance.now() - start));
  };
  return {
    tick: () => {
      if (timer === null && !stopped) timer = setTimeout(run, rest);
    },
    stop: () => {
      stopped = true;
      if (timer !== null) clearTimeout(timer);
    },
  };
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

function summarise(checkpoint: Checkpoint, layout: CheckpointLayout, complete: boolean): MapSummary {
  const sparse = layout.groups.filter((group) => group.kind === 'moe');
  const counts = new Set(sparse.map((group) => group.experts));
  let bytes = 0;
  for (const tensor of checkpoint.tensors.values()) bytes += tensor.end - tensor.start;
  return {
    identity: checkpoint.identity,
    modelType: layout.modelType,
    layout: layout.layout,
    dialects: [...new Set(sparse.flatMap((group) => group.layout?.dialect ?? []))],
    moeLayers: sparse.length,
    experts: counts.size === 1 ? ([...counts][0] ?? null) : null,
    tensors: checkpoint.tensors.size,
    bytes,
    shards: checkpoint.shards.length,
    findings: complete ? findingsOf(checkpoint, layout) : [],
  };
}

function findingsOf(checkpoint: Checkpoint, layout: CheckpointLayout): MapSummary['findings'] {
  const own = checkpoint.findings.map(({ tag, message }) => ({ tag, message, severity: FINDINGS[tag].severity }));
  const inLayers = layout.groups.flatMap((group) => group.defects);
  return [
    ...own,
    ...[...layout.defects, ...inLayers].map(({ tag, message }) => ({ tag, message, severity: 'error' as const })),
  ];
}

function sessionOf(files: FileSet, checkpoint: Checkpoint, layout: CheckpointLayout, map: ExpertMap): InspectSession {
  const groups = map.rows.map((row) => layout.groups[row.group]);
  let table: TensorTable | null = null;
  const plan = (target: Target, options: PlanOptions) => planWithValues(checkpoint, files, target, options);
  return {
    checkpoint,
    ranks: createRankDesk(files, checkpoint, layout),

    cell: (row, expert) => {
      const group = groups[row];
      if (!group) throw new LoomError('internal', `The map has no row ${row}.`);
      const defects = group.defects.filter((defect) => defect.expert === undefined || defect.expert === expert);
      return {
        row,
        expert,
        prefix: group.prefix,
        tensors: cellTensors(checkpoint, group, expert),
        defects: defects.map((defect) => defect.message),
      };
    },
    inspection: () => inspectCheckpoint(checkpoint, layout),
    table: () => {
      table ??= createTensorTable(checkpoint.tensors.values());
      return table;
    },
    plan,
    loads: createLoads(checkpoint, layout),
    planLoads: async (target, options) => predictPlan(checkpoint, await plan(target, options), options),
    card: async (target, options, made) => {
      const { assume } = options;
      const facts = { plan: await plan(target, options), layout, config: checkpoint.config, ...made };
      return modelCard(assume ? { ...facts, assume } : facts);
    },
  };
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
    peakPartBytes,
    lines: describePlan(plan),
    config: plan.config && (plan.config.changed ? 'changed' : 'copied'),
    shards,
  };
}

import {
  createBudget,
  createEngine,
  type Engine,
  type EngineChoice,
  type FileSet,
  findInValues,
  type MatrixStatistics,
  type ReadingEvidence,
  readingEvidence,
  type StatisticsProgress,
  type StatisticsScope,
  statisticsCost,
  statisticsOf,
} from '../../src/core/index.ts';
import type { ValuesEvent, ValuesOutcome } from './protocol.ts';
import type { OpenedCheckpoint } from './values-service.ts';

/** Least time between two batches of events, in ms. */
const EVENT_MS = 100;
/** Looking for findings takes at most this part of the worker's time. */
const FINDINGS_MS = 500;
const REST_PER_WORK = 10;

export interface ValuesSession {
  measure(
    scope: StatisticsScope,
    engine: EngineChoice,
    emit: (event: ValuesEvent) => void,
    signal: AbortSignal,
  ): Promise<ValuesOutcome>;
  evidence(signal: AbortSignal): Promise<readonly ReadingEvidence[]>;
}

/** Measures experts of one checkpoint, one call after another, and finds in all that was measured. */
export function createValuesSession({ checkpoint, layout }: OpenedCheckpoint, files: FileSet): ValuesSession {
  const measured = new Map<string, MatrixStatistics>();
  const engines = new Map<EngineChoice, Engine>();
  return {
    evidence: (signal) => readingEvidence(checkpoint, layout, files, { signal }),
    measure: async (scope, choice, emit, signal) => {
      const engine = engines.get(choice) ?? createEngine({ engine: choice });
      engines.set(choice, engine);
      const start = performance.now();
      const { experts, ofExperts, unreadable } = statisticsCost(checkpoint, layout, scope);
      const teller = createTeller(measured, matricesPerLayer({ checkpoint, layout }, scope.layers), emit);
      let bytes = 0;
      try {
        await statisticsOf(checkpoint, layout, files, {
          ...scope,
          budget: createBudget(),
          engine,
          signal,
          onProgress: (progress) => {
            bytes = progress.done;
            teller.progress(progress);
          },
          onMatrix: teller.matrix,
        });
      } finally {
        teller.end();
      }
      const seconds = (performance.now() - start) / 1000;
      return {
        bytes,
        seconds,
        experts,
        ofExperts,
        unreadable,
        decisions: engine.decisions(),
        adapter: engine.adapter(),
      };
    },
  };
}

/** How many matrices make a layer whole. */
function matricesPerLayer({ checkpoint, layout }: OpenedCheckpoint, layers: readonly number[] | undefined) {
  const wanted = layout.groups.filter(
    ({ kind, index }) => kind !== 'dense' && (layers === undefined || (index !== null && layers.includes(index))),
  );
  return new Map(
    wanted.map((group) => [group.prefix, statisticsCost(checkpoint, { ...layout, groups: [group] }).matrices]),
  );
}

/** Gathers what is measured into a few events, and looks for findings now and then. */
function createTeller(
  measured: Map<string, MatrixStatistics>,
  expected: ReadonlyMap<string, number>,
  emit: (event: ValuesEvent) => void,
) {
  const counts = new Map<string, number>();
  let batch: MatrixStatistics[] = [];
  let whole: string[] = [];
  let last: StatisticsProgress | null = null;
  let told = 0;
  let nextFindings = performance.now() + FINDINGS_MS;
  let timer: ReturnType<typeof setTimeout> | null = null;
  const flush = () => {
    told = performance.now();
    if (timer !== null) clearTimeout(timer);
    timer = null;
    if (last) emit({ type: 'progress', progress: last });
    if (batch.length > 0) emit({ type: 'matrices', matrices: batch });
    if (whole.length > 0) emit({ type: 'layers', prefixes: whole });
    [batch, whole, last] = [[], [], null];
  };
  const find = () => {
    const start = performance.now();
    emit({ type: 'findings', findings: findInValues([...measured.values()]) });
    const end = performance.now();
    nextFindings = end + Math.max(FINDINGS_MS, REST_PER_WORK * (end - start));
  };
  const tick = () => {
    const now = performance.now();
    if (now - told >= EVENT_MS) flush();
    // What came last is told also when nothing comes after it.
    else timer ??= setTimeout(flush, EVENT_MS);
    if (now >= nextFindings) find();
  };
  return {
    progress: (progress: StatisticsProgress) => {
      last = progress;
      tick();
    },
    matrix: (matrix: MatrixStatistics) => {
      const { prefix, expert, projection } = matrix;
      measured.set(`${prefix} ${expert} ${projection}`, matrix);
      batch.push(matrix);
      const count = (counts.get(prefix) ?? 0) + 1;
      counts.set(prefix, count);
      if (count === expected.get(prefix)) whole.push(prefix);
      tick();
    },
    end: () => {
      flush();
      find();
    },
  };
}

import type { Budget } from '../budget.ts';
import type { Checkpoint } from '../checkpoint/types.ts';
import { mapConcurrent } from '../concurrency.ts';
import { LoomError } from '../errors.ts';
import { createHasher, type Hasher } from '../hash.ts';
import type { Engine } from '../kernels/engine.ts';
import type { Statistics } from '../kernels/statistics/summary.ts';
import type { CheckpointLayout, LayerGroup } from '../layouts/types.ts';
import { refuseUnusable } from '../layouts/usable.ts';
import type { FileSet } from '../source/types.ts';
import { findInValues, type ValueFinding } from './findings.ts';
import { type ExpertMatrix, matricesOf, type Unreadable } from './matrices.ts';
import { measureUnit, unitBytes, unitsOf } from './measure.ts';
import { createReader } from './read.ts';
import { chosenExperts, type StatisticsScope } from './scope.ts';
import type { MatrixStatistics } from './types.ts';

export interface StatisticsProgress {
  /** Bytes of matrices. */
  readonly done: number;
  readonly total: number;
  /** The layer that was measured last. */
  readonly prefix: string | null;
}

export interface StatisticsOptions extends StatisticsScope {
  readonly budget: Budget;
  readonly engine: Engine;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: StatisticsProgress) => void) | undefined;
  /** Called with each matrix as it is done, in no order. */
  readonly onMatrix?: ((matrix: MatrixStatistics) => void) | undefined;
}

export interface StatisticsReport {
  /** Layer by layer, expert by expert. */
  readonly matrices: readonly MatrixStatistics[];
  readonly unreadable: readonly Unreadable[];
  readonly findings: readonly ValueFinding[];
  /** Bytes that were read. */
  readonly bytes: number;
}

/** What measuring takes, known before anything is read. */
export interface StatisticsCost {
  readonly layers: number;
  /** Experts that have a matrix to measure. */
  readonly experts: number;
  /** All experts of the layers. */
  readonly ofExperts: number;
  readonly matrices: number;
  /** Bytes that will be read. */
  readonly bytes: number;
  readonly unreadable: readonly Unreadable[];
}

/** Matrices that are read and computed at once. */
const AT_ONCE = 3;

/** What {@link statisticsOf} would read of a scope. Pure. @throws LoomError `usage` for a layer without experts. */
export function statisticsCost(
  { config }: Pick<Checkpoint, 'config'>,
  layout: CheckpointLayout,
  scope: StatisticsScope = {},
): StatisticsCost {
  const groups = chosen(layout, config, scope);
  const matrices = groups.flatMap((group) => group.matrices);
  return {
    layers: groups.length,
    experts: new Set(matrices.map(({ prefix, expert }) => `${prefix} ${expert}`)).size,
    ofExperts: groups.reduce((sum, group) => sum + group.experts, 0),
    matrices: matrices.length,
    bytes: unitBytes(matrices),
    unreadable: groups.flatMap((group) => group.unreadable),
  };
}

/**
 * The statistics of the matrices of every routed expert of a scope, by streaming; and what they show.
 *
 * Errors of `mean` and `rms` are those of `Statistics`. Bytes are read once, those of quantised matrices that lie among
 * each other once a matrix; buffers are taken from the budget.
 *
 * Experts that are not there are left out, and so are layers whose experts differ; `unreadable` has these.
 *
 * @throws LoomError `checkpoint-unusable`, `usage` for a layer that has no experts, `cancelled`, and what the files throw.
 */
export async function statisticsOf(
  checkpoint: Checkpoint,
  layout: CheckpointLayout,
  files: FileSet,
  options: StatisticsOptions,
): Promise<StatisticsReport> {
  refuseUnusable(checkpoint);
  const groups = chosen(layout, checkpoint.config, options);
  const units = groups.flatMap(({ matrices }) => unitsOf(matrices));
  const progress = createProgress(units, options.onProgress);
  const reader = createReader(files);
  const idle: Hasher[] = [];
  try {
    const measure = async (unit: readonly ExpertMatrix[], signal: AbortSignal) => {
      const hashers = await Promise.all(unit.map(() => idle.pop() ?? createHasher()));
      const { budget, engine } = options;
      const bench = { checkpoint, reader, engine, budget, signal, onBytes: progress.add(unit[0]?.prefix ?? null) };
      const measured = await measureUnit(unit, bench, hashers);
      idle.push(...hashers);
      return unit.map((matrix, at) => {
        const { statistics, hash } = measured[at] as (typeof measured)[number];
        const row = rowOf(matrix, statistics, hash);
        options.onMatrix?.(row);
        return row;
      });
    };
    const matrices = (await mapConcurrent(units, AT_ONCE, measure, options.signal)).flat();
    const unreadable = groups.flatMap((group) => group.unreadable);
    return { matrices, unreadable, findings: findInValues(matrices), bytes: progress.done() };
  } finally {
    await reader.dispose();
  }
}

/** The matrices of a scope, layer by layer, with how many experts each layer has. */
function chosen(layout: CheckpointLayout, config: Checkpoint['config'], scope: StatisticsScope) {
  const groups = groupsOf(layout, scope.layers);
  const experts = chosenExperts(
    groups.map((group) => group.experts ?? 0),
    scope,
  );
  return groups.map((group, at) => {
    const { matrices, unreadable } = matricesOf(group, config);
    const wanted = experts[at];
    const kept = wanted ? matrices.filter(({ expert }) => wanted.has(expert)) : matrices;
    return { matrices: kept, unreadable, experts: group.experts ?? 0 };
  });
}

function groupsOf({ groups }: CheckpointLayout, layers: readonly number[] | undefined): LayerGroup[] {
  const moe = groups.filter(({ kind }) => kind !== 'dense');
  if (layers === undefined) return moe;
  const missing = layers.filter((layer) => !moe.some(({ index }) => index === layer));
  if (missing.length > 0) throw new LoomError('usage', `There are no experts in layer ${missing.join(', ')}.`);
  return moe.filter(({ index }) => index !== null && layers.includes(index));
}

function rowOf(matrix: ExpertMatrix, statistics: Statistics, hash: string): MatrixStatistics {
  const { prefix, layer, expert, projection, weight, storage } = matrix;
  const [rows, columns] = [weight.rows, weight.columns * (storage.kind === 'mxfp4' ? 2 : 1)];
  // Floats are hashed in the order in which they are stored: turned matrices are no twins of straight ones.
  const turned = storage.kind === 'float' && weight.rowStride < weight.columnStride;
  const identity = [projection, weight.dtype, rows, columns, turned ? 'turned' : 'straight', hash].join(' ');
  return { prefix, layer, expert, projection, dtype: weight.dtype, rows, columns, identity, ...statistics };
}

function createProgress(units: readonly (readonly ExpertMatrix[])[], report: StatisticsOptions['onProgress']) {
  const total = units.reduce((sum, unit) => sum + unitBytes(unit), 0);
  let done = 0;
  report?.({ done, total, prefix: null });
  return {
    add: (prefix: string | null) => (bytes: number) => {
      done += bytes;
      report?.({ done, total, prefix });
    },
    done: () => done,
  };
}

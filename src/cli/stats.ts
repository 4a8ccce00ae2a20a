import type { Command } from 'commander';
import {
  absenceOfExperts,
  type Checkpoint,
  type CheckpointLayout,
  createBudget,
  createEngine,
  detectLayout,
  formatBytes,
  formatDuration,
  incompleteError,
  isUnread,
  LoomError,
  type MatrixStatistics,
  plural,
  type StatisticsProgress,
  type StatisticsReport,
  type StatisticsScope,
  statisticsCost,
  statisticsOf,
  unreadableWords,
} from '../core/index.ts';
import { assumption, interruptSignal, parseLayers, print, printJson } from './common.ts';
import { tellErrorsOf } from './damage.ts';
import { openCheckpointAt, type ReadingFlags, SOURCE_HELP, withReading } from './source.ts';
import { drawLine, eraseLine } from './terminal.ts';

interface StatsFlags extends ReadingFlags {
  readonly layers?: string;
  readonly experts?: string;
  readonly every?: string;
}

/** `moe-loom stats <source>`: what the numbers of every expert look like, and which stand out. Exit 1 when some are not whole. */
export function addStats(program: Command): void {
  const command = program
    .command('stats')
    .description('measure every expert (largest, mean, RMS, zeros, NaN) and list dead, twin and outlier experts')
    .argument('<source>', SOURCE_HELP)
    .option('--layers <list>', 'only these layers, such as 0-3,7')
    .option('--experts <list>', 'only these experts of each layer, such as 0-3,7')
    .option('--every <n>', 'a sample: one of n experts, counted through all layers, such as 100 for 1 %');
  withReading(command).action(async (source: string, flags: StatsFlags) => {
    const scope = scopeOf(flags);
    const { layers } = scope;
    const signal = interruptSignal();
    const { checkpoint, files } = await openCheckpointAt(source, flags, signal, 'tell');
    const layout = detectLayout(checkpoint, assumption(flags));
    if (layout.groups.every(({ kind }) => kind === 'dense')) throw nothingToMeasure(checkpoint, layout);
    const line = createLine(flags.quiet === true);
    const report = await statisticsOf(checkpoint, layout, files, {
      ...scope,
      signal,
      budget: createBudget(),
      engine: createEngine({ engine: 'cpu' }),
      onProgress: line.update,
    }).finally(line.end);
    const { experts, ofExperts } = statisticsCost(checkpoint, layout, scope);
    if (flags.json) printJson({ ...report, experts, ofExperts });
    else print([...coverage(experts, ofExperts), ...describeStatistics(report)]);
    tellErrorsOf(checkpoint, layers === undefined ? layout : onlyLayers(layout, layers));
    if (report.matrices.length === 0) process.exitCode ||= 1;
  });
}

/** @throws LoomError `usage` for a number of experts that is no whole number from 1 on. */
function scopeOf({ layers, experts, every }: StatsFlags): StatisticsScope {
  if (every !== undefined && !/^[1-9]\d{0,8}$/.test(every))
    throw new LoomError('usage', `--every takes a whole number from 1 on, such as 100; "${every}" is none.`);
  return {
    layers: layers === undefined ? undefined : parseLayers(layers),
    experts: experts === undefined ? undefined : parseLayers(experts, '--experts'),
    every: every === undefined ? undefined : Number(every),
  };
}

/** Says that not all experts were measured. */
function coverage(experts: number, ofExperts: number): string[] {
  return experts === ofExperts ? [] : [`Sample       ${experts} of ${plural(ofExperts, 'expert')}`];
}

function nothingToMeasure(checkpoint: Checkpoint, layout: CheckpointLayout): LoomError {
  const [error] = checkpoint.findings.filter(({ severity }) => severity === 'error');
  if (error && isUnread(error)) return incompleteError(error);
  if (error) return new LoomError('checkpoint-defective', error.message);
  const { known, message } = absenceOfExperts(checkpoint, layout);
  return new LoomError(known ? 'usage' : 'checkpoint-defective', message);
}

/** What is the matter with other layers does not touch the numbers of these. */
function onlyLayers(layout: CheckpointLayout, layers: readonly number[]): CheckpointLayout {
  const groups = layout.groups.filter(({ index }) => index !== null && layers.includes(index));
  return { ...layout, groups, defects: [] };
}

const REDRAW_MS = 200;

/** One line on a terminal's standard error. Silent elsewhere. */
function createLine(quiet: boolean) {
  const { stderr } = process;
  const start = performance.now();
  let drawn = 0;
  const update = ({ done, total, prefix }: StatisticsProgress) => {
    const now = performance.now();
    if (quiet || !stderr.isTTY || now - drawn < REDRAW_MS || done === 0) return;
    drawn = now;
    const left = formatDuration(((now - start) / 1000 / done) * (total - done));
    drawLine(`Measuring ${prefix ?? ''}: ${formatBytes(done)} of ${formatBytes(total)}, ${left} left`);
  };
  const end = () => {
    if (drawn > 0) eraseLine();
  };
  return { update, end };
}

const HEADINGS =
  'Layer and projection                             experts     RMS min    median       max   largest    zeros';

/** A line for each projection of each layer, then what cannot be read, then findings. */
export function describeStatistics({ matrices, unreadable, findings, bytes }: StatisticsReport): string[] {
  const rows = rowsOf(matrices);
  return [
    `Measured     ${plural(matrices.length, 'matrix', 'matrices')}, ${formatBytes(bytes)}`,
    ...(rows.length > 0 ? [HEADINGS] : []),
    ...rows.map(describeRow),
    ...unreadableWords(unreadable).map((words) => `! ${words}`),
    ...findings.map(({ message, tag }) => `! ${message} [${tag}]`),
    ...(findings.length === 0 && matrices.length > 0
      ? ['No dead, twin or outlier experts and no NaN were found.']
      : []),
  ];
}

function rowsOf(matrices: readonly MatrixStatistics[]): MatrixStatistics[][] {
  const rows = new Map<string, MatrixStatistics[]>();
  for (const matrix of matrices) {
    const key = `${matrix.prefix} ${matrix.projection}`;
    const row = rows.get(key) ?? [];
    rows.set(key, row);
    row.push(matrix);
  }
  return [...rows.values()];
}

function describeRow(row: readonly MatrixStatistics[]): string {
  const [first] = row;
  const sizes = row.map(({ rms }) => rms).sort((a, b) => a - b);
  const largest = row.reduce((most, { maxAbs }) => Math.max(most, maxAbs), 0);
  const zeros = row.reduce((sum, each) => sum + each.zeros, 0) / row.reduce((sum, { count }) => sum + count, 0);
  const numbers = [sizes[0], sizes[Math.floor(sizes.length / 2)], sizes.at(-1), largest];
  const cells = numbers.map((value) => (value ?? 0).toPrecision(3).padStart(10)).join('');
  const name = `${first?.prefix} ${first?.projection}`.padEnd(48);
  return `${name} ${String(row.length).padStart(7)}  ${cells} ${`${(100 * zeros).toPrecision(2)} %`.padStart(8)}`;
}

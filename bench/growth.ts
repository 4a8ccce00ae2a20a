/**
 * How time grows with layers, tensors, experts and shards: opening, detecting, planning, drawing, predicting and converting
 * checkpoints in memory, Qwen3-MoE's names with tiny matrices. One JSON line, with the exponent of each; a table on stderr.
 *
 *     npm run bench:growth [-- --quick] [--only open,conversion] [--axes shards]
 *
 * A sample repeats the work until 20 ms of processor time have passed; a time is the median of samples, sizes in turns. `exponent` is the slope of log time on
 * log size, `last_exponent` that of the two largest sizes. `above` marks work where the first is above 1.1, or the second, which
 * noise moves more, above 1.25.
 */
import { parseArgs } from 'node:util';
import { exponentOf, lastExponentOf } from './growth/fit.ts';
import { modelOf, type Size } from './growth/models.ts';
import { type Ready, readyOf, WORKS } from './growth/works.ts';

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: Object.keys(WORKS).join(',') },
    axes: { type: 'string' },
  },
});
/** More than linear, beyond what noise explains. */
const LIMIT = 1.1;
const LAST_LIMIT = 1.25;
const RUNS = flags.quick ? 5 : 9;
const SAMPLE_MS = 20;

interface Axis {
  readonly sizes: readonly number[];
  /** So many of the largest are left out by `--quick`. */
  readonly large?: number;
  /** What does not depend on it. */
  readonly without?: readonly string[];
  readonly size: (value: number) => Size;
}

const AXES: Readonly<Record<string, Axis>> = {
  layers: { sizes: [1, 2, 4, 8], size: (layers) => ({ layers, experts: 512, shards: 4 }) },
  /** 1×, 10×, 100× of a layer's 393 tensors, in one file. */
  tensors: { sizes: [1, 10, 100], size: (layers) => ({ layers, experts: 128, shards: 1 }) },
  experts: { sizes: [8, 32, 128, 512], size: (experts) => ({ layers: 4, experts, shards: 4 }) },
  /** The same 11,005 tensors in more and more files. */
  shards: {
    sizes: [1, 10, 100, 1000],
    large: 1,
    without: ['header parse'],
    size: (shards) => ({ layers: 28, experts: 128, shards }),
  },
  /** A file for each layer of 8 experts: tensors, layers and files grow together. */
  'layers in a shard each': {
    sizes: [10, 100, 1000],
    large: 1,
    without: ['header parse'],
    size: (layers) => ({ layers, experts: 8, shards: layers }),
  },
};

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

/** Milliseconds of processor time of this process, which a busy machine stretches less than the clock. */
function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Milliseconds that the work takes once: it is repeated until a sample is long enough. */
async function sampleOf(work: (ready: Ready) => unknown, ready: Ready): Promise<number> {
  const start = processorMs();
  let [count, passed] = [0, 0];
  while (passed < SAMPLE_MS) {
    await work(ready);
    count++;
    passed = processorMs() - start;
  }
  return passed / count;
}

/** The median for each size. Sizes take turns, so that what else the machine does meets all of them. */
async function timesOf(work: (ready: Ready) => unknown, models: readonly Ready[]): Promise<number[]> {
  const samples = models.map((): number[] => []);
  for (let run = 0; run <= RUNS; run++)
    for (const [at, ready] of models.entries()) {
      const sample = await sampleOf(work, ready);
      if (run > 0) samples[at]?.push(sample);
    }
  return samples.map(median);
}

const round = (value: number) => Number(value.toPrecision(4));

function rowOf(work: string, axis: string, sizes: readonly number[], ms: readonly number[]) {
  const [exponent, last] = [exponentOf(sizes, ms), lastExponentOf(sizes, ms)];
  return {
    ...{ work, axis, sizes, ms: ms.map(round) },
    exponent: Number(exponent.toFixed(2)),
    last_exponent: Number(last.toFixed(2)),
    above: exponent > LIMIT || last > LAST_LIMIT,
  };
}
type Row = ReturnType<typeof rowOf>;

function told({ axis, work, exponent, last_exponent, above, ms }: Row): string {
  const columns = [axis.padEnd(22), work.padEnd(14), exponent.toFixed(2), last_exponent.toFixed(2), ms.join(' ')];
  return `${above ? '!' : ' '} ${columns.join('  ')}\n`;
}

async function grow(
  axis: string,
  { sizes, large = 0, without = [], size }: Axis,
  names: readonly string[],
): Promise<Row[]> {
  const values = flags.quick ? sizes.slice(0, sizes.length - large) : sizes;
  const models: Ready[] = [];
  for (const value of values) models.push(await readyOf(modelOf(size(value)), size(value).shards));
  const rows: Row[] = [];
  for (const name of names.filter((each) => !without.includes(each))) {
    const work = WORKS[name];
    if (!work) throw new Error(`${name} is none of ${Object.keys(WORKS).join(', ')}`);
    rows.push(rowOf(name, axis, values, await timesOf(work, models)));
    process.stderr.write(told(rows.at(-1) as Row));
  }
  return rows;
}

const names = flags.only.split(',');
const rows: Row[] = [];
for (const [axis, value] of Object.entries(AXES))
  if (flags.axes === undefined || flags.axes.split(',').includes(axis)) rows.push(...(await grow(axis, value, names)));
process.stdout.write(
  `${JSON.stringify({ bench: 'growth', quick: flags.quick, runs: RUNS, sample_ms: SAMPLE_MS, limit: LIMIT, last_limit: LAST_LIMIT, rows })}\n`,
);

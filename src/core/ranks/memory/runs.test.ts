import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { MEMORY_PROGRAMS } from '../../programs/fitting.ts';
import { cardRows, isCardModel } from '../../programs/transformers-4/card.ts';
import { readModelConfig } from './configs.fixture.ts';
import { CONSTANTS } from './constants.ts';
import { estimate, holds, MEGATRON_RUNS, OTHER_RUNS, type PublishedRun, publishedRuns } from './published.fixture.ts';
import { REGIMES } from './regimes.ts';
import { totalParameters } from './shape.ts';
import { shapeFromConfig } from './shape-config.ts';

const runs = publishedRuns();
const others = OTHER_RUNS.map((run) => ({ ...run, report: estimate(run.model, run.setup) }));
const megatron = MEGATRON_RUNS.map((run) => ({ ...run, report: estimate(run.model, run.setup) }));
const nameOf = ({ model, setup }: Pick<PublishedRun, 'model' | 'setup'>) =>
  `${model} ${setup.context} on ${setup.gpus}, cp ${setup.cp ?? 1} ep ${setup.ep}${setup.offload === 'optimizer' ? ' offload' : ''}`;

describe('published runs', () => {
  it('are all there', () => {
    expect(runs).toHaveLength(15);
    expect(runs.filter((run) => run.peak === null)).toHaveLength(4);
  });

  it.each(runs.map((run) => [nameOf(run), run] as const))('%s', (_, run) => {
    const { low, high } = run.report;
    expect(holds(run), `${run.peak} in ${low}–${high} (${run.report.verdict})`).toBe(true);
    expect((high - low) / (high + low)).toBeLessThanOrEqual(0.2005);
  });

  it('lie evenly about the middles: no constant leans to one side', () => {
    const errors = runs.flatMap(({ peak, report: { low, high } }) =>
      peak === null ? [] : [(2 * peak) / (low + high) - 1],
    );
    const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
    expect(Math.abs(mean)).toBeLessThan(0.05);
    expect(Math.max(...errors.map(Math.abs))).toBeLessThan(0.17);
  });

  it.each([...others, ...megatron].map((run) => [nameOf({ ...run }), run] as const))('of others: %s', (_, run) => {
    expect(holds(run)).toBe(true);
  });
});

describe('docs/memory.md', () => {
  it('holds the tables that the code makes', async () => {
    const path = fileURLToPath(new URL('../../../../docs/memory.md', import.meta.url));
    await expect(withTables(readFileSync(path, 'utf8'))).toMatchFileSnapshot(path);
  });
});

/** The page with every table between its markers as the code makes it. */
function withTables(page: string): string {
  return Object.entries(tables()).reduce(
    (text, [name, lines]) =>
      text.replace(
        new RegExp(`<!-- ${name} -->[\\s\\S]*?<!-- /${name} -->`),
        () => `<!-- ${name} -->\n\n${lines.join('\n')}\n\n<!-- /${name} -->`,
      ),
    page,
  );
}

function tables(): Record<string, string[]> {
  const shape = shapeFromConfig(readModelConfig('Qwen3-235B-A22B'));
  expect(isCardModel(shape)).toBe(true);
  const parameters = totalParameters(shape);
  return {
    constants: table(
      ['constant', 'low', 'high', 'what it is, and where from'],
      Object.entries(CONSTANTS).map(([name, { low, high, why }]) => [`\`${name}\``, plain(low), plain(high), why]),
    ),
    regimes: table(
      ['bytes', 'weights', 'gradients', 'optimizer', 'what', 'who', '235B on 64, all cut'],
      REGIMES.map((regime) => [
        String(regime.bytes),
        String(regime.weights),
        String(regime.gradients),
        String(regime.optimizer),
        regime.title,
        regime.who,
        `${((parameters * regime.bytes) / 64 / 1e9).toFixed(1)} GB`,
      ]),
    ),
    runs: table(
      ['model', 'context', 'GPUs', 'dp', 'cp', 'ep', 'offload', 'measured', 'band', 'verdict', 'of the middle'],
      runs.map(runRow),
    ),
    others: table(
      ['model', 'context', 'GPUs', 'dp', 'cp', 'ep', 'offload', 'measured', 'band', 'verdict', 'of the middle'],
      others.map(runRow),
    ),
    offloads: table(
      ['program', 'optimizer states alone', 'weights, gradients and states', 'by'],
      MEMORY_PROGRAMS.map(({ memory }) => [
        memory.title,
        memory.offloads.includes('optimizer') ? 'yes' : 'no',
        memory.offloads.includes('all') ? 'yes' : 'no',
        memory.offloadSaid ?? '–',
      ]),
    ),
    megatron: table(
      ['model', 'context', 'GPUs', 'pp', 'ep', 'offload', 'measured', 'band', 'verdict', 'of the middle'],
      megatron.map((run) => {
        const [model = '', context = '', gpus = '', , , ep = '', ...rest] = runRow(run);
        return [model, context, gpus, String(run.report.mesh.pp), ep, ...rest];
      }),
    ),
    card: cardRows(shape).flatMap(({ claim, answer }) => [`- **“${claim}”** ${answer}`]),
  };
}

function runRow(run: PublishedRun): string[] {
  const { model, setup, peak, report } = run;
  const middle = (report.low + report.high) / 2;
  return [
    model,
    String(setup.context),
    String(setup.gpus),
    String(report.mesh.dp),
    String(report.mesh.cp),
    String(report.mesh.ep),
    setup.offload === 'optimizer' ? 'yes' : 'no',
    peak === null ? 'out of memory' : `${peak.toFixed(1)} GB`,
    `${report.low.toFixed(1)}–${report.high.toFixed(1)} GB`,
    report.verdict,
    `${peak === null ? '–' : `${((peak / middle - 1) * 100).toFixed(0)} %`}${holds(run) ? '' : ' **miss**'}`,
  ];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [
    `| ${head.join(' | ')} |`,
    `|${' --- |'.repeat(head.length)}`,
    ...rows.map((row) => `| ${row.join(' | ')} |`),
  ];
}

function plain(value: number): string {
  return value >= 1e6 ? `${value / 1e9}e9` : String(value);
}

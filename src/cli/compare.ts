import type { Command } from 'commander';
import {
  type CompareReport,
  chainLines,
  compareMarkdown,
  compareReport,
  compareValues,
  correspond,
  differenceLines,
  entriesOfLayers,
  formatBytes,
  formatDuration,
  formatInteger,
  mistakesOf,
  shownCounts,
  verdictOf,
} from '../core/index.ts';
import { assumption, interruptSignal, parseLayers, print, printJson } from './common.ts';
import { refuseUnread, tellErrors } from './damage.ts';
import { openCheckpointAt, type ReadingFlags, SOURCE_HELP, withReading } from './source.ts';
import { drawLine, eraseLine, printCode } from './terminal.ts';

/** Differences that a person is shown; `--json` has them all. */
const SHOWN = 20;

interface CompareFlags extends ReadingFlags {
  readonly values?: boolean;
  readonly layers?: string;
  readonly markdown?: boolean;
}

/** `moe-loom compare <left> <right>`: exit 1 if values, dtypes or sizes differ or one side is incomplete. Names, positions and layouts may differ. */
export function addCompare(program: Command): void {
  const command = program
    .command('compare')
    .description('compare two checkpoints in any layouts, by their headers or also by their values')
    .argument('<left>', SOURCE_HELP)
    .argument('<right>', SOURCE_HELP)
    .option('--values', 'also read and compare every value')
    .option('--layers <list>', 'with --values: only these layers, such as 0-3,7')
    .option('--markdown', 'print a Markdown summary for an issue or a model card');
  withReading(command).action(async (left: string, right: string, flags: CompareFlags) => {
    const layers = flags.layers === undefined ? null : new Set(parseLayers(flags.layers));
    const signal = interruptSignal();
    const [a, b] = await Promise.all([
      openCheckpointAt(left, flags, signal, 'tell'),
      openCheckpointAt(right, flags, signal, 'tell'),
    ]);
    refuseUnread(a.checkpoint, 'Left');
    refuseUnread(b.checkpoint, 'Right');
    const { assume } = assumption(flags);
    const found = correspond(a.checkpoint, b.checkpoint, { assume: { left: assume, right: assume } });
    const line = createLine(flags.quiet === true);
    const values =
      flags.values || layers
        ? await compareValues(found, a, b, {
            signal,
            selection: layers ? entriesOfLayers(found, layers) : undefined,
            onProgress: (done, total) => line.update(done, total),
          }).finally(line.end)
        : null;
    const report = compareReport(found, values);
    if (flags.json) printJson(report);
    else if (flags.markdown) printCode(compareMarkdown(report));
    else print(describeComparison(report));
    if (!report.equal) process.exitCode = 1;
    for (const [side, { checkpoint }] of [
      ['Left', a],
      ['Right', b],
    ] as const) {
      const errors = checkpoint.findings.filter(({ severity }) => severity === 'error');
      tellErrors(errors.map(({ tag, message }) => ({ tag, message: `${side}: ${message}` })));
    }
  });
}

const REDRAW_MS = 200;

/** One line on a terminal's standard error. Silent elsewhere. */
function createLine(quiet: boolean) {
  const { stderr } = process;
  const start = performance.now();
  let drawn = 0;
  const update = (done: number, total: number) => {
    const now = performance.now();
    if (quiet || !stderr.isTTY || now - drawn < REDRAW_MS || done === 0) return;
    drawn = now;
    const left = formatDuration(((now - start) / 1000 / done) * (total - done));
    drawLine(`Comparing: ${formatBytes(done)} of ${formatBytes(total)} of both sides, about ${left} left`);
  };
  const end = () => {
    if (drawn > 0) eraseLine();
  };
  return { update, end };
}

export function describeComparison(report: CompareReport): string[] {
  const { left, right, prefixes, notes } = report;
  const differences = differenceLines(report);
  const rest = differences.length - SHOWN;
  return [
    verdictOf(report),
    `Left    ${side(left)}`,
    `Right   ${side(right)}`,
    ...shownCounts(report).map(
      ({ words, entries, leftBytes, rightBytes }) =>
        `  ${words.padEnd(14)} ${formatInteger(entries).padStart(8)}  ${formatBytes(leftBytes).padStart(9)} ${formatBytes(rightBytes).padStart(9)}`,
    ),
    ...chainLines(report),
    ...prefixes.map(
      (rule) =>
        `Names that start with "${rule.left}" on the left start with "${rule.right}" on the right: ${rule.reason}.`,
    ),
    ...notes.map((note) => `! ${note}`),
    ...headed('Diagnosis', mistakesOf(report)),
    ...headed('Differences', differences.slice(0, SHOWN)),
    ...(rest > 0 ? [`  … and ${formatInteger(rest)} more.`] : []),
  ];
}

function side({ identity, layout, tensors, paired, bytes }: CompareReport['left']): string {
  return `${identity}: ${layout}, ${formatInteger(tensors)} tensors (${formatInteger(paired)} matched), ${formatInteger(bytes)} bytes`;
}

function headed(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [title, ...lines.map((line) => `  ${line}`)];
}

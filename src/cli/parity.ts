import { basename, dirname } from 'node:path';
import type { Command } from 'commander';
import {
  compareBlock,
  formatBytes,
  type HiddenStates,
  LoomError,
  type ParityProgress,
  type ParityReport,
  parityJson,
  readStates,
} from '../core/index.ts';
import { openLocal } from '../core/source/folder.node.ts';
import { assumption, interruptSignal, print, printJson } from './common.ts';
import { openInstalledRuntime } from './runtime.ts';
import { openCheckpointAt, type ReadingFlags, SOURCE_HELP, withReading } from './source.ts';
import { drawLine, eraseLine } from './terminal.ts';

interface ParityFlags extends ReadingFlags {
  readonly layer: string;
  readonly ep?: string;
  readonly tokens: string;
  readonly seed: string;
  readonly input?: string;
  readonly inputTensor?: string;
  readonly expectTensor?: string;
}

const DIFFERENT = 1;

/** `moe-loom parity <source> [<other>] --layer N`: one block in every form its experts can have, outputs compared. */
export function addParity(program: Command): void {
  const command = program
    .command('parity')
    .description(
      'compute a layer from per-expert, stacked and gate-up weights and on expert-parallel ranks, then compare the outputs',
    )
    .argument('<source>', SOURCE_HELP)
    .argument('[other]', 'a second checkpoint whose layer should give the same output')
    .requiredOption('--layer <number>', 'the layer to compute')
    .option('--ep <size>', 'expert-parallel size; must divide the number of experts')
    .option('--tokens <number>', 'number of random input tokens', '32')
    .option('--seed <number>', 'seed of random input', '0')
    .option('--input <file>', 'read the input hidden states from a safetensors file')
    .option('--input-tensor <name>', 'the tensor of that file to use as input')
    .option('--expect-tensor <name>', 'the tensor of that file with the expected output');
  withReading(command).action(async (source: string, other: string | undefined, flags: ParityFlags) => {
    const signal = interruptSignal();
    const numbers = numbersOf(flags);
    const runtime = await openInstalledRuntime();
    const line = createLine(flags.quiet === true);
    const first = await openCheckpointAt(source, flags, signal, 'tell');
    const second = other === undefined ? undefined : await openCheckpointAt(other, flags, signal, 'tell');
    const { input, expect } = await readInput(flags, signal);
    const report = await compareBlock(first, {
      layer: numbers.layer,
      ep: numbers.ep,
      input: input ?? { tokens: numbers.tokens, seed: numbers.seed },
      expect,
      other: second,
      runtime,
      signal,
      ...assumption(flags),
      onProgress: line.update,
    }).finally(line.end);
    if (flags.json) printJson(parityJson(report));
    else print(describeParity(report));
    if (report.verdict === 'different') process.exitCode = DIFFERENT;
  });
}

function numbersOf(flags: ParityFlags) {
  return {
    layer: wholeNumber('--layer', flags.layer, 0),
    ep: flags.ep === undefined ? undefined : wholeNumber('--ep', flags.ep, 1),
    tokens: wholeNumber('--tokens', flags.tokens, 1),
    seed: wholeNumber('--seed', flags.seed, 0),
  };
}

/** No one compares on more; a number beyond it is a slip. */
const MOST = 65_536;

/** @throws LoomError `usage`. */
function wholeNumber(option: string, text: string, least: number): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  const most = option === '--seed' ? 0xffffffff : MOST;
  if (value >= least && value <= most) return value;
  throw new LoomError('usage', `${option} takes a whole number from ${least} to ${most}, not "${text}".`);
}

/** Input and expected output from one file. @throws LoomError `usage`, and what reading throws. */
async function readInput(
  flags: ParityFlags,
  signal: AbortSignal,
): Promise<{ readonly input: HiddenStates | null; readonly expect: Float32Array | undefined }> {
  if (flags.input === undefined) {
    if (flags.inputTensor !== undefined || flags.expectTensor !== undefined)
      throw new LoomError('usage', '--input-tensor and --expect-tensor name tensors of the file that --input gives.');
    return { input: null, expect: undefined };
  }
  const file = basename(flags.input);
  const source = await (await openLocal(dirname(flags.input))).open(file);
  try {
    const input = await readStates(source, file, flags.inputTensor, null, signal);
    const wanted = flags.expectTensor;
    const expect =
      wanted === undefined ? undefined : (await readStates(source, file, wanted, input.hidden, signal)).values;
    return { input, expect };
  } finally {
    await source.dispose?.();
  }
}

const REDRAW_MS = 200;

/** One line on a terminal's standard error. Silent elsewhere. */
function createLine(quiet: boolean) {
  const { stderr } = process;
  let drawn = 0;
  const update = ({ read, total, done, steps, doing }: ParityProgress) => {
    const now = performance.now();
    if (quiet || !stderr.isTTY || now - drawn < REDRAW_MS) return;
    drawn = now;
    drawLine(`Computing ${doing} (${done} of ${steps}), read ${formatBytes(read)} of ${formatBytes(total)}`);
  };
  const end = () => {
    if (drawn > 0) eraseLine();
  };
  return { update, end };
}

/** The differences of every pair, the verdict, and the faults that explain a difference. */
export function describeParity(report: ParityReport): string[] {
  const { layer, block, experts, topK, tokens, seed, ep, tolerance, operator } = report;
  const input = seed === null ? 'given hidden states' : `random hidden states, seed ${seed}`;
  const idle = report.tokensPerExpert.filter((count) => count === 0).length;
  return [
    `Layer ${layer}     ${block}: ${experts} experts, ${topK} per token`,
    `Input        ${tokens} tokens, ${input}; ${experts - idle} of ${experts} experts chosen; ${ep} ranks with ${report.tokensPerRank.join(', ')}`,
    `Computed by  ${report.runtime.name}, threads: ${report.runtime.threads}; read ${formatBytes(report.bytesRead)}`,
    ...report.runs.map(
      ({ id, stored, operations }) => `${id.padEnd(16)} ${stored ? 'as stored' : operations.join(', ')}`,
    ),
    ...report.missing.map(({ id, reason }) => `${id.padEnd(16)} left out: ${reason}`),
    'max|a − b| ÷ max|a|',
    ...report.pairs.map(({ a, b, maxRelative }) => `${`${a} – ${b}`.padEnd(32)} ${scientific(maxRelative)}`),
    ...report.runs.flatMap(({ id, expected }) =>
      expected === null ? [] : [`${`expected – ${id}`.padEnd(32)} ${scientific(expected)}`],
    ),
    operator.maxRelative === null
      ? `com.microsoft.MoE: ${operator.reason}`
      : `${'com.microsoft.MoE'.padEnd(32)} ${scientific(operator.maxRelative)}`,
    ...report.notes,
    ...report.faults.map(({ tag, message }) => `! ${message} [${tag}]`),
    report.verdict === 'same'
      ? `The same within ${tolerance} on these inputs. This is not proof for other inputs; compare --values and verify prove equal bytes.`
      : `Different: the largest difference is above ${tolerance}.`,
  ];
}

function scientific(value: number): string {
  return value === 0 ? '0 (bit-identical)' : value.toExponential(2);
}

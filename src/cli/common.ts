import type { Command } from 'commander';
import { type Assumption, isTarget, LoomError, parseSize, readingOf, TARGETS, type Target } from '../core/index.ts';
import { withChoices } from './choices.ts';

export { print, printJson } from './terminal.ts';

export interface OutputOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** `--json` and `--quiet`, which every command has. */
export function withOutput(command: Command): Command {
  return command.option('--json', 'print one JSON object on standard output').option('--quiet', 'do not show progress');
}

/** What asks a process to end: Ctrl-C, a polite kill or a job's time limit, and a terminal that closes. */
const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** A signal that Ctrl-C, a polite kill and a closed terminal abort; the second one of a kind ends the process at once. */
export function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  const stop = () => controller.abort();
  for (const name of ENDING) process.once(name, stop);
  return controller.signal;
}

/** `0-3,7` → [0, 1, 2, 3, 7]. @throws LoomError `usage`. */
export function parseLayers(text: string, option = '--layers'): number[] {
  const layers = new Set<number>();
  for (const part of text.split(',')) {
    const match = /^\s*(\d{1,6})(?:\s*-\s*(\d{1,6}))?\s*$/.exec(part);
    const first = Number(match?.[1]);
    const last = Number(match?.[2] ?? match?.[1]);
    if (!match || last < first || last - first > 100_000)
      throw new LoomError('usage', `${option} takes numbers and ranges such as 0-3,7, not "${text}".`);
    for (let layer = first; layer <= last; layer++) layers.add(layer);
  }
  return [...layers].sort((a, b) => a - b);
}

/** @throws LoomError `usage`. */
export function parseShardSize(text: string): number {
  const bytes = parseSize(text);
  if (bytes === null)
    throw new LoomError('usage', `--max-shard-size takes a size such as 5GB or 512MiB, not "${text}".`);
  return bytes;
}

/** @throws LoomError `usage`. */
export function parseTarget(text: string): Target {
  if (!isTarget(text))
    throw new LoomError('usage', `--to takes ${Object.keys(TARGETS).join(', ')}; "${text}" is not one of them.`);
  return text;
}

/** @throws LoomError `usage`. */
export function parseDtype(text: string | undefined): 'bf16' | undefined {
  if (text === undefined || text === 'bf16') return text;
  throw new LoomError('usage', `--dtype takes bf16, not "${text}".`);
}

export interface AssumeFlags {
  readonly assume?: string;
}

/** What `--assume` takes for what the values of a layer support. */
export const VALUES = 'values';

/** `--assume`, for files that do not say of themselves how their matrices lie. */
export function withAssume(command: Command): Command {
  command.option(
    '--assume <what>',
    'how experts are stored, if the files do not decide it: out-in, in-out, a layout such as gate-up/w13, or a model_type; inspect, plan and convert also take values: decide from the weights of one layer',
  );
  return withChoices(command, { '--assume': ['out-in', 'in-out', VALUES] });
}

/** `in-out`, `out-in`, a layout's id or a model type. @throws LoomError `usage`. */
export function assumption({ assume }: AssumeFlags): { assume?: Assumption } {
  if (assume === undefined) return {};
  if (assume === VALUES)
    throw new LoomError(
      'usage',
      '--assume values is for inspect, plan and convert. Run one of them first, then give the result to --assume here.',
    );
  const reading = readingOf(assume);
  if (reading) return { assume: reading };
  if (/^[a-z0-9_-]{1,64}$/i.test(assume)) return { assume: { modelType: assume } };
  throw new LoomError(
    'usage',
    `--assume takes out-in, in-out, a layout such as gate-up/w13 or a model_type such as qwen3_moe; "${assume}" is none.`,
  );
}

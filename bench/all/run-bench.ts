import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Bench, Run } from './benches.ts';
import type { Machine } from './machine.ts';
import { measuredRow, missingRow, type Row } from './row.ts';

/** So much of what a bench says on its error stream is kept. */
const TAIL = 4000;
const LONGEST_MS = 60 * 60_000;

export interface Outcome {
  readonly rows: readonly Row[];
  /** The lines of JSON that it printed. */
  readonly lines: readonly string[];
  /** The process failed, or said something else than its reader knows. */
  readonly crashed: boolean;
}

/** Runs one bench as a process and reads its lines; what cannot be measured is a row, too. */
export async function runBench(bench: Bench, { args, missing }: Run, machine: Machine): Promise<Outcome> {
  const left = missing.map(({ name, why }) => missingRow(bench.name, name, why));
  if (args === null) return { rows: left, lines: [], crashed: false };
  const { code, stdout, stderr } = await runScript(`../${bench.name}.ts`, args, machine);
  const lines = linesOf(stdout);
  try {
    if (code !== 0) throw new Error(`ended with ${code}: ${lastWords(stderr)}`);
    return { rows: [...rowsOf(bench, lines), ...left], lines, crashed: false };
  } catch (error) {
    const why = `crashed: ${error instanceof Error ? error.message : String(error)}`;
    return { rows: [...left, missingRow(bench.name, 'all', why)], lines, crashed: true };
  }
}

/** Lines of JSON in what a bench prints; other lines are for people. */
export function linesOf(stdout: string): string[] {
  return stdout.split('\n').filter((line) => line.startsWith('{'));
}

/** The rows that a bench's lines make. @throws Error where there is no line, or one that its reader does not know. */
export function rowsOf(bench: Pick<Bench, 'name' | 'read'>, lines: readonly string[]): Row[] {
  if (lines.length === 0) throw new Error('printed no line');
  return lines.flatMap((line) => bench.read(line).map((reading) => measuredRow(bench.name, reading)));
}

/** The line of an error stream that names the error, else the last one. */
export function lastWords(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  return (lines.find((line) => /Error\b/.test(line)) ?? lines.at(-1) ?? 'nothing was said').trim();
}

/** Runs a TypeScript file of `bench/` as this process was run. */
async function runScript(script: string, args: readonly string[], { browser }: Machine) {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(process.execPath, [...process.execArgv, path, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: LONGEST_MS,
    env: { ...process.env, ...(browser === null ? {} : { CHROMIUM_PATH: browser }) },
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (data) => {
    stdout += data;
  });
  child.stderr.on('data', (data) => {
    stderr = (stderr + data).slice(-TAIL);
  });
  const code = await new Promise<number | string>((resolve) =>
    child.on('close', (status, signal) => resolve(status ?? signal ?? 'no status')),
  );
  return { code, stdout, stderr };
}

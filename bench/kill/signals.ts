import { spawn } from 'node:child_process';
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { openFolderJournal } from '../../src/core/convert/journal.node.ts';
import { INDEX_FILE } from '../../src/core/safetensors/index-file.ts';
import { JOURNAL_FILE } from '../../src/core/sink/ledger.node.ts';
import { LOCK_FILE } from '../../src/core/sink/lock.node.ts';
import { sums } from './common.ts';

/** What asks a process to end, and what ends it. */
export const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGKILL'] as const;
export type Ending = (typeof SIGNALS)[number];

export interface SignalRow {
  readonly signal: Ending;
  kills: number;
  /** Conversions that had ended before the signal came: not counted as kills. */
  tooLate: number;
  /** Processes that ended with exit code 2, and by the signal itself. */
  code2: number;
  bySignal: number;
  /** Finished shards that were there after the kills, and that the resumed runs left as they were (same inode and time). */
  finished: number;
  kept: number;
  /** Must be 0: shards under their final name whose bytes are others; ends that are others than meant; outputs that differ. */
  half: number;
  wrongEnd: number;
  differing: number;
}

export interface SignalKills {
  /** Arguments of the program for a conversion into `out`. */
  readonly args: (out: string) => readonly string[];
  readonly out: string;
  /** SHA-256 of each file of a conversion that nothing interrupted. */
  readonly wanted: ReadonlyMap<string, string>;
  /** Milliseconds of that conversion, or of a shorter one: signals come within this time. */
  readonly withinMs: number;
  readonly random: () => number;
  readonly kills: number;
}

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
  readonly ms: number;
}

/** Runs the program, and sends it a signal after so many milliseconds where that is given. */
export function runUntil(args: readonly string[], signal?: NodeJS.Signals, afterMs = 0): Promise<Ended> {
  const child = spawn(process.execPath, [...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  const start = performance.now();
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const timer = signal && setTimeout(() => child.kill(signal), afterMs);
  return new Promise((resolve) => {
    child.on('close', (code, by) => {
      clearTimeout(timer);
      resolve({ code, signal: by, stderr, ms: performance.now() - start });
    });
  });
}

/** Ends conversions at random moments by one signal, resumes each, and holds it to a run that nothing interrupted. */
export async function killBy(signal: Ending, kills: SignalKills): Promise<SignalRow> {
  const row: SignalRow = {
    ...{ signal, kills: 0, tooLate: 0, code2: 0, bySignal: 0 },
    ...{ finished: 0, kept: 0, half: 0, wrongEnd: 0, differing: 0 },
  };
  let { withinMs } = kills;
  while (row.kills < kills.kills) {
    const ms = await killOnce(row, { ...kills, withinMs });
    if (ms !== null) withinMs = Math.min(withinMs, ms);
    process.stderr.write(ms === null ? '.' : '-');
  }
  return row;
}

/** Gives the time of a conversion that ended before its signal came, else null. */
async function killOnce(row: SignalRow, { args, out, wanted, withinMs, random }: SignalKills): Promise<number | null> {
  rmSync(out, { recursive: true, force: true });
  const ended = await runUntil(args(out), row.signal, random() * withinMs);
  if (ended.code === 0) {
    row.tooLate++;
    return ended.ms;
  }
  row.kills++;
  if (ended.code === 2) row.code2++;
  else row.bySignal++;
  const finished = existsSync(out) ? [...(await openFolderJournal(out)).finished.keys()] : [];
  if (!isMeant(row.signal, ended, finished.length, out)) {
    row.wrongEnd++;
    const there = existsSync(out) ? readdirSync(out).join(' ') : 'no folder';
    process.stderr.write(`${row.signal}: ${ended.code ?? ended.signal}, ${there}: ${ended.stderr}\n`);
  }
  const names = existsSync(out) ? readdirSync(out).filter((name) => name.endsWith('.safetensors')) : [];
  const made = existsSync(out) ? sums(out) : new Map<string, string>();
  row.half += names.filter((name) => made.get(name) !== wanted.get(name)).length;
  const before = new Map(finished.map((name) => [name, identityOf(join(out, name))]));
  // Killed between the end of the journal and the program's own: the conversion is whole.
  const whole = isWhole(out);
  const unfinished = existsSync(join(out, JOURNAL_FILE));
  const again = whole ? null : await runUntil([...args(out), ...(unfinished ? ['--resume'] : [])]);
  if (again && again.code !== 0)
    throw new Error(`Resuming after ${row.signal} ended with ${again.code}: ${again.stderr}`);
  row.finished += finished.length;
  row.kept += [...before].filter(([name, identity]) => identityOf(join(out, name)) === identity).length;
  if (JSON.stringify([...sums(out)]) !== JSON.stringify([...wanted])) row.differing++;
  return null;
}

/**
 * A signal that asks: exit code 2 and the sentence with what stays, or the signal itself where the program has not begun, with
 * nothing there, or has done its work. SIGKILL: by the signal.
 */
function isMeant(signal: Ending, ended: Ended, finished: number, out: string): boolean {
  if (signal === 'SIGKILL') return ended.signal === 'SIGKILL';
  if (ended.code !== 2) return ended.signal === signal && (!existsSync(out) || isWhole(out));
  if (existsSync(join(out, LOCK_FILE))) return false;
  if (finished === 0) return !existsSync(out);
  return /\d+ of \d+ shards (is|are) finished and stays?; resume with `moe-loom convert .* --resume`\./.test(
    ended.stderr,
  );
}

function isWhole(out: string): boolean {
  return existsSync(join(out, INDEX_FILE)) && !existsSync(join(out, JOURNAL_FILE));
}

function identityOf(path: string): string {
  const { ino, mtimeNs, size } = statSync(path, { bigint: true });
  return `${ino}:${mtimeNs}:${size}`;
}

/** True where a row holds what must not be. */
export function isWrong({ half, wrongEnd, differing, finished, kept }: SignalRow): boolean {
  return half + wrongEnd + differing > 0 || kept !== finished;
}

/** The rows as a table. */
export function signalTable(rows: readonly SignalRow[]): string[] {
  const heads = ['signal ', 'kills', 'too late', 'exit 2', 'by signal', 'shards finished', 'of these not rewritten'];
  const all = [...heads, 'half', 'wrong end', 'other bytes'];
  const cells = rows.map((row) => [
    ...[row.signal.padEnd(7), row.kills, row.tooLate, row.code2, row.bySignal, row.finished, row.kept],
    ...[row.half, row.wrongEnd, row.differing],
  ]);
  return [all, ...cells].map((row) => row.map((cell, at) => String(cell).padStart(all[at]?.length ?? 0)).join('  '));
}

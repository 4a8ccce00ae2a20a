import { type ChildProcess, fork, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LOCK_FILE } from '../../src/core/sink/lock.node.ts';

export interface LockRounds {
  readonly stale: boolean;
  readonly rounds: number;
  readonly processes: number;
  /** Times that a process was in. */
  readonly entries: number;
  /** Times that a process was told that another one holds the lock. */
  readonly refusals: number;
  /** Times that a process found another one in: must be 0. */
  readonly twoIn: number;
  /** Rounds in which nobody got in at the first attempt. */
  readonly noneAtFirst: number;
  /** Files that the locks left behind: must be 0. */
  readonly left: number;
  readonly ms: number;
}

/** What a process tells of a round. */
export interface RoundAnswer {
  readonly refusals: number;
  readonly twoIn: number;
}

const CHILD = fileURLToPath(new URL('child.ts', import.meta.url));

/**
 * Lets `processes` processes go for the lock of one folder at the same moment, `rounds` times; each one tries until it
 * has been in once. `stale`: each round begins with the lock of a process that has ended.
 */
export async function lockRounds(rounds: number, processes: number, stale: boolean): Promise<LockRounds> {
  const folder = mkdtempSync(join(tmpdir(), 'moe-loom-lock-'));
  const began = performance.now();
  const children = Array.from({ length: processes }, () => fork(CHILD, [folder], { execArgv: ['--import', 'tsx'] }));
  const { pid } = spawnSync(process.execPath, ['--version']);
  const total = { entries: 0, refusals: 0, twoIn: 0, noneAtFirst: 0, left: 0 };
  try {
    await Promise.all(children.map((child) => answerOf(child)));
    for (let round = 0; round < rounds; round++) {
      const token = randomUUID();
      if (stale)
        writeFileSync(join(folder, LOCK_FILE), JSON.stringify({ pid, host: hostname(), started: 'gone', token }));
      const answers = await Promise.all(
        children.map((child) => {
          const answer = answerOf(child);
          child.send('go');
          return answer;
        }),
      );
      total.entries += answers.length;
      total.refusals += answers.reduce((sum, { refusals }) => sum + refusals, 0);
      total.twoIn += answers.reduce((sum, { twoIn }) => sum + twoIn, 0);
      total.left += readdirSync(folder).length;
      if (answers.every(({ refusals }) => refusals > 0)) total.noneAtFirst++;
    }
  } finally {
    for (const child of children) if (child.connected) child.disconnect();
    rmSync(folder, { recursive: true, force: true });
  }
  return { stale, rounds, processes, ...total, ms: Math.round(performance.now() - began) };
}

function answerOf(child: ChildProcess): Promise<RoundAnswer> {
  return new Promise((resolve, reject) => {
    const gone = () => reject(new Error('A process of the round ended.'));
    child.once('exit', gone);
    child.once('message', (answer) => {
      child.off('exit', gone);
      resolve(answer as RoundAnswer);
    });
  });
}

/** The rows as a table. */
export function lockTable(rows: readonly LockRounds[]): string[] {
  const head = [
    'stale lock',
    'rounds',
    'processes',
    'entries',
    'refusals',
    'none at first',
    'two in',
    'files left',
    's',
  ];
  const cells = rows.map((row) =>
    [
      row.stale ? 'yes' : 'no',
      row.rounds,
      row.processes,
      row.entries,
      row.refusals,
      row.noneAtFirst,
      row.twoIn,
      row.left,
      (row.ms / 1000).toFixed(1),
    ].map(String),
  );
  return [head, ...cells].map((row) => row.map((cell, at) => cell.padStart(head[at]?.length ?? 0)).join('  '));
}

import { execFileSync, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** What processes did between a start and an end, as the system counts it. */
export interface Cost {
  readonly seconds: number;
  /** Proportional memory of all the processes: the most that was seen, and what it was before. */
  readonly peakBytes: number;
  readonly idleBytes: number;
  readonly readBytes: number;
  readonly writtenBytes: number;
}

const SAMPLE_MS = 200;

/** A process and all that it started. */
export function treeOf(root: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const parent = /^PPid:\s+(\d+)/m.exec(contentOf(`/proc/${name}/status`))?.[1];
    if (parent !== undefined) parents.set(Number(name), Number(parent));
  }
  const found = new Set([root]);
  for (let grew = true; grew; ) {
    grew = false;
    for (const [pid, parent] of parents) {
      if (!found.has(parent) || found.has(pid)) continue;
      found.add(pid);
      grew = true;
    }
  }
  return [...found];
}

/** Empty for a process that has ended. */
function contentOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function field(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0);
}

/**
 * Memory of processes without the files they map. What several of them share counts in each, so this is never less than
 * they take; the exact number costs a walk through all their pages, which holds them up.
 */
const memoryOf = (pids: readonly number[]) =>
  pids.reduce((sum, pid) => {
    const status = contentOf(`/proc/${pid}/status`);
    return sum + 1024 * (field(status, 'RssAnon') + field(status, 'RssShmem'));
  }, 0);

interface Traffic {
  readonly read: number;
  readonly written: number;
}

/** Bytes that went through each process so far; none for one that has ended. */
function trafficOf(pids: readonly number[]): [number, Traffic][] {
  return pids.flatMap((pid) => {
    const io = contentOf(`/proc/${pid}/io`);
    return io === '' ? [] : [[pid, { read: field(io, 'rchar'), written: field(io, 'wchar') }] as [number, Traffic]];
  });
}

/** Watches a tree of processes from now on; one that is started later counts from its start. */
export function watchTree(root: number) {
  const started = performance.now();
  const present = treeOf(root);
  const idleBytes = memoryOf(present);
  const before = new Map(trafficOf(present));
  const latest = new Map(before);
  let peakBytes = idleBytes;
  const sample = () => {
    const pids = treeOf(root);
    peakBytes = Math.max(peakBytes, memoryOf(pids));
    for (const [pid, traffic] of trafficOf(pids)) latest.set(pid, traffic);
  };
  const timer = setInterval(sample, SAMPLE_MS);
  return {
    end: (): Cost => {
      const seconds = (performance.now() - started) / 1000;
      sample();
      clearInterval(timer);
      const sum = (key: keyof Traffic) =>
        [...latest].reduce((total, [pid, now]) => total + now[key] - (before.get(pid)?.[key] ?? 0), 0);
      return { seconds, peakBytes, idleBytes, readBytes: sum('read'), writtenBytes: sum('written') };
    },
  };
}

/** Runs a program to its end. @throws Error when it fails. */
export async function runProgram(command: string, args: readonly string[]): Promise<Cost> {
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const watch = watchTree(child.pid ?? 0);
  const code = await new Promise<number | null>((resolve) => child.on('exit', resolve));
  const cost = watch.end();
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}`);
  return cost;
}

/** Waits until everything written before is on the disk, so that nothing of it counts in what comes next. */
export function settleDisk(): void {
  execFileSync('sync');
}

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
export const round = (value: number, digits = 2): number => Number(value.toFixed(digits));

import { comment } from '../embed/comment.ts';
import { type Emitted, fill, joined, shell } from '../embed/emitted.ts';
import { sbatchLine } from '../embed/sbatch.ts';
import { shellWord } from '../embed/shell.ts';
import { TOOL } from '../embed/tool.ts';
import { LoomError } from '../errors.ts';
import { FINAL_EXITS } from '../exits.ts';
import { FINAL_EXIT } from '../final-exit.ts';
import { absolutePath, checkParts, heldText } from './parts-on-cluster.ts';
import type { SlurmJob } from './slurm-job.ts';
import { SLURM_PROGRAM } from './slurm-program.ts';
import { startOnSlurm } from './slurm-start.ts';

/** Seconds before the time limit at which a part is stopped and queued again: enough to end the shard that is written. */
const SECONDS_BEFORE_LIMIT = 120;
/** Of a short limit no more than this share. */
const SHARE_OF_LIMIT = 0.2;
/** Most times that a part is queued again at its time limit. */
const MOST_RESTARTS = 20;
/** Starts of a part that ended by itself with a code that may be another the next time. */
const MOST_RETRIES = 3;

/**
 * A script that submits itself: an array with a task for each part, and the join, which waits for all of them.
 *
 * @throws LoomError `usage`, naming the flag whose value cannot be written.
 */
export function slurmScript(job: SlurmJob): Emitted<'shell'> {
  checkParts(job);
  const { parts, atOnce, modules = [] } = job;
  const out = absolutePath('--out', job.out);
  const plan = absolutePath('<plan>', job.plan);
  return joined<'shell'>([
    // Modules are a function of the login shell on most clusters.
    modules.length > 0 ? shell`#!/bin/bash -l\n` : shell`#!/bin/bash\n`,
    ...directives(job),
    comment<'shell'>(
      `Converts ${plan} (plan ${job.hash.slice(0, 12)}) in ${parts} parts and joins them: written by ${TOOL}.`,
    ),
    comment<'shell'>('Submit it with: bash <this file>. Run it again after a failure: finished shards are kept.'),
    fill<'shell'>(SLURM_PROGRAM, {
      PLAN: shellWord(plan),
      OUT: shellWord(out),
      LOGS: shellWord(logFolder(job.logs)),
      PATTERN: shellWord(logFolder(job.logs).replaceAll('%', '%%')),
      PARTS: parts,
      ARRAY: shellWord(`1-${parts}${atOnce === undefined ? '' : `%${atOnce}`}`),
      START: startOnSlurm(job),
      MODULES: joined(modules.map((name) => shell`module load ${moduleWord(name)}\n  `)),
      SCRATCH: scratchOf(job.scratch),
      CONVERT: joined(convertFlags(job).map((word) => shell` ${word}`)),
      JOIN: joined(sourceFlags(job).map((word) => shell` ${word}`)),
      FINALEXIT: FINAL_EXIT,
      RESTARTS: MOST_RESTARTS,
      RETRIES: MOST_RETRIES,
      FINAL: shell`${joined(
        FINAL_EXITS.map((code) => shellWord(String(code))),
        '|',
      )}`,
    }),
  ]);
}

function directives(job: SlurmJob): Emitted<'shell'>[] {
  const { partition, account, qos, constraint, cpus } = job;
  const given: readonly (readonly [string, string | undefined])[] = [
    ['job-name', `moe-loom-${job.hash.slice(0, 8)}`],
    ['partition', partition],
    ['account', account],
    ['qos', qos],
    ['constraint', constraint],
    ['time', checked('--time', job.time, /^(\d+-)?\d+(:\d+){0,2}$/, '90, 02:00:00 or 1-12:00:00')],
    ['mem', checked('--mem', job.mem, /^\d+[KMGT]?$/, '8G')],
    ['nodes', '1'],
    ['ntasks', '1'],
    ['cpus-per-task', cpus === undefined ? undefined : String(cpus)],
    ['open-mode', 'append'],
    ['signal', `B:USR2@${secondsBefore(job.time)}`],
  ];
  const lines = given.flatMap(([name, value]) => (value === undefined ? [] : [sbatchLine(name, value)]));
  return [...lines, shell`#SBATCH --requeue\n`];
}

/** Slurm counts in minutes; with a colon, in minutes and seconds or more; after days, in hours first. */
function secondsBefore(time: string | undefined): number {
  const [, days, clock = ''] = /^(?:(\d+)-)?(.*)$/.exec(time ?? '') ?? [];
  if (clock === '') return SECONDS_BEFORE_LIMIT;
  const [first = 0, second = 0, third = 0] = clock.split(':').map(Number);
  const parts = clock.split(':').length;
  const seconds =
    days !== undefined || parts === 3 ? 3600 * first + 60 * second + third : 60 * first + (parts === 2 ? second : 0);
  const limit = 86_400 * Number(days ?? 0) + seconds;
  return Math.min(SECONDS_BEFORE_LIMIT, Math.max(1, Math.floor(SHARE_OF_LIMIT * limit)));
}

function checked(flag: string, value: string | undefined, form: RegExp, such: string): string | undefined {
  if (value === undefined || form.test(value)) return value;
  throw new LoomError('usage', `${flag} takes a value such as ${such}, not ${JSON.stringify(value)}.`);
}

/** Slurm replaces `%a` and the like in names of log files, but not where a backslash is in one. */
function logFolder(path: string): string {
  if (!absolutePath('--logs', path).includes('\\')) return path;
  throw new LoomError('usage', `--logs cannot be ${JSON.stringify(path)}: Slurm acts on backslashes in names of logs.`);
}

/** @throws LoomError `usage` for a name that `module load` would take for a flag. */
function moduleWord(name: string): Emitted<'shell'> {
  if (/^[A-Za-z0-9][\w./+:@-]*$/.test(name)) return shellWord(name);
  throw new LoomError('usage', `--module takes the name of a module such as nodejs/22, not ${JSON.stringify(name)}.`);
}

function scratchOf(scratch: string | undefined): Emitted<'shell'> {
  if (scratch === undefined) return shell``;
  const variable = /^\$([A-Za-z_]\w{0,63})$/.exec(scratch)?.[1];
  const folder =
    variable === undefined
      ? shellWord(absolutePath('--scratch', scratch))
      : shell`"\${${shellWord(variable)}:?this node does not set it}"`;
  return shell`scratch=$(mktemp -d ${folder}/moe-loom.XXXXXXXX)
  trap 'rm -rf "$scratch"' EXIT
  export TMPDIR=$scratch npm_config_cache=$scratch/npm APPTAINER_TMPDIR=$scratch APPTAINER_CACHEDIR=$scratch/apptainer
  `;
}

function convertFlags(job: SlurmJob): Emitted<'shell'>[] {
  return [...sourceFlags(job), ...(job.cpus === undefined ? [] : [shellWord(`--threads=${job.cpus}`)])];
}

/** `--name=value` in one word, so that a value that begins like a flag stays a value. */
function sourceFlags({ source, endpoint }: SlurmJob): Emitted<'shell'>[] {
  return [
    ...(source === undefined ? [] : [shellWord(`--source=${heldText('--source', source)}`)]),
    ...(endpoint === undefined ? [] : [shellWord(`--endpoint=${heldText('--endpoint', endpoint)}`)]),
  ];
}

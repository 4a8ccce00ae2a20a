import { resolve } from 'node:path';
import type { Command } from 'commander';
import { awaitParts } from '../core/convert/parts/await-parts.node.ts';
import { type ShardStatus, type Survey, surveyParts } from '../core/convert/parts/survey.node.ts';
import { readPlanFile } from '../core/convert/plan-file/read.node.ts';
import { formatBytes, LoomError, MAX_PARTS, type PlanFile, partsOfPlan, plural } from '../core/index.ts';
import { interruptSignal, type OutputOptions, print, printJson, withOutput } from './common.ts';
import { tell } from './terminal.ts';

interface StatusFlags extends OutputOptions {
  readonly parts?: string;
  readonly wait?: boolean;
}

const STATES = ['done', 'running', 'failed', 'missing', 'damaged'] as const;

/** `moe-loom status <plan> <folder>`: how far the parts of a plan are. It exits with 0 once every shard is done, else with 1. */
export function addStatus(program: Command): void {
  withOutput(
    program
      .command('status')
      .description('say which shards of a plan are done, running, failed or missing in an output folder')
      .argument('<plan>', 'the plan file that the parts are made with')
      .argument('<folder>', 'the output folder of the parts'),
  )
    .option(
      '--wait',
      'wait until every shard is done, or a part has failed with an error that running it again cannot change',
    )
    .option('--parts <n>', 'also say it for each of n parts, as convert --part k/n has them')
    .action(async (path: string, folder: string, flags: StatusFlags) => {
      const count = countOf(flags.parts);
      const planFile = await readPlanFile(path);
      const survey = flags.wait
        ? await awaitParts(folder, planFile, { signal: interruptSignal(), onSurvey: tellCounts() })
        : await surveyParts(folder, planFile);
      const parts = count === null ? null : partsOf(planFile, survey, count);
      if (flags.json) printJson(statusJson(resolve(folder), planFile, survey, parts));
      else print(describeStatus(survey, parts));
      if (survey.shards.some(({ state }) => state !== 'done')) process.exitCode = 1;
    });
}

/** Says on standard error how far the parts are, when that has changed. */
function tellCounts(): (survey: Survey) => void {
  let last = '';
  return ({ shards }) => {
    const counts = countsOf(shards);
    const line = STATES.flatMap((state) => (counts[state] > 0 ? `${counts[state]} ${state}` : [])).join(', ');
    if (line !== last) tell(`${plural(shards.length, 'shard')}: ${line}.`);
    last = line;
  };
}

/** @throws LoomError `usage`. */
function countOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  const count = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= MAX_PARTS) return count;
  throw new LoomError('usage', `--parts takes a number from 1 to ${MAX_PARTS}, not "${text}".`);
}

type Counts = Readonly<Record<(typeof STATES)[number], number>>;

interface PartStatus {
  readonly part: string;
  readonly shards: number;
  readonly bytes: number;
  readonly doneBytes: number;
  readonly counts: Counts;
}

function partsOf({ plan }: PlanFile, { shards }: Survey, count: number): PartStatus[] {
  const known = new Map(shards.map((status) => [status.shard.file, status]));
  return partsOfPlan(plan, count).map((part, at) => {
    const all = part.flatMap(({ file }) => known.get(file) ?? []);
    return { part: `${at + 1}/${count}`, shards: all.length, ...bytesOf(all), counts: countsOf(all) };
  });
}

function countsOf(shards: readonly ShardStatus[]): Counts {
  const count = (state: ShardStatus['state']) => shards.filter((one) => one.state === state).length;
  return {
    done: count('done'),
    running: count('running'),
    failed: count('failed'),
    missing: count('missing'),
    damaged: count('damaged'),
  };
}

function bytesOf(shards: readonly ShardStatus[]) {
  const sum = (some: readonly ShardStatus[]) => some.reduce((total, { shard }) => total + shard.byteLength, 0);
  return { bytes: sum(shards), doneBytes: sum(shards.filter(({ state }) => state === 'done')) };
}

/** What `status --json` prints: a contract. */
function statusJson(out: string, { hash }: PlanFile, { joined, shards }: Survey, parts: readonly PartStatus[] | null) {
  return {
    plan: hash,
    out,
    joined,
    ...bytesOf(shards),
    counts: countsOf(shards),
    shards: shards.map(({ shard, state, part, host, why }) => ({
      file: shard.file,
      bytes: shard.byteLength,
      state,
      part,
      host,
      why,
    })),
    ...(parts === null ? {} : { parts }),
  };
}

/** Shards in a list of those that are not done. */
const LISTED = 50;

function describeStatus({ joined, shards }: Survey, parts: readonly PartStatus[] | null): string[] {
  const { bytes, doneBytes } = bytesOf(shards);
  const counts = countsOf(shards);
  const all = `${plural(shards.length, 'shard')}, ${formatBytes(doneBytes)} of ${formatBytes(bytes)} done`;
  const states = STATES.filter((state) => counts[state] > 0).map((state) => `${counts[state]} ${state}`);
  const open = shards.filter(({ state }) => state !== 'done');
  return [
    joined ? `${all}: joined.` : `${all}: ${states.join(', ')}.`,
    ...(parts ?? []).map(describePart),
    ...open.slice(0, LISTED).map(describeShard),
    ...(open.length > LISTED ? [`… and ${plural(open.length - LISTED, 'more shard')}; --json lists all.`] : []),
    ...(open.length === 0 && !joined ? ['Every shard is done. Run moe-loom join with the same plan and folder.'] : []),
  ];
}

function describePart({ part, shards, bytes, doneBytes, counts }: PartStatus): string {
  const states = STATES.filter((state) => counts[state] > 0).map((state) => `${counts[state]} ${state}`);
  return `Part ${part}: ${plural(shards, 'shard')}, ${formatBytes(doneBytes)} of ${formatBytes(bytes)} done${states.length > 0 ? `: ${states.join(', ')}` : ''}.`;
}

function describeShard({ shard, state, part, host, why }: ShardStatus): string {
  const who = part === null ? '' : ` (part ${part}${host === null ? '' : ` on ${host}`})`;
  return `${shard.file}: ${state}${who}${why === null ? '' : `: ${why}`}`;
}

/**
 * What parts cost. One JSON line.
 *
 *     npm run bench:parts -- [--parts 16] [--pairs 3] [--layers 24] [--folder /tmp]
 *
 * First a generated checkpoint (100 MB and two shards a layer) is converted in one run and in 16 parts with a join, in turns and
 * in this process, two shards at once in both: bytes read of the source, and seconds. The time of the parts includes opening
 * the folder for each; it excludes the start of 16 processes. Then the join of Qwen3-235B's shards,
 * which are made up (headers, sizes and records; holes for bytes), nothing read back: seconds of reading the plan file and joining.
 *
 * Needs three times the bytes of the checkpoint on the disk.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { openCheckpoint } from '../src/core/checkpoint/open.ts';
import { mapConcurrent } from '../src/core/concurrency.ts';
import { openFolderOutput } from '../src/core/convert/output.node.ts';
import { fabricateParts } from '../src/core/convert/parts/fabricated.fixture.ts';
import { joinParts } from '../src/core/convert/parts/join.node.ts';
import { openPartPlace } from '../src/core/convert/parts/place.node.ts';
import { runPart } from '../src/core/convert/parts/run-part.node.ts';
import { partsOfPlan } from '../src/core/convert/parts-of.ts';
import { formatPlanFile, planFileOf } from '../src/core/convert/plan-file/format.ts';
import { readPlanFile, writePlanFile } from '../src/core/convert/plan-file/read.node.ts';
import { identifySource } from '../src/core/convert/plan-file/source.ts';
import type { PlanFile } from '../src/core/convert/plan-file/types.ts';
import { runPlan } from '../src/core/convert/run.ts';
import { planConversion } from '../src/core/plan/conversion.ts';
import { openLocal } from '../src/core/source/folder.node.ts';
import { headersOnlyFiles } from '../src/core/source/headers-only.ts';
import type { FileSet } from '../src/core/source/types.ts';
import { countingFiles } from '../src/core/testing.fixture.ts';
import { median, round, settleDisk } from './convert/measure.ts';
import { generate } from './convert/shapes.ts';

const { values: flags } = parseArgs({
  options: {
    parts: { type: 'string', default: '16' },
    pairs: { type: 'string', default: '3' },
    layers: { type: 'string', default: '24' },
    folder: { type: 'string', default: tmpdir() },
  },
});

const SHAPE = { modelType: 'qwen3_moe', experts: 128, intermediate: 128, hidden: 1024 };
const named = { open: '/models/bench', endpoint: null, repo: null, commit: null };

interface Cost {
  readonly seconds: number;
  readonly bytes: number;
}

async function costOf(files: FileSet, work: (counted: FileSet) => Promise<unknown>): Promise<Cost> {
  const counted = countingFiles(files);
  const began = performance.now();
  await work(counted.files);
  const seconds = (performance.now() - began) / 1000;
  return { seconds, bytes: counted.reads.reduce((sum, { start, end }) => sum + end - start, 0) };
}

async function oneRun({ plan }: PlanFile, files: FileSet, out: string): Promise<void> {
  await runPlan(plan, { files, ...(await openFolderOutput(out, plan, files, { unfinished: 'refuse' })) });
}

/** Two parts at a time, each with one shard at a time: as much at once as in the one run. */
async function inParts(planFile: PlanFile, files: FileSet, out: string, count: number): Promise<void> {
  await mapConcurrent(partsOfPlan(planFile.plan, count), 2, async (shards, _, at) => {
    const place = await openPartPlace(out, planFile, { part: `${at + 1}/${count}` });
    await runPart(planFile, { place, files, shards, shardsAtOnce: 1 });
    place.close();
  });
  const place = await openPartPlace(out, planFile, { part: 'join', begins: false });
  await joinParts(planFile, { place, files });
  place.close();
}

async function pairsOf(work: string, count: number, pairs: number) {
  const source = join(work, 'source');
  generate(source, { ...SHAPE, layers: Number(flags.layers) });
  const files = await openLocal(source);
  const plan = planConversion(await openCheckpoint(files), 'gate-up', { maxShardBytes: 50e6 });
  const planFile = await planFileOf({
    plan,
    source: { ...named, files: await identifySource(plan, files) },
    card: null,
  });
  const costs = { one: [] as Cost[], parts: [] as Cost[] };
  const out = join(work, 'out');
  const clean = () => {
    rmSync(out, { recursive: true });
    settleDisk();
  };
  for (let pair = 0; pair < pairs; pair++) {
    costs.one.push(await costOf(files, (counted) => oneRun(planFile, counted, out)));
    clean();
    costs.parts.push(await costOf(files, (counted) => inParts(planFile, counted, out, count)));
    clean();
  }
  const ratio = (of: (cost: Cost) => number) =>
    median(costs.parts.map((cost, at) => of(cost) / of(costs.one[at] as Cost)));
  return {
    shards: plan.shards.length,
    bytes: plan.bytes,
    one_read_bytes: costs.one[0]?.bytes ?? Number.NaN,
    parts_read_bytes: costs.parts[0]?.bytes ?? Number.NaN,
    read_ratio: round(
      ratio(({ bytes }) => bytes),
      4,
    ),
    one_seconds: round(median(costs.one.map(({ seconds }) => seconds))),
    parts_seconds: round(median(costs.parts.map(({ seconds }) => seconds))),
    seconds_ratio: round(ratio(({ seconds }) => seconds)),
  };
}

function large(): FileSet {
  const read = (name: string) => readFileSync(new URL(`../public/samples/${name}`, import.meta.url));
  const { blob, ...manifest } = JSON.parse(read('qwen3-235b-a22b.json').toString());
  return headersOnlyFiles(manifest, new Uint8Array(gunzipSync(read(`qwen3-235b-a22b/${blob}`))));
}

async function joinOf(work: string, pairs: number) {
  const files = large();
  const plan = planConversion(await openCheckpoint(files), 'stacked');
  const source = { ...named, files: await identifySource(plan, files) };
  const { text } = await formatPlanFile({ plan, source, card: null });
  const path = join(work, 'large.json');
  await writePlanFile(path, text);
  const seconds = { read: [] as number[], join: [] as number[] };
  for (let pair = 0; pair < pairs; pair++) {
    const out = join(work, `large-${pair}`);
    await fabricateParts(out, await readPlanFile(path));
    const began = performance.now();
    const planFile = await readPlanFile(path);
    const read = performance.now();
    const place = await openPartPlace(out, planFile, { part: 'join', begins: false });
    await joinParts(planFile, { place, files });
    place.close();
    seconds.read.push((read - began) / 1000);
    seconds.join.push((performance.now() - read) / 1000);
    rmSync(out, { recursive: true });
  }
  const [read, joined] = [round(median(seconds.read)), round(median(seconds.join))];
  return { join_shards: plan.shards.length, plan_bytes: text.length, plan_seconds: read, join_seconds: joined };
}

const work = mkdtempSync(join(flags.folder, 'moe-loom-bench-'));
try {
  const [parts, pairs] = [Number(flags.parts), Number(flags.pairs)];
  const line = { bench: 'parts', parts, pairs, ...(await pairsOf(work, parts, pairs)), ...(await joinOf(work, pairs)) };
  process.stdout.write(`${JSON.stringify(line)}\n`);
} finally {
  rmSync(work, { recursive: true, force: true });
}

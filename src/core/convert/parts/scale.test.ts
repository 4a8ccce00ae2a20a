import { existsSync, mkdtempSync, promises, rmSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { modelOf } from '../../../../bench/growth/models.ts';
import { openCheckpoint } from '../../checkpoint/open.ts';
import { planConversion } from '../../plan/conversion.ts';
import { countingFiles } from '../../testing.fixture.ts';
import { partsOfPlan } from '../parts-of.ts';
import { formatPlanFile, planFileOf } from '../plan-file/format.ts';
import { parsePlanFile } from '../plan-file/parse.ts';
import { identifySource } from '../plan-file/source.ts';
import type { PlanFile } from '../plan-file/types.ts';
import { fabricateParts } from './fabricated.fixture.ts';
import { joinParts } from './join.node.ts';
import { openPartPlace } from './place.node.ts';
import { runPart } from './run-part.node.ts';
import { surveyParts } from './survey.node.ts';

/** Calls of the file system since they were last set to 0. A mock would miss modules that tests before this one have loaded. */
const calls = new Map<string, number>();
const all = () => [...calls.values()].reduce((sum, count) => sum + count, 0);
const real = { ...promises };

function count(): void {
  for (const [name, value] of Object.entries(real)) {
    if (typeof value !== 'function') continue;
    const counted = (...args: never[]) => {
      calls.set(name, (calls.get(name) ?? 0) + 1);
      return (value as (...given: never[]) => unknown)(...args);
    };
    Object.assign(promises, { [name]: counted });
  }
  syncBuiltinESMExports();
}

function countNoMore(): void {
  Object.assign(promises, real);
  syncBuiltinESMExports();
}

let work: string;
beforeAll(() => {
  count();
  work = mkdtempSync(join(tmpdir(), 'moe-loom-scale-'));
});
afterAll(() => {
  countNoMore();
  rmSync(work, { recursive: true, force: true });
});
afterEach(() => calls.clear());

const named = { open: '/models/large', endpoint: null, repo: null, commit: null };

async function planned(layers: number, experts: number, shards: number, maxShardBytes: number) {
  const { files, tensors } = modelOf({ layers, experts, shards });
  const plan = planConversion(await openCheckpoint(files), 'stacked', { maxShardBytes });
  expect(plan.refusals).toEqual([]);
  const source = { ...named, files: await identifySource(plan, files) };
  return { files, tensors, parts: { plan, source, card: null } };
}

describe('at 1,000 shards and 500,000 tensors', () => {
  it('the plan file has less than 30 bytes for each range and 200 for each tensor, and is read back', async () => {
    const { tensors, parts } = await planned(1270, 128, 1000, 30_000);
    const { plan } = parts;
    expect(tensors).toBeGreaterThan(499_000);
    expect(plan.shards.length).toBeGreaterThan(1000);
    const { text } = await formatPlanFile(parts);
    const ranges = plan.shards.reduce(
      (sum, shard) => sum + shard.tensors.reduce((count, tensor) => count + tensor.parts.length, 0),
      0,
    );
    expect(ranges).toBeGreaterThan(250_000);
    expect(text.length).toBeLessThan(30 * ranges + 200 * plan.tensors + 200 * plan.shards.length);
    const read = await parsePlanFile(text, 'plan.json');
    expect(read.plan.index).toBe(plan.index);
    expect(read.plan.shards.at(-1)).toEqual(plan.shards.at(-1));
    expect(partsOfPlan(read.plan, 10_000).flat().length).toBe(plan.shards.length);
  }, 180_000);
});

describe('operations on files', () => {
  async function small(
    shards: number,
  ): Promise<{ planFile: PlanFile; files: Awaited<ReturnType<typeof planned>>['files'] }> {
    const { files, parts } = await planned(shards, 4, shards, 900);
    return { planFile: await planFileOf(parts), files };
  }

  it('of a part are at most 40 a shard, as many for each of many shards as for each of few', async () => {
    const perShard: number[] = [];
    for (const count of [8, 32]) {
      const { planFile, files } = await small(count);
      const { shards } = planFile.plan;
      const place = await openPartPlace(join(work, `part-${count}`), planFile, { part: '1/1' });
      calls.clear();
      await runPart(planFile, { place, files, shards });
      perShard.push(all() / shards.length);
      calls.clear();
      await runPart(planFile, { place, files, shards });
      // Of a finished shard: its record and its header.
      expect(all() / shards.length).toBeLessThanOrEqual(4);
      place.close();
    }
    const [few = 0, many = 0] = perShard;
    expect(few).toBeGreaterThan(1);
    expect(many).toBeLessThan(40);
    expect(many).toBeLessThan(1.1 * few);
  });

  it('of a status are at most 4 a shard and of a join at most 12, and of each source file the header is read once', async () => {
    const perShard: { status: number; join: number }[] = [];
    for (const count of [50, 400]) {
      const { planFile, files } = await small(count);
      const { length } = planFile.plan.shards;
      const out = join(work, `join-${count}`);
      await fabricateParts(out, planFile);
      calls.clear();
      await surveyParts(out, planFile);
      const status = all() / length;
      const counted = countingFiles(files);
      const place = await openPartPlace(out, planFile, { part: 'join', begins: false });
      calls.clear();
      await joinParts(planFile, { place, files: counted.files });
      place.close();
      perShard.push({ status, join: all() / length });
      const read = counted.reads.reduce((sum, { start, end }) => sum + end - start, 0);
      const headers = planFile.source.files.reduce((sum, { byteLength }) => sum + byteLength, 0);
      expect(read).toBeLessThan(headers);
      expect(existsSync(join(out, '.moe-loom-parts'))).toBe(false);
    }
    const [few, many] = perShard;
    expect(few?.join).toBeGreaterThan(1);
    expect(many?.status).toBeLessThanOrEqual(4);
    expect(many?.join).toBeLessThanOrEqual(12);
    expect(many?.join).toBeLessThan((few?.join ?? 0) * 1.05);
  });
});

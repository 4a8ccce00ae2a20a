import { existsSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LOCK_PACE } from '../../sink/shard-lock.node.ts';
import { openLocal } from '../../source/folder.node.ts';
import { partsOfPlan } from '../parts-of.ts';
import { planFileOf } from '../plan-file/format.ts';
import { identifySource, weightFiles, withPlannedHashes } from '../plan-file/source.ts';
import { desk, part, setUpDesk, sumOf } from './desk.fixture.ts';
import { joinParts } from './join.node.ts';
import { openPartPlace } from './place.node.ts';
import { runPart } from './run-part.node.ts';
import { surveyParts } from './survey.node.ts';

setUpDesk();

describe('a lock of a shard', () => {
  const lockOf = (name: string) => join(desk.out, '.moe-loom-parts', `${name}.lock`);
  const owner = { host: 'elsewhere', pid: 7, started: null, token: 'abc', part: '9/9', job: null, restart: 0 };
  const quick = { ...LOCK_PACE, wait: async () => undefined };

  async function begun(lock: object): Promise<string> {
    await part('1/7');
    const file = desk.planFile.plan.shards.at(-1)?.file ?? '';
    writeFileSync(lockOf(file), JSON.stringify(lock));
    return file;
  }

  it('of another host is taken over once it is old, and what its run left is removed', async () => {
    const file = await begun(owner);
    const left = join(desk.out, '.moe-loom-parts', `${file}.elsewhere.9-9.abc.tmp`);
    writeFileSync(left, 'half');
    const long = Date.now() / 1000 - 600;
    utimesSync(lockOf(file), long, long);
    expect((await surveyParts(desk.out, desk.planFile)).shards.at(-1)?.state).toBe('missing');
    expect((await part('7/7')).made).toEqual([file]);
    expect(existsSync(left) || existsSync(lockOf(file))).toBe(false);
  });

  it('of another host is waited for while it is young, and taken over when it does not beat', async () => {
    const file = await begun(owner);
    expect((await surveyParts(desk.out, desk.planFile)).shards.at(-1)).toMatchObject({ state: 'running', part: '9/9' });
    expect((await part('7/7', { place: { pace: quick } })).made).toEqual([file]);
  });

  it('of another host that beats is respected: the shard and its holder are named', async () => {
    const file = await begun(owner);
    let beat = Date.now() / 1000;
    const wait = async () => {
      beat += 3;
      utimesSync(lockOf(file), beat, beat);
    };
    await expect(part('7/7', { place: { pace: { ...LOCK_PACE, wait } } })).rejects.toMatchObject({
      tag: 'output-in-use',
      message: `${file} is being written by part 9/9 (process 7 on elsewhere). Two parts never write the same shard at once. Wait for it, then run this part again: what is finished is kept.`,
    });
    expect(existsSync(join(desk.out, file))).toBe(false);
  });

  it('of an earlier run of the same job is taken over at once, one of the same run is not', async () => {
    const file = await begun({ ...owner, job: 'slurm:41', restart: 0 });
    const wait = async () => {
      throw new Error('it waited');
    };
    const pace = { ...LOCK_PACE, wait };
    await expect(part('7/7', { place: { pace, job: { id: 'slurm:41', restart: 0 } } })).rejects.toThrow('it waited');
    expect((await part('7/7', { place: { pace, job: { id: 'slurm:41', restart: 1 } } })).made).toEqual([file]);
  });

  it('that nobody can read counts by its age', async () => {
    const file = await begun([]);
    expect((await part('7/7', { place: { pace: quick } })).made).toEqual([file]);
  });
});

it('checks the sha256 of source files that several parts share when the join reads back', async () => {
  const local = await openLocal(desk.source);
  const files = withPlannedHashes(local, {
    ...desk.planFile.source,
    files: desk.planFile.source.files.map(({ name, byteLength }) => ({
      name,
      byteLength,
      sha256: sumOf(join(desk.source, name)),
    })),
  });
  const { plan, card } = desk.planFile;
  const weights = weightFiles(plan.shards);
  const stated = await planFileOf({
    plan,
    card,
    source: { ...desk.planFile.source, files: await identifySource(plan, files) },
  });
  const hashes: (readonly string[] | undefined)[] = [];
  for (const readBack of [false, true]) {
    rmSync(desk.out, { recursive: true, force: true });
    for (const [at, shards] of partsOfPlan(plan, 7).entries()) {
      const place = await openPartPlace(desk.out, stated, { source: desk.source, part: `${at + 1}/7` });
      await runPart(stated, { place, files, shards });
      place.close();
    }
    const place = await openPartPlace(desk.out, stated, { source: desk.source, part: 'join', begins: false });
    const { report } = await joinParts(stated, { place, files, readBack });
    place.close();
    hashes.push(report.sourceHashes?.checked.filter((name) => weights.includes(name)));
  }
  expect(hashes[0]?.length).toBeLessThan(weights.length);
  expect(hashes[1]).toEqual(weights);
});

it('says of each shard whether it is done, failed or missing, and by whom', async () => {
  const place = await openPartPlace(desk.out, desk.planFile, { source: desk.source, part: '2/2' });
  const files = await openLocal(desk.source);
  const failing = {
    ...files,
    open: async (name: string) => {
      const opened = await files.open(name);
      return {
        ...opened,
        read: async (...given: Parameters<typeof opened.read>) => {
          if (given[0].start > 20_000) throw new Error('The disk hums.');
          return opened.read(...given);
        },
      };
    },
  };
  const shards = partsOfPlan(desk.planFile.plan, 2)[1] ?? [];
  await expect(runPart(desk.planFile, { place, files: failing, shards })).rejects.toThrow('The disk hums.');
  place.close();
  await part('1/2');
  const { shards: states, joined: isJoined } = await surveyParts(desk.out, desk.planFile);
  expect(isJoined).toBe(false);
  const broken = states.find(({ state }) => state === 'failed');
  expect(broken).toMatchObject({ part: '2/2', host: hostname(), why: expect.stringContaining('The disk hums.') });
  expect(states.filter(({ state }) => state === 'done').map(({ part: by }) => by)).toContain('1/2');
  await part('2/2');
  expect((await surveyParts(desk.out, desk.planFile)).shards.every(({ state }) => state === 'done')).toBe(true);
});

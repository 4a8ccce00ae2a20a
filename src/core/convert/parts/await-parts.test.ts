import { appendFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { awaitParts } from './await-parts.node.ts';
import { desk, part, setUpDesk } from './desk.fixture.ts';
import { openPartPlace } from './place.node.ts';

setUpDesk();

/** Does one thing at each pause; more pauses than things are an error. */
function pauses(...things: readonly (() => unknown)[]) {
  const asked: number[] = [];
  const wait = async (ms: number) => {
    const thing = things[asked.length];
    asked.push(ms);
    if (!thing) throw new Error('nothing more happens');
    await thing();
  };
  return { asked, wait };
}

it('waits with longer and longer pauses until every shard is done', async () => {
  const nothing = () => undefined;
  const { asked, wait } = pauses(
    nothing,
    nothing,
    () => part('1/2'),
    nothing,
    nothing,
    () => part('2/2'),
  );
  const seen: number[] = [];
  const { shards } = await awaitParts(desk.out, desk.planFile, {
    wait,
    onSurvey: (survey) => seen.push(survey.shards.filter(({ state }) => state === 'done').length),
  });
  expect(asked).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
  expect(shards.every(({ state }) => state === 'done')).toBe(true);
  expect(seen.at(-1)).toBe(shards.length);
});

it('ends once a part has failed for good, says why, and takes no failure of an earlier run for one', async () => {
  const config = join(desk.source, 'model-00001-of-00003.safetensors');
  const bytes = readFileSync(config);
  const spoil = async () => {
    truncateSync(config, bytes.length - 1);
    await expect(part('1/2')).rejects.toMatchObject({ tag: 'source-changed' });
  };
  const survey = await awaitParts(desk.out, desk.planFile, pauses(spoil));
  expect(survey.shards.filter(({ state }) => state === 'failed')).toMatchObject([
    { why: expect.any(String), part: '1/2' },
  ]);
  writeFileSync(config, bytes);
  const repaired = await awaitParts(
    desk.out,
    desk.planFile,
    pauses(() => part('1/1')),
  );
  expect(repaired.shards.every(({ state }) => state === 'done')).toBe(true);
});

it('waits on after a failure that a retry may change', async () => {
  const place = await openPartPlace(desk.out, desk.planFile, { source: desk.source, part: '1/2' });
  const [shard] = desk.planFile.plan.shards;
  const { asked, wait } = pauses(
    () => shard && place.noteFailure(shard, new Error('no route to host')),
    () => appendFileSync(join(desk.out, '.moe-loom-parts', 'note'), ''),
    () => part('1/1'),
  );
  await awaitParts(desk.out, desk.planFile, { wait });
  expect(asked).toHaveLength(3);
  place.close();
});

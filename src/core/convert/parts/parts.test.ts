import {
  appendFileSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openLocal } from '../../source/folder.node.ts';
import { contents, desk, expected, joined, part, planned, setUpDesk, shardsOf } from './desk.fixture.ts';
import { joinParts } from './join.node.ts';
import { openPartPlace } from './place.node.ts';

setUpDesk();

describe('parts and their join', () => {
  it.each([1, 2, 3, 16])('give the bytes of one machine, the report too, in %i parts in any order', async (count) => {
    const order = Array.from({ length: count }, (_, at) => `${((at * 7) % count) + 1}/${count}`);
    for (const name of new Set([...order, ...Array.from({ length: count }, (_, at) => `${at + 1}/${count}`)]))
      await part(name);
    await joined();
    expect(contents(desk.out)).toEqual(await expected());
  });

  it('skip what is finished, and read nothing of the source for it', async () => {
    const first = await part('1/2');
    const again = await part('1/2');
    expect(again).toMatchObject({ made: [], skipped: first.made, bytes: 0, read: 0 });
    const all = await part('1/1');
    expect(all.skipped).toEqual(first.made);
    expect(all.made.length + all.skipped.length).toBe(desk.planFile.plan.shards.length);
  });

  it('can be made at once, also the same part twice: nothing is wrong, and one is told who holds its shard', async () => {
    const runs = await Promise.allSettled([part('1/2'), part('2/2'), part('1/2'), part('1/1')]);
    for (const run of runs)
      if (run.status === 'rejected')
        expect(run.reason).toMatchObject({
          tag: 'output-in-use',
          message: expect.stringMatching(
            /model-\d+-of-\d+\.safetensors is being written by part \S+ \(process \d+ on /,
          ),
        });
    await part('1/1');
    await joined({ readBack: true });
    expect(contents(desk.out)).toEqual(await expected());
  });

  it('are written from a copy of the source elsewhere, and joined again without harm', async () => {
    await part('1/2');
    const elsewhere = join(desk.work, 'elsewhere');
    cpSync(desk.source, elsewhere, { recursive: true });
    const want = await expected();
    desk.source = elsewhere;
    await part('2/2');
    expect((await joined()).before).toBe(false);
    expect(contents(desk.out)).toEqual(want);
    expect((await joined()).before).toBe(true);
    expect(await part('1/2')).toMatchObject({ made: [], read: 0 });
    expect(contents(desk.out)).toEqual(want);
  });

  it('are joined from the records alone: of the shards only the headers are read', async () => {
    await part('1/1');
    const [first] = desk.planFile.plan.shards;
    if (!first) throw new Error('no shard');
    const path = join(desk.out, first.file);
    const bytes = readFileSync(path);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    writeFileSync(path, bytes);
    await expect(joined({ readBack: true })).rejects.toMatchObject({
      tag: 'verify-failed',
      message: expect.stringMatching(new RegExp(`${first.file} reads back differently from what part 1/1 wrote`)),
    });
    await expect(joined()).rejects.toMatchObject({ tag: 'parts-incomplete' });
    await part('1/1');
    await joined({ readBack: true });
    expect(contents(desk.out)).toEqual(await expected());
  });

  it('continue where a join was ended before its index', async () => {
    await part('1/1');
    const place = await openPartPlace(desk.out, desk.planFile, { source: desk.source, part: 'join', begins: false });
    const controller = new AbortController();
    const files = await openLocal(desk.source);
    const stopping = {
      ...files,
      open: async (name: string) => {
        if (name === 'tokenizer.json' && existsSync(join(desk.out, 'generation_config.json'))) controller.abort();
        return files.open(name);
      },
    };
    await expect(joinParts(desk.planFile, { place, files: stopping, signal: controller.signal })).rejects.toMatchObject(
      {
        tag: 'cancelled',
      },
    );
    place.close();
    expect(existsSync(join(desk.out, 'model.safetensors.index.json'))).toBe(false);
    await joined();
    expect(contents(desk.out)).toEqual(await expected());
  });
});

describe('a join refuses', () => {
  const refused = (tag: string, reason: RegExp) => ({ tag, message: expect.stringMatching(reason) });

  it('gaps, by their names, with the part that has to run again', async () => {
    await part('1/3');
    const missing = desk.planFile.plan.shards
      .map(({ file }) => file)
      .filter((file) => !shardsOf(desk.out).includes(file));
    await expect(joined()).rejects.toMatchObject(refused('parts-incomplete', new RegExp(`${missing[0]} is missing`)));
    const last = shardsOf(desk.out).at(-1) ?? '';
    truncateSync(join(desk.out, last), 1000);
    await expect(joined()).rejects.toMatchObject(
      refused('parts-incomplete', new RegExp(`${last} is damaged \\(part 1/3 on ${hostname()}\\): it is cut short`)),
    );
    expect(existsSync(join(desk.out, 'config.json'))).toBe(false);
    await part('1/3');
    await part('2/3');
    await part('3/3');
    rmSync(join(desk.out, last));
    await expect(joined()).rejects.toMatchObject(
      refused('parts-incomplete', new RegExp(`1 of 7 .*${last} is missing`)),
    );
  });

  it('a folder without parts, and leaves nothing in it; nor does a part in a folder of something else', async () => {
    await expect(joined()).rejects.toMatchObject(refused('parts-incomplete', /7 of 7 shards .* is missing/));
    expect(existsSync(desk.out)).toBe(false);
    mkdirSync(desk.out);
    writeFileSync(join(desk.out, 'notes.txt'), 'mine');
    for (const run of [() => part('1/1'), () => joined()])
      await expect(run()).rejects.toMatchObject(refused('output-not-empty', /notes\.txt/));
    expect(readdirSync(desk.out)).toEqual(['notes.txt']);
  });

  it('a part of another plan, and so does a part', async () => {
    await part('1/3');
    const other = await planned('gate-up');
    const said = refused(
      'plan-differs',
      /holds parts of another plan, to stacked from .*: model-00001-of-\d+.*part 1\/3/,
    );
    await expect(part('2/3', { from: other })).rejects.toMatchObject(said);
    await expect(joined({ from: other })).rejects.toMatchObject(said);
    expect(readdirSync(join(desk.out, '.moe-loom-parts')).filter((name) => name.startsWith('plan.')).length).toBe(1);
    await part('1/1');
    const records = join(desk.out, '.moe-loom-parts');
    const [record = ''] = readdirSync(records).filter((name) => name.endsWith('.done'));
    copyFileSync(join(records, record), join(records, 'model-00077-of-00099.safetensors.done'));
    await expect(joined()).rejects.toMatchObject(
      refused('plan-differs', /model-00077-of-00099.* no shard of this plan/),
    );
  });

  it('a record that says another plan made its shard', async () => {
    await part('1/1');
    const records = join(desk.out, '.moe-loom-parts');
    const [record = ''] = readdirSync(records).filter((name) => name.endsWith('.done'));
    const text = readFileSync(join(records, record), 'utf8');
    writeFileSync(join(records, record), text.replace(desk.planFile.hash, '0'.repeat(64)));
    await expect(joined()).rejects.toMatchObject(refused('output-not-empty', new RegExp(record.replace('.done', ''))));
  });

  it('a changed source, and so does a part', async () => {
    await part('1/3');
    const name = 'model-00003-of-00003.safetensors';
    const bytes = readFileSync(join(desk.source, name));
    appendFileSync(join(desk.source, name), 'x');
    await expect(part('1/1')).rejects.toMatchObject(refused('source-changed', new RegExp(`${name} has \\d+ bytes`)));
    writeFileSync(join(desk.source, name), bytes);
    await part('1/1');
    rmSync(join(desk.source, 'tokenizer.json'));
    await expect(joined()).rejects.toMatchObject(refused('source-changed', /tokenizer\.json is missing/));
    writeFileSync(join(desk.source, 'tokenizer.json'), '{"tokens":[1]');
    await expect(joined()).rejects.toMatchObject(refused('source-changed', /tokenizer\.json has other bytes/));
  });

  it('files that no part wrote, and so does a part: they stay as they are', async () => {
    await part('1/1');
    for (const name of ['notes.txt', 'config.json', 'README.md', 'model-00001-of-00099.safetensors']) {
      writeFileSync(join(desk.out, name), 'mine');
      for (const run of [() => part('1/1'), () => joined()])
        await expect(run()).rejects.toMatchObject(refused('output-not-empty', new RegExp(`^${name} in `)));
      expect(readFileSync(join(desk.out, name), 'utf8')).toBe('mine');
      rmSync(join(desk.out, name));
    }
    await joined();
  });

  it('a shard of which another file has the name: it is not written over', async () => {
    const first = desk.planFile.plan.shards[0]?.file ?? '';
    mkdirSync(desk.out);
    writeFileSync(join(desk.out, first), 'mine');
    await expect(part('1/1')).rejects.toMatchObject(refused('output-not-empty', new RegExp(first)));
    rmSync(join(desk.out, first));
    await part('1/1');
    writeFileSync(join(desk.out, first), 'mine, and longer than a word');
    await expect(part('1/1')).rejects.toMatchObject(refused('output-not-empty', new RegExp(first)));
    expect(readFileSync(join(desk.out, first), 'utf8')).toMatch(/^mine/);
  });
});

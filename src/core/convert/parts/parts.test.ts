import {
  appendFileSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openCheckpoint } from '../../checkpoint/open.ts';
import { planConversion } from '../../plan/conversion.ts';
import type { Target } from '../../plan/types.ts';
import { LOCK_PACE } from '../../sink/shard-lock.node.ts';
import { openLocal } from '../../source/folder.node.ts';
import { countingFiles, hubFolder } from '../../testing.fixture.ts';
import { openFolderOutput } from '../output.node.ts';
import { partsOfPlan } from '../parts-of.ts';
import { planFileOf } from '../plan-file/format.ts';
import { identifySource } from '../plan-file/source.ts';
import type { PlanFile } from '../plan-file/types.ts';
import { runPlan } from '../run.ts';
import { joinParts } from './join.node.ts';
import { openPartPlace, type PartPlaceOptions } from './place.node.ts';
import { runPart } from './run-part.node.ts';
import { surveyParts } from './survey.node.ts';

let work: string;
let source: string;
let out: string;
let planFile: PlanFile;
beforeEach(async () => {
  work = mkdtempSync(join(tmpdir(), 'moe-loom-parts-'));
  source = join(work, 'source');
  out = join(work, 'out');
  cpSync(hubFolder('qwen3_moe'), source, { recursive: true });
  writeFileSync(join(source, 'tokenizer.json'), '{"tokens":[]}');
  mkdirSync(join(source, 'more'));
  writeFileSync(join(source, 'more', 'chat.jinja'), 'hello');
  planFile = await planned();
});
afterEach(() => rmSync(work, { recursive: true, force: true }));

async function planned(target: Target = 'stacked', maxShardBytes = 130_000): Promise<PlanFile> {
  const files = await openLocal(source);
  const plan = planConversion(await openCheckpoint(files), target, { maxShardBytes });
  const named = { open: source, endpoint: null, repo: null, commit: null };
  const card = { text: '# A card\n', pictures: { 'layout-before.svg': '<svg/>' } };
  return planFileOf({ plan, source: { ...named, files: await identifySource(plan, files) }, card });
}

async function part(text: string, options: { from?: PlanFile; place?: Partial<PartPlaceOptions> } = {}) {
  const { from = planFile, place: more } = options;
  const [number = 1, of = 1] = text.split('/').map(Number);
  const place = await openPartPlace(out, from, { source, part: text, ...more });
  try {
    const { files, reads } = countingFiles(await openLocal(source));
    const report = await runPart(from, { place, files, shards: partsOfPlan(from.plan, of)[number - 1] ?? [] });
    return { ...report, read: reads.reduce((sum, { start, end }) => sum + end - start, 0) };
  } finally {
    place.close();
  }
}

async function joined(options: { from?: PlanFile; readBack?: boolean } = {}) {
  const { from = planFile, readBack } = options;
  const place = await openPartPlace(out, from, { source, part: 'join', begins: false });
  try {
    return await joinParts(from, { place, files: await openLocal(source), readBack });
  } finally {
    place.close();
  }
}

/** What one machine writes. */
async function expected(): Promise<Map<string, string>> {
  const straight = join(work, 'straight');
  const files = await openLocal(source);
  const { plan, card } = planFile;
  const output = await openFolderOutput(straight, plan, files, { source, unfinished: 'refuse' });
  await runPlan(plan, { files, ...output, card: () => card?.text ?? '', pictures: card?.pictures ?? {} });
  return contents(straight);
}

/** Every file, the report without its times. */
function contents(folder: string): Map<string, string> {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    names
      .map(({ name, parentPath }) => join(parentPath, name))
      .sort()
      .map((path) => {
        const text = readFileSync(path).toString('latin1');
        const said = path.endsWith('moe-loom-report.json') ? text.replace(/"seconds": \{[^}]*\}/, '') : text;
        return [path.slice(folder.length), said];
      }),
  );
}

const shardsOf = (place: string) => readdirSync(place).filter((name) => name.endsWith('.safetensors'));

describe('parts and their join', () => {
  it.each([1, 2, 3, 16])('give the bytes of one machine, the report too, in %i parts in any order', async (count) => {
    const order = Array.from({ length: count }, (_, at) => `${((at * 7) % count) + 1}/${count}`);
    for (const name of new Set([...order, ...Array.from({ length: count }, (_, at) => `${at + 1}/${count}`)]))
      await part(name);
    await joined();
    expect(contents(out)).toEqual(await expected());
  });

  it('skip what is finished, and read nothing of the source for it', async () => {
    const first = await part('1/2');
    const again = await part('1/2');
    expect(again).toMatchObject({ made: [], skipped: first.made, bytes: 0, read: 0 });
    const all = await part('1/1');
    expect(all.skipped).toEqual(first.made);
    expect(all.made.length + all.skipped.length).toBe(planFile.plan.shards.length);
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
    expect(contents(out)).toEqual(await expected());
  });

  it('are written from a copy of the source elsewhere, and joined again without harm', async () => {
    await part('1/2');
    const elsewhere = join(work, 'elsewhere');
    cpSync(source, elsewhere, { recursive: true });
    const want = await expected();
    source = elsewhere;
    await part('2/2');
    expect((await joined()).before).toBe(false);
    expect(contents(out)).toEqual(want);
    expect((await joined()).before).toBe(true);
    expect(await part('1/2')).toMatchObject({ made: [], read: 0 });
    expect(contents(out)).toEqual(want);
  });

  it('are joined from the records alone: of the shards only the headers are read', async () => {
    await part('1/1');
    const [first] = planFile.plan.shards;
    if (!first) throw new Error('no shard');
    const path = join(out, first.file);
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
    expect(contents(out)).toEqual(await expected());
  });

  it('continue where a join was ended before its index', async () => {
    await part('1/1');
    const place = await openPartPlace(out, planFile, { source, part: 'join', begins: false });
    const controller = new AbortController();
    const files = await openLocal(source);
    const stopping = {
      ...files,
      open: async (name: string) => {
        if (name === 'tokenizer.json' && existsSync(join(out, 'generation_config.json'))) controller.abort();
        return files.open(name);
      },
    };
    await expect(joinParts(planFile, { place, files: stopping, signal: controller.signal })).rejects.toMatchObject({
      tag: 'cancelled',
    });
    place.close();
    expect(existsSync(join(out, 'model.safetensors.index.json'))).toBe(false);
    await joined();
    expect(contents(out)).toEqual(await expected());
  });
});

describe('a join refuses', () => {
  const refused = (tag: string, reason: RegExp) => ({ tag, message: expect.stringMatching(reason) });

  it('gaps, by their names, with the part that has to run again', async () => {
    await part('1/3');
    const missing = planFile.plan.shards.map(({ file }) => file).filter((file) => !shardsOf(out).includes(file));
    await expect(joined()).rejects.toMatchObject(refused('parts-incomplete', new RegExp(`${missing[0]} is missing`)));
    const last = shardsOf(out).at(-1) ?? '';
    truncateSync(join(out, last), 1000);
    await expect(joined()).rejects.toMatchObject(
      refused('parts-incomplete', new RegExp(`${last} is damaged \\(part 1/3 on ${hostname()}\\): it is cut short`)),
    );
    expect(existsSync(join(out, 'config.json'))).toBe(false);
    await part('1/3');
    await part('2/3');
    await part('3/3');
    rmSync(join(out, last));
    await expect(joined()).rejects.toMatchObject(
      refused('parts-incomplete', new RegExp(`1 of 7 .*${last} is missing`)),
    );
  });

  it('a folder without parts, and leaves nothing in it; nor does a part in a folder of something else', async () => {
    await expect(joined()).rejects.toMatchObject(refused('parts-incomplete', /7 of 7 shards .* is missing/));
    expect(existsSync(out)).toBe(false);
    mkdirSync(out);
    writeFileSync(join(out, 'notes.txt'), 'mine');
    for (const run of [() => part('1/1'), () => joined()])
      await expect(run()).rejects.toMatchObject(refused('output-not-empty', /notes\.txt/));
    expect(readdirSync(out)).toEqual(['notes.txt']);
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
    expect(readdirSync(join(out, '.moe-loom-parts')).filter((name) => name.startsWith('plan.')).length).toBe(1);
    await part('1/1');
    const records = join(out, '.moe-loom-parts');
    const [record = ''] = readdirSync(records).filter((name) => name.endsWith('.done'));
    copyFileSync(join(records, record), join(records, 'model-00077-of-00099.safetensors.done'));
    await expect(joined()).rejects.toMatchObject(
      refused('plan-differs', /model-00077-of-00099.* no shard of this plan/),
    );
  });

  it('a record that says another plan made its shard', async () => {
    await part('1/1');
    const records = join(out, '.moe-loom-parts');
    const [record = ''] = readdirSync(records).filter((name) => name.endsWith('.done'));
    const text = readFileSync(join(records, record), 'utf8');
    writeFileSync(join(records, record), text.replace(planFile.hash, '0'.repeat(64)));
    await expect(joined()).rejects.toMatchObject(refused('output-not-empty', new RegExp(record.replace('.done', ''))));
  });

  it('a changed source, and so does a part', async () => {
    await part('1/3');
    const name = 'model-00003-of-00003.safetensors';
    const bytes = readFileSync(join(source, name));
    appendFileSync(join(source, name), 'x');
    await expect(part('1/1')).rejects.toMatchObject(refused('source-changed', new RegExp(`${name} has \\d+ bytes`)));
    writeFileSync(join(source, name), bytes);
    await part('1/1');
    rmSync(join(source, 'tokenizer.json'));
    await expect(joined()).rejects.toMatchObject(refused('source-changed', /tokenizer\.json is missing/));
    writeFileSync(join(source, 'tokenizer.json'), '{"tokens":[1]');
    await expect(joined()).rejects.toMatchObject(refused('source-changed', /tokenizer\.json has other bytes/));
  });

  it('files that no part wrote, and so does a part: they stay as they are', async () => {
    await part('1/1');
    for (const name of ['notes.txt', 'config.json', 'README.md', 'model-00001-of-00099.safetensors']) {
      writeFileSync(join(out, name), 'mine');
      for (const run of [() => part('1/1'), () => joined()])
        await expect(run()).rejects.toMatchObject(refused('output-not-empty', new RegExp(`^${name} in `)));
      expect(readFileSync(join(out, name), 'utf8')).toBe('mine');
      rmSync(join(out, name));
    }
    await joined();
  });

  it('a shard of which another file has the name: it is not written over', async () => {
    const first = planFile.plan.shards[0]?.file ?? '';
    mkdirSync(out);
    writeFileSync(join(out, first), 'mine');
    await expect(part('1/1')).rejects.toMatchObject(refused('output-not-empty', new RegExp(first)));
    rmSync(join(out, first));
    await part('1/1');
    writeFileSync(join(out, first), 'mine, and longer than a word');
    await expect(part('1/1')).rejects.toMatchObject(refused('output-not-empty', new RegExp(first)));
    expect(readFileSync(join(out, first), 'utf8')).toMatch(/^mine/);
  });
});

describe('a lock of a shard', () => {
  const lockOf = (name: string) => join(out, '.moe-loom-parts', `${name}.lock`);
  const owner = { host: 'elsewhere', pid: 7, started: null, token: 'abc', part: '9/9', job: null, restart: 0 };
  const quick = { ...LOCK_PACE, wait: async () => undefined };

  async function begun(lock: object): Promise<string> {
    await part('1/7');
    const file = planFile.plan.shards.at(-1)?.file ?? '';
    writeFileSync(lockOf(file), JSON.stringify(lock));
    return file;
  }

  it('of another host is taken over once it is old, and what its run left is removed', async () => {
    const file = await begun(owner);
    const left = join(out, '.moe-loom-parts', `${file}.elsewhere.9-9.abc.tmp`);
    writeFileSync(left, 'half');
    const long = Date.now() / 1000 - 600;
    utimesSync(lockOf(file), long, long);
    expect((await surveyParts(out, planFile)).shards.at(-1)?.state).toBe('missing');
    expect((await part('7/7')).made).toEqual([file]);
    expect(existsSync(left) || existsSync(lockOf(file))).toBe(false);
  });

  it('of another host is waited for while it is young, and taken over when it does not beat', async () => {
    const file = await begun(owner);
    expect((await surveyParts(out, planFile)).shards.at(-1)).toMatchObject({ state: 'running', part: '9/9' });
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
    expect(existsSync(join(out, file))).toBe(false);
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

it('says of each shard whether it is done, failed or missing, and by whom', async () => {
  const place = await openPartPlace(out, planFile, { source, part: '2/2' });
  const files = await openLocal(source);
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
  const shards = partsOfPlan(planFile.plan, 2)[1] ?? [];
  await expect(runPart(planFile, { place, files: failing, shards })).rejects.toThrow('The disk hums.');
  place.close();
  await part('1/2');
  const { shards: states, joined: isJoined } = await surveyParts(out, planFile);
  expect(isJoined).toBe(false);
  const broken = states.find(({ state }) => state === 'failed');
  expect(broken).toMatchObject({ part: '2/2', host: hostname(), why: expect.stringContaining('The disk hums.') });
  expect(states.filter(({ state }) => state === 'done').map(({ part: by }) => by)).toContain('1/2');
  await part('2/2');
  expect((await surveyParts(out, planFile)).shards.every(({ state }) => state === 'done')).toBe(true);
});

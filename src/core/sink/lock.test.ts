import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockRounds } from '../../../bench/lock/rounds.ts';
import { LOCK_FILE, lockFolder } from './lock.node.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'moe-loom-lock-test-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A process that has ended. */
const { pid: ended } = spawnSync(process.execPath, ['--version']);
const HELD = { tag: 'output-in-use' };
const lockText = (owner: Record<string, unknown>) => JSON.stringify({ pid: ended, host: hostname(), ...owner });
const plant = (owner: Record<string, unknown>, name = LOCK_FILE) => writeFileSync(join(folder, name), lockText(owner));
/** Takes the lock, lets it go, and gives what is left. */
const inAndOut = async () => {
  await (await lockFolder(folder))();
  return readdirSync(folder);
};

describe('the lock of an output folder', () => {
  it('names its process, lets one in at a time, also of the same process, and leaves nothing', async () => {
    const unlock = await lockFolder(folder);
    expect(readdirSync(folder)).toEqual([LOCK_FILE]);
    expect(JSON.parse(readFileSync(join(folder, LOCK_FILE), 'utf8'))).toMatchObject({
      pid: process.pid,
      host: hostname(),
      token: expect.any(String),
    });
    await expect(lockFolder(folder)).rejects.toMatchObject(HELD);
    await unlock();
    expect(await inAndOut()).toEqual([]);
  });

  it('is held where it cannot be read, and where it is of another host', async () => {
    for (const text of ['', '{"pid":', '[]', '{"pid":-1,"host":"x"}', lockText({ host: 'elsewhere', token: 't' })]) {
      writeFileSync(join(folder, LOCK_FILE), text);
      await expect(lockFolder(folder)).rejects.toMatchObject({ ...HELD, message: expect.stringContaining(LOCK_FILE) });
      expect(readFileSync(join(folder, LOCK_FILE), 'utf8')).toBe(text);
      expect(readdirSync(folder)).toEqual([LOCK_FILE]);
    }
  });

  it('is stale when its process has ended, or another one has its number now', async () => {
    plant({ token: 'a' });
    expect(await inAndOut()).toEqual([]);
    plant({ pid: process.ppid, started: 'earlier', token: 'b' });
    if (process.platform === 'linux') expect(await inAndOut()).toEqual([]);
  });

  it('is taken over after others died while they took it over, one after another', async () => {
    plant({ token: 'a' });
    plant({ token: 'b' }, `${LOCK_FILE}.over.a`);
    plant({ token: 'c' }, `${LOCK_FILE}.over.b`);
    plant({ token: 'd' }, `${LOCK_FILE}.claim.d`);
    expect(await inAndOut()).toEqual([]);
  });

  it('is not taken over while a living process has the right to', async () => {
    plant({ token: 'a' });
    plant({ pid: process.ppid, token: 'b' }, `${LOCK_FILE}.over.a`);
    const before = readdirSync(folder);
    await expect(lockFolder(folder)).rejects.toMatchObject(HELD);
    expect(readdirSync(folder)).toEqual(before);
  });

  it('is released only where it is still this one', async () => {
    const unlock = await lockFolder(folder);
    plant({ host: 'elsewhere', token: 'other' });
    await unlock();
    expect(readdirSync(folder)).toEqual([LOCK_FILE]);
  });

  it.each([false, true])(
    'never lets two processes in (after one that ended: %s)',
    { timeout: 120_000 },
    async (stale) => {
      const { twoIn, left, entries } = await lockRounds(15, 4, stale);
      expect({ twoIn, left, entries }).toEqual({ twoIn: 0, left: 0, entries: 60 });
    },
  );
});

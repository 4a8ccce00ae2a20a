import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HOSTILE } from '../core/embed/hostile.fixture.ts';
import { hubFolder, safetensorsBytes } from '../core/testing.fixture.ts';
import { capture } from './answers/capture.fixture.ts';
import { type CheckNote, sarifLog } from './check-notes.ts';

let work: string;
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'moe-loom-notes-'));
});
afterEach(() => rmSync(work, { recursive: true, force: true }));

/** A file whose header breaks a rule at a known byte. */
function writeBroken(file: string): string {
  const path = join(work, file);
  mkdirSync(dirname(path), { recursive: true });
  const header = '{"w":{"dtype":"NONE","shape":[1],"data_offsets":[0,1]}}';
  const bytes = new Uint8Array(8 + header.length + 1);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
  bytes.set(new TextEncoder().encode(header), 8);
  writeFileSync(path, bytes);
  return path;
}

type Sarif = ReturnType<typeof sarifLog>;

/** What the specification (2.1.0) asks of a log that uses these properties. */
function expectValid({ $schema, version, runs }: Sarif): void {
  expect([version, $schema]).toEqual(['2.1.0', expect.stringMatching(/sarif-2\.1\.0\.json$/)]);
  expect(runs).toHaveLength(1);
  for (const { tool, results } of runs) {
    const ids = tool.driver.rules.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { shortDescription, help, defaultConfiguration } of tool.driver.rules) {
      expect([shortDescription.text, help.text].every((text) => text.length > 10)).toBe(true);
      expect(['error', 'warning']).toContain(defaultConfiguration.level);
    }
    for (const { ruleId, ruleIndex, level, message, locations, partialFingerprints } of results) {
      expect(ids[ruleIndex]).toBe(ruleId);
      expect(['error', 'warning']).toContain(level);
      expect(message.text).not.toBe('');
      expect(Object.values(partialFingerprints)).toEqual([expect.stringMatching(/^[0-9a-f]{16}:\d+$/)]);
      for (const { physicalLocation } of locations) {
        const { uri, uriBaseId } = physicalLocation.artifactLocation;
        // Of RFC 3986: unreserved characters, slashes and whole escapes; a relative one has no scheme and leaves no folder.
        expect(uri).toMatch(/^(?:file:\/\/)?(?:[\w.~/-]|%[0-9A-F]{2})+$/);
        expect(uri.startsWith('file:')).toBe(uriBaseId === undefined);
        if (uriBaseId !== undefined) expect(uri).not.toMatch(/^\/|(?:^|\/)\.\.(?:\/|$)/);
        const offset = physicalLocation.region?.byteOffset;
        if (offset !== undefined) expect(Number.isInteger(offset) && offset >= 0).toBe(true);
      }
    }
    const prints = results.map((result) => result.partialFingerprints.primaryLocationLineHash);
    expect(new Set(prints).size).toBe(prints.length);
  }
}

async function sarifOf(...paths: string[]) {
  const { code, stdout, stderr } = await capture('check', ...paths, '--format', 'sarif');
  const log = JSON.parse(stdout) as Sarif;
  expectValid(log);
  return { code, stderr, results: log.runs[0]?.results ?? [] };
}

describe('check --format sarif', () => {
  it('has no results for valid files, and every rule', async () => {
    const { code, results } = await sarifOf(hubFolder('qwen3_moe'));
    expect([code, results]).toEqual([0, []]);
  });

  it('says rule, file, byte and tensor, whether a file or its folder is checked', async () => {
    const path = writeBroken('a folder/w%20?.safetensors');
    const [alone, inFolder] = [await sarifOf(path), await sarifOf(join(work, 'a folder'))];
    expect(inFolder.results).toEqual(alone.results);
    expect(alone.code).toBe(1);
    const [found] = alone.results;
    expect(found).toMatchObject({ ruleId: 'dtype-unknown', level: 'error' });
    const [{ physicalLocation, logicalLocations } = { physicalLocation: null }] = found?.locations ?? [];
    expect(physicalLocation?.region?.byteOffset).toBeGreaterThan(8);
    expect(logicalLocations).toEqual([{ name: 'w', kind: 'member' }]);
    const { uri = '' } = physicalLocation?.artifactLocation ?? {};
    expect(uri.startsWith('file:') ? fileURLToPath(uri) : resolve(decodeURIComponent(uri))).toBe(path);
  });

  it('names the file of a finding between files', async () => {
    writeFileSync(
      join(work, 'model-00001-of-00002.safetensors'),
      safetensorsBytes([{ name: 'w', dtype: 'U8', shape: [1] }]),
    );
    const { code, results } = await sarifOf(work);
    expect(code).toBe(1);
    const [found] = results;
    expect(found?.ruleId).toBe('shard-missing');
    expect(found?.locations[0]?.physicalLocation.artifactLocation.uri).toMatch(/\.safetensors$/);
  });

  it('has addresses that are read back as the names, and fingerprints that stay', () => {
    const names = HOSTILE.filter((name) => !/[\0/]|^\.{0,2}$/.test(name) && !/\p{Cs}/u.test(name));
    const notes = names.map(
      (name): CheckNote => ({ tag: 'data-incomplete', message: name, level: 'error', path: `x/${name}` }),
    );
    const log = sarifLog([...notes, ...notes], '/w');
    expectValid(log);
    const uris = log.runs[0]?.results.map(({ locations }) => locations[0]?.physicalLocation.artifactLocation.uri ?? '');
    expect(uris?.slice(0, names.length).map((uri) => relative('x', decodeURIComponent(uri)))).toEqual(names);
    const prints = (each: Sarif) => each.runs[0]?.results.map((result) => result.partialFingerprints);
    expect(prints(sarifLog(notes, '/w'))).toEqual(prints(log)?.slice(0, names.length));
    const outside = sarifLog([{ tag: 'not-weights', message: 'm', level: 'error', path: '../y z' }], '/w');
    expectValid(outside);
    expect(outside.runs[0]?.results[0]?.locations[0]?.physicalLocation.artifactLocation).toEqual({
      uri: 'file:///y%20z',
    });
  });
});

describe('check --format', () => {
  it('github prints one command for each fault, of files and of what cannot be read', async () => {
    const path = writeBroken('a,b:c.safetensors');
    const { code, stdout } = await capture('check', path, '--format', 'github');
    expect(code).toBe(1);
    expect(stdout).toMatch(/^::error file=[^\n]*a%2Cb%3Ac\.safetensors,title=moe-loom%3A dtype-unknown::[^\n]+\n$/);
    const missing = await capture('check', join(work, 'nothing'), '--format', 'github');
    expect([missing.code, missing.stdout]).toEqual([
      2,
      expect.stringMatching(/^::error title=moe-loom%3A path-not-found::/),
    ]);
    expect((await capture('check', hubFolder('qwen3_moe'), '--format', 'github')).stdout).toBe('');
  });

  it('json is --json, also for errors; text is the usual one', async () => {
    const path = writeBroken('w.safetensors');
    expect(await capture('check', path, '--format', 'json')).toEqual(await capture('check', path, '--json'));
    expect(await capture('check', path, '--format', 'text')).toEqual(await capture('check', path));
    const missing = await capture('check', join(work, 'nothing'), '--format=json');
    expect(JSON.parse(missing.stdout)).toMatchObject({ version: 1, error: { tag: 'path-not-found' } });
  });

  it('refuses what it does not know, and two formats', async () => {
    for (const [flags, says] of [
      [['--format', 'xml'], 'takes text, json, sarif, github'],
      [['--format', 'sarif', '--json'], 'contradict each other'],
    ] as const) {
      const { code, stderr } = await capture('check', work, ...flags);
      expect([code, stderr]).toEqual([2, expect.stringContaining(says)]);
    }
  });
});

import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { repoFile } from '../../../e2e/support/hub/repo.ts';
import { createNodeFetch } from '../source/fetch.node.ts';
import { openLocal } from '../source/folder.node.ts';
import { checkFolder } from './folder.ts';
import { openPublishJournal } from './journal.node.ts';
import {
  env,
  expectWhole,
  folder,
  hub,
  NEEDED,
  publish,
  put,
  REPO,
  refusal,
  SHARDS,
  SMALL,
  setUpPublish,
  sums,
} from './publish-desk.fixture.ts';
import { previewPublication } from './run.ts';
import { parsePublishTarget } from './target.ts';

setUpPublish();

describe('a folder that is published', () => {
  it('lands in one commit of a repository that is made for it, with every byte', async () => {
    const told: string[] = [];
    const done = await publish({ onFile: (file) => told.push(file), private: true });
    expectWhole();
    expect(hub.historyOf(REPO)).toEqual(['Add a model', 'Add files']);
    expect(done).toMatchObject({
      repo: REPO,
      branch: 'main',
      created: true,
      committed: true,
      commit: hub.headOf(REPO),
    });
    expect(done.url).toBe(`${hub.url}/${REPO}/tree/${done.commit}`);
    expect(done.sent).toBe(NEEDED);
    expect(hub.uploadedBytes).toBe(done.sent);
    expect(done.files.find(({ file }) => file === 'config.json')).toMatchObject({ storage: 'git', sha256: null });
    const [first] = Object.keys(SHARDS);
    expect(done.files.find(({ file }) => file === first)).toMatchObject({ storage: 'lfs', sha256: sums[first ?? ''] });
    expect(told.sort()).toEqual([...Object.keys(SHARDS), SMALL].sort());
  });

  it('is not committed a second time where nothing changed, and only with what did', async () => {
    const { commit } = await publish();
    const again = await publish();
    expect(again).toMatchObject({ commit, committed: false, created: false, sent: 0 });
    expect(hub.historyOf(REPO)).toHaveLength(2);
    put('README.md', '# Another card\n');
    const third = await publish({ message: 'Say more' });
    expect(third.files.filter(({ state }) => state === 'committed').map(({ file }) => file)).toEqual(['README.md']);
    expectWhole();
    put('README.md', '# A model\n');
  });

  it('goes to a branch that is made for it', async () => {
    await publish();
    await publish({ branch: 'experts/stacked' });
    expectWhole('experts/stacked');
  });

  it('is previewed without a change on the Hub', async () => {
    const files = await openLocal(folder);
    const entries = await files.list();
    const target = parsePublishTarget(REPO);
    const ask = async () =>
      previewPublication({
        target,
        files,
        folder: checkFolder(folder, entries, [], null),
        journal: await openPublishJournal({ ...target, endpoint: hub.url, folder }, env),
        message: '',
        private: false,
        endpoint: hub.url,
        token: 'hf_owner',
      });
    expect(await ask()).toMatchObject({
      exists: false,
      unchanged: 0,
      bytes: entries.reduce((s, e) => s + e.byteLength, 0),
    });
    expect(hub.repos).toEqual([]);
    await publish();
    expect(await ask()).toMatchObject({ exists: true, unchanged: entries.length, bytes: 0 });
    expect(hub.historyOf(REPO)).toHaveLength(2);
  });
});

describe('a publication that is refused', () => {
  it('says that somebody else committed, and lands on top of that without sending again', async () => {
    await publish();
    put('README.md', '# Mine\n');
    put(SMALL, randomBytes(900));
    const platform = createNodeFetch({});
    const late: typeof fetch = (input, init) => {
      if (String(input).includes('/commit/')) hub.commit(REPO, [repoFile('theirs.txt', 'theirs')]);
      return platform(input, init);
    };
    const error = await refusal(publish({ fetch: late }));
    expect(error.tag).toBe('source-changed');
    expect(error.message).toMatch(
      /Somebody else committed to main of owner\/published.*Nothing was committed.*publish again/,
    );
    const sent = hub.uploadedBytes;
    await publish();
    expect(hub.uploadedBytes).toBe(sent);
    expectWhole();
    put('README.md', '# A model\n');
  });

  it('names a file whose bytes are not those that were proven, before it asks the Hub', async () => {
    const [first = ''] = Object.keys(SHARDS);
    const whole = readFileSync(join(folder, first));
    writeFileSync(
      join(folder, first),
      Buffer.concat([whole.subarray(0, 50), Buffer.from([whole[50] === 0 ? 1 : 0]), whole.subarray(51)]),
    );
    const error = await refusal(publish());
    expect(error.tag).toBe('source-hash-wrong');
    expect(error.message).toMatch(new RegExp(`^${first} does not have the bytes that were proven`));
    expect(hub.journal).toEqual([]);
    writeFileSync(join(folder, first), whole);
  });

  it('names a file that the Hub received with another SHA-256, and commits nothing', async () => {
    hub.switches.spoilsUploads = true;
    const error = await refusal(publish());
    expect(error.tag).toBe('source-hash-wrong');
    expect(error.message).toMatch(/^The Hub did not take model-00001-of-00002.safetensors twice/);
    expect(hub.historyOf(REPO)).toHaveLength(1);
    hub.switches.spoilsUploads = false;
    await publish();
    expectWhole();
  });

  it('tells apart no token, one that is not accepted, one that may not write, and a private repository', async () => {
    expect((await refusal(publish({ token: undefined }))).message).toMatch(/hf auth login/);
    expect(hub.journal).toEqual([]);
    const wrong = await refusal(publish({ token: 'hf_unknown' }));
    expect([wrong.tag, wrong.message]).toEqual(['token-rejected', expect.stringMatching(/write access/)]);
    const poor = await refusal(publish({ token: 'hf_member' }));
    expect([poor.tag, poor.message]).toEqual([
      'access-denied',
      expect.stringMatching(/may not write to owner\/published/),
    ]);
    hub.addRepo({ id: REPO, files: [], private: true });
    const hidden = await refusal(publish({ token: 'hf_member' }));
    expect([hidden.tag, hidden.message]).toEqual(['access-denied', expect.stringMatching(/may not write/)]);
    const strangers = [wrong, poor, hidden].map(({ message }) => message).join();
    expect(strangers).not.toMatch(/hf_(unknown|member)/);
  });

  it('does not put into public what was to be private', async () => {
    hub.addRepo({ id: REPO, files: [] });
    const error = await refusal(publish({ private: true }));
    expect([error.tag, error.message]).toEqual(['usage', expect.stringMatching(/is public/)]);
    expect(hub.journal.filter(({ method }) => method !== 'GET')).toEqual([]);
  });

  it('says that an object is too large for the repository', async () => {
    hub.switches.mostLfsBytes = 1024;
    expect((await refusal(publish())).message).toMatch(/does not take model-00001-of-00002.safetensors \(422\)/);
  });
});

import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findInHubCache, hubCacheFolder } from './cache.node.ts';

const SHA = '0123456789abcdef0123456789abcdef01234567';
let root = '';
let hub = '';

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(hub, path)), { recursive: true });
  await writeFile(join(hub, path), text);
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'moe-loom-hub-'));
  hub = join(root, 'hub');
  await put('models--org--name/refs/main', SHA);
  await put('models--org--name/refs/refs/pr/1', `${SHA}\n`);
  await put('models--org--name/refs/odd', '../../elsewhere');
  await put('models--org--name/blobs/abc', 'weights');
  await put(`models--org--name/snapshots/${SHA}/config.json`, '{}');
  await mkdir(join(hub, `models--org--name/snapshots/${SHA}/sub`));
  await symlink('../../../blobs/abc', join(hub, `models--org--name/snapshots/${SHA}/sub/model.safetensors`));
  await put('models--gpt2/refs/main', SHA);
  await put(`models--gpt2/snapshots/${SHA}/model.safetensors`, 'weights');
  await put('models--org--bare/refs/main', SHA);
  await put(`models--org--bare/snapshots/${SHA}/config.json`, '{}');
  await put('models--org--gone/refs/main', SHA);
  await mkdir(join(hub, `models--org--gone/snapshots/${SHA}`), { recursive: true });
  await symlink('../../blobs/deleted', join(hub, `models--org--gone/snapshots/${SHA}/model.safetensors`));
});
afterAll(() => rm(root, { recursive: true }));

describe('findInHubCache', () => {
  const snapshot = (repo: string) => join(hub, `models--${repo}`, 'snapshots', SHA);

  it('finds a model by branch, ref, commit and old name', async () => {
    const env = { HF_HUB_CACHE: hub };
    const found = async (name: string) => (await findInHubCache(name, env))?.path;
    expect(await found('org/name')).toBe(snapshot('org--name'));
    expect(await found('org/name@refs/pr/1')).toBe(snapshot('org--name'));
    expect(await found(`org/name@${SHA}`)).toBe(snapshot('org--name'));
    expect(await found('gpt2')).toBe(snapshot('gpt2'));
    expect(await found('hf://org/name/sub')).toBe(join(snapshot('org--name'), 'sub'));
  });

  it('finds the checkpoint of a file, and tells what of it was not downloaded', async () => {
    const env = { HF_HUB_CACHE: hub };
    const folder = snapshot('org--half');
    await put('models--org--half/refs/main', SHA);
    const put2 = (name: string, text: string) => put(`models--org--half/snapshots/${SHA}/${name}`, text);
    await put2('model-00001-of-00003.safetensors', 'x');
    await put2('model-00003-of-00003.safetensors', 'x');
    const path = join(folder, 'model-00001-of-00003.safetensors');
    expect(await findInHubCache('hf://org/half/model-00001-of-00003.safetensors', env)).toEqual({
      path,
      folder,
      commit: SHA,
      missing: ['model-00002-of-00003.safetensors'],
    });
    const map = { a: 'model-00001-of-00003.safetensors', b: 'extra.safetensors' };
    await put2('model.safetensors.index.json', JSON.stringify({ weight_map: map }));
    const missing = ['extra.safetensors', 'model-00002-of-00003.safetensors'];
    expect(await findInHubCache('org/half', env)).toMatchObject({ path: folder, missing });
    expect((await findInHubCache('org/name', env))?.missing).toEqual([]);
  });

  it('gives null for what is not there, empty, broken or odd', async () => {
    const env = { HF_HUB_CACHE: hub };
    const names = ['org/none', 'org/name@v1', 'org/name@odd', `org/name@${'f'.repeat(40)}`, 'org/bare', 'org/gone'];
    for (const name of names) expect(await findInHubCache(name, env)).toBe(null);
    expect(await findInHubCache('hf://org/name/other', env)).toBe(null);
    expect(await findInHubCache('org/name', { HF_HUB_CACHE: join(root, 'nowhere') })).toBe(null);
  });

  it('looks where huggingface_hub does', () => {
    const all = { HF_HUB_CACHE: '/a', HUGGINGFACE_HUB_CACHE: '/b', HF_HOME: '/c', XDG_CACHE_HOME: '/d', HOME: '/e' };
    expect(hubCacheFolder(all)).toBe('/a');
    expect(hubCacheFolder({ ...all, HF_HUB_CACHE: '' })).toBe('/b');
    const { HF_HOME, XDG_CACHE_HOME, HOME } = all;
    expect(hubCacheFolder({ HF_HOME, XDG_CACHE_HOME, HOME })).toBe('/c/hub');
    expect(hubCacheFolder({ XDG_CACHE_HOME, HOME })).toBe('/d/huggingface/hub');
    expect(hubCacheFolder({ HOME })).toBe('/e/.cache/huggingface/hub');
    expect(hubCacheFolder({ HF_HOME: '~/x', HOME })).toBe('/e/x/hub');
  });
});

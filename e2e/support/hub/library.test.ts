import { downloadFile, listFiles, modelInfo, parseSafetensorsMetadata } from '@huggingface/hub';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { presetRepos } from './presets.ts';
import { qwen3Moe235b } from './qwen3-moe.ts';
import { type HubServer, startHub } from './server.ts';

/** The Hub's own library, as published, keeps this server honest. */
const BIG = 'Qwen/Qwen3-235B-A22B';
let hub: HubServer;

beforeAll(async () => {
  hub = await startHub({ repos: [qwen3Moe235b({ layout: 'per-expert' }), ...presetRepos()] });
});
afterAll(async () => {
  expect(hub.leaks).toEqual([]);
  await hub.close();
});
beforeEach(() => hub.clearJournal());

it('counts the parameters of Qwen3-235B-A22B', async () => {
  const metadata = await parseSafetensorsMetadata({ repo: BIG, hubUrl: hub.url, computeParametersCount: true });
  expect(metadata.parameterCount).toEqual({ BF16: 235_093_634_560 });
  expect(metadata.sharded && Object.keys(metadata.headers).length).toBe(118);
}, 60_000);

it('reads what a model is', async () => {
  const info = await modelInfo({ name: BIG, hubUrl: hub.url, additionalFields: ['sha', 'safetensors'] });
  expect(info).toMatchObject({ name: BIG, private: false, gated: false, sha: hub.headOf(BIG) });
  expect(info.safetensors?.total).toBe(235_093_634_560);
});

it('lists files over pages, with hashes', async () => {
  const files = [];
  for await (const file of listFiles({ repo: 'preset/many-files', hubUrl: hub.url, recursive: true })) files.push(file);
  expect(files.filter(({ type }) => type === 'file').length).toBe(2500);
  const shards = [];
  for await (const file of listFiles({ repo: BIG, hubUrl: hub.url, recursive: true })) shards.push(file);
  const [first] = shards.filter(({ path }) => path.endsWith('.safetensors'));
  expect(first?.lfs?.oid).toMatch(/^[0-9a-f]{64}$/);
  expect(first?.xetHash).toMatch(/^[0-9a-f]{64}$/);
});

it('reads a gated file with a token, and is refused without', async () => {
  const where = { repo: 'preset/gated-manual', path: 'config.json', hubUrl: hub.url };
  const blob = await downloadFile({ ...where, accessToken: 'hf_member' });
  expect(JSON.parse((await blob?.text()) ?? '{}')).toHaveProperty('model_type');
  await expect(downloadFile(where)).rejects.toMatchObject({ statusCode: 401 });
});

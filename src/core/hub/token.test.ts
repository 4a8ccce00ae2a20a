import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findToken, isOffline } from './token.node.ts';

let home = '';
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'moe-loom-token-'));
  await writeFile(join(home, 'token'), 'hf_of_login\n');
  await writeFile(join(home, 'other'), ' hf_of_path ');
  await writeFile(join(home, 'empty'), '\n');
});
afterAll(() => rm(home, { recursive: true }));

describe('findToken', () => {
  it('asks the variables, then the file of the login, as huggingface_hub does', async () => {
    const HF_HOME = home;
    const login = { token: 'hf_of_login', from: join(home, 'token') };
    expect(await findToken({ HF_HOME })).toEqual(login);
    expect(await findToken({ HF_HOME, HF_TOKEN: ' ' })).toEqual(login);
    expect(await findToken({ HF_HOME, HF_TOKEN: 'a', HUGGING_FACE_HUB_TOKEN: 'b' })).toEqual({
      token: 'a',
      from: 'HF_TOKEN',
    });
    expect(await findToken({ HF_HOME, HUGGING_FACE_HUB_TOKEN: 'b' })).toMatchObject({ token: 'b' });
    expect(await findToken({ HF_HOME, HF_TOKEN_PATH: join(home, 'other') })).toMatchObject({ token: 'hf_of_path' });
    expect(await findToken({ HF_HOME, HF_TOKEN_PATH: join(home, 'empty') })).toBe(null);
    expect(await findToken({ HF_HOME, HF_HUB_DISABLE_IMPLICIT_TOKEN: '1' })).toBe(null);
    expect(await findToken({ HF_HOME: join(home, 'nowhere') })).toBe(null);
  });
});

describe('isOffline', () => {
  it('takes what huggingface_hub takes for yes', () => {
    for (const value of ['1', 'ON', 'yes', 'True']) expect(isOffline({ HF_HUB_OFFLINE: value })).toBe(true);
    for (const value of ['', '0', 'no', undefined]) expect(isOffline({ HF_HUB_OFFLINE: value })).toBe(false);
    expect(isOffline({ TRANSFORMERS_OFFLINE: '1' })).toBe(true);
    expect(isOffline({ HF_HUB_OFFLINE: '0', TRANSFORMERS_OFFLINE: '1' })).toBe(false);
  });
});

import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { presetRepos } from './presets.ts';
import { QWEN3_235B, qwen3Moe } from './qwen3-moe.ts';
import { type HubServer, startHub } from './server.ts';
import { virtualShard } from './shard.ts';
import { xorbBody } from './xet.ts';

const ID = 'test/wide';
const FILE = 'model.safetensors';
let hub: HubServer;

beforeAll(async () => {
  const dims = { ...QWEN3_235B, layers: 1, experts: 4 };
  hub = await startHub({
    repos: [qwen3Moe(ID, { dims, layout: 'stacked', seed: 'wide', maxShardBytes: 1e12 }), ...presetRepos()],
  });
});
afterAll(() => hub.close());

describe('OAuth', () => {
  const verifier = 'v'.repeat(64);
  const redirectUri = 'http://localhost:9/back';
  const challenge = createHash('sha256').update(verifier).digest('base64url');

  async function authorize(extra: Record<string, string> = {}): Promise<URL> {
    const config = (await (await fetch(`${hub.url}/.well-known/openid-configuration`)).json()) as Record<
      string,
      string
    >;
    const query = new URLSearchParams({
      client_id: 'app',
      scope: 'openid profile gated-repos',
      response_type: 'code',
      redirect_uri: redirectUri,
      state: '{"nonce":"n"}',
      code_challenge: challenge,
      code_challenge_method: 'S256',
      ...extra,
    });
    const res = await fetch(`${config.authorization_endpoint}?${query.toString()}`, { redirect: 'manual' });
    return new URL(res.headers.get('location') ?? '');
  }

  function redeem(code: string, codeVerifier: string): Promise<Response> {
    const form = { grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: codeVerifier };
    return fetch(`${hub.url}/oauth/token`, { method: 'POST', body: new URLSearchParams(form) });
  }

  it('hands out a token that opens gated repos, once', async () => {
    const back = await authorize();
    expect(back.searchParams.get('state')).toBe('{"nonce":"n"}');
    const code = back.searchParams.get('code') ?? '';
    const token = (await (await redeem(code, verifier)).json()) as { access_token: string; expires_in: number };
    expect(token.access_token).toMatch(/^hf_oauth_/);
    expect(token.expires_in).toBe(28_800);
    const headers = { Authorization: `Bearer ${token.access_token}` };
    const user = (await (await fetch(`${hub.url}/oauth/userinfo`, { headers })).json()) as { name: string };
    expect(user.name).toBe('member');
    expect((await fetch(`${hub.url}/preset/gated-manual/resolve/main/config.json`, { headers })).status).toBe(200);
    expect((await redeem(code, verifier)).status).toBe(400);
  });

  it('refuses another verifier, and passes on a refusal', async () => {
    const code = (await authorize()).searchParams.get('code') ?? '';
    expect(await (await redeem(code, 'w'.repeat(64))).json()).toMatchObject({ error: 'invalid_grant' });
    expect((await authorize({ as: 'nobody' })).searchParams.get('error')).toBe('access_denied');
  });
});

describe('Xet', () => {
  it('frames chunks alike whole and in parts', () => {
    const spec = { name: 'a', dtype: 'U8', shape: [200_000], blockBytes: 200_000, block: () => ({ low: 1, high: 2 }) };
    const xorb = xorbBody(virtualShard([spec], 's').body, 0);
    const whole = xorb.read(0, xorb.size).slice();
    for (const [start, end] of [
      [3, 9],
      [65_540, 65_550],
      [65_544, 131_088],
      [131_000, xorb.size],
    ] as const) {
      expect(Buffer.compare(xorb.read(start, end), whole.subarray(start, end))).toBe(0);
    }
  });

  it('rebuilds a range over two xorbs from chunks', async () => {
    const [start, end] = [67_000_000, 67_300_000];
    const range = { Range: `bytes=${start}-${end - 1}` };
    const direct = Buffer.from(
      await (await fetch(`${hub.url}/${ID}/resolve/main/${FILE}`, { headers: range })).arrayBuffer(),
    );
    const accept = { Accept: 'application/vnd.xet-fileinfo+json' };
    const about = await fetch(`${hub.url}/${ID}/resolve/main/${FILE}`, { headers: accept });
    const link = about.headers.get('link') ?? '';
    const [, tokenUrl = '', planUrl = ''] = /<([^>]+)>; rel="xet-auth", <([^>]+)>/.exec(link) ?? [];
    const { accessToken } = (await (await fetch(tokenUrl)).json()) as { accessToken: string };
    const headers = { ...range, Authorization: `Bearer ${accessToken}` };
    expect((await fetch(planUrl, { headers: range })).status).toBe(401);
    const plan = (await (await fetch(planUrl.replace('/v1/', '/v2/'), { headers })).json()) as {
      offset_into_first_range: number;
      terms: { hash: string; unpacked_length: number }[];
      xorbs: Record<string, { url: string; ranges: { bytes: { start: number; end: number } }[] }[]>;
    };
    const parts: Buffer[] = [];
    for (const { hash, unpacked_length } of plan.terms) {
      const entry = plan.xorbs[hash]?.[0];
      const bytes = entry?.ranges[0]?.bytes;
      const res = await fetch(entry?.url ?? '', { headers: { Range: `bytes=${bytes?.start}-${bytes?.end}` } });
      const unframed = unframe(Buffer.from(await res.arrayBuffer()));
      expect(unframed.length).toBe(unpacked_length);
      parts.push(unframed);
    }
    const offset = plan.offset_into_first_range;
    const rebuilt = Buffer.concat(parts).subarray(offset, offset + end - start);
    expect(plan.terms.length).toBe(2);
    expect(Buffer.compare(rebuilt, direct)).toBe(0);
  });
});

function unframe(framed: Buffer): Buffer {
  const chunks: Buffer[] = [];
  for (let at = 0; at < framed.length; ) {
    const length = framed.readUIntLE(at + 1, 3);
    chunks.push(framed.subarray(at + 8, at + 8 + length));
    at += 8 + length;
  }
  return Buffer.concat(chunks);
}

import { repeatBody } from '../../../e2e/support/hub/body.ts';
import { convert, type FaultRow, slowAfter } from './row.fixture.ts';

const PAGE = '<!doctype html><html><body><h1>Blocked by the policy of this network</h1></body></html>';
const HTML = { 'Content-Type': 'text/html; charset=utf-8' };
const XML =
  '<?xml version="1.0" encoding="UTF-8"?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>';
const token = (value: string) => () => ({ HF_TOKEN: value });

/** Somebody says no: the Hub, the file host, or who stands before them. */
export const REFUSAL_FAULTS: readonly FaultRow[] = [
  {
    name: 'gated, without a token',
    repo: () => ({ gated: 'manual' }),
    exit: 2,
    says: [/fault\/row-\d+ is gated/, ({ hub, id }) => `${hub}/${id}`, /\[repo-gated\]/],
    requests: 3,
  },
  {
    name: 'gated, with a token that is not let in (403)',
    repo: () => ({ gated: 'manual' }),
    env: token('hf_reader'),
    exit: 2,
    says: [/your account does not have access/, ({ hub, id }) => `Ask for access at ${hub}/${id}`, /\[repo-gated\]/],
    requests: 3,
  },
  {
    name: "the listing refused by a proxy's page (403)",
    strikes: [{ at: 'listing', with: { status: 403, bare: true, headers: HTML, body: PAGE } }],
    exit: 2,
    says: [
      /\(403\) is a web page, not one of the Hub's own: a proxy or gateway on the way to 127\.0\.0\.1:\d+/,
      /\[http-status\]/,
    ],
    never: /gated|Blocked by the policy/,
    requests: 1,
  },
  {
    name: "a shard refused by a proxy's page before the file host (403)",
    strikes: [{ at: 'bytes', with: { status: 403, bare: true, headers: HTML, body: PAGE } }],
    args: convert,
    exit: 2,
    says: [
      ({ fileHost }) => new URL(fileHost).host,
      /proxy or gateway/,
      /model-00002-of-00002\.safetensors/,
      /\[http-status\]/,
    ],
    never: /signed address|gated/,
    requests: 9,
  },
  {
    name: 'no such repository, or a private one, without a token (401)',
    args: () => ['inspect', 'nobody/nothing'],
    exit: 2,
    says: [/no public model nobody\/nothing/, /Check the name, or sign in/, /\[repo-not-found\]/],
    requests: 0,
  },
  {
    name: 'a private repository without a token',
    repo: () => ({ private: true }),
    exit: 2,
    says: [/no public model fault\/row-\d+/, /\[repo-not-found\]/],
    requests: 1,
  },
  {
    name: 'a private repository with the token of another',
    repo: () => ({ private: true }),
    env: token('hf_member'),
    exit: 2,
    says: [/HF_TOKEN is sent to/, /your account may see/, /\[repo-not-found\]/],
    requests: 2,
  },
  {
    name: 'no such repository, with a token (404)',
    args: () => ['inspect', 'nobody/nothing'],
    env: token('hf_member'),
    exit: 2,
    says: [/There is no model nobody\/nothing that your account may see/, /\[repo-not-found\]/],
    requests: 0,
  },
  {
    name: 'no such revision (404)',
    args: ({ id }) => ['inspect', `${id}@no-such-branch`],
    exit: 2,
    says: [/has no branch, tag or commit "no-such-branch"/, /\[revision-not-found\]/],
    requests: 1,
  },
  {
    name: 'no such file (404)',
    args: ({ id }) => ['inspect', `hf://${id}/no/such.safetensors`],
    exit: 2,
    says: [/holds no folder or file no\/such\.safetensors/, /\[path-not-found\]/],
    requests: 2,
  },
  {
    name: 'a listed shard that is not there (404)',
    strikes: [{ at: 'shard', with: { type: '404entry' } }],
    args: convert,
    exit: 1,
    says: [/model-00002-of-00002\.safetensors is missing/],
    requests: 9,
  },
  {
    name: 'a disabled repository',
    repo: () => ({ disabled: true }),
    exit: 2,
    says: [/The Hub has disabled fault\/row-\d+/, /\[repo-disabled\]/],
    requests: 1,
  },
  {
    name: 'an expired token',
    repo: () => ({ private: true }),
    env: token('hf_expired'),
    exit: 2,
    says: [/does not accept the token/, ({ hub }) => `${hub}/settings/tokens`, /\[token-rejected\]/],
    never: /hf_expired/,
    requests: 2,
  },
  {
    name: 'a token with a space before and a line break after is trimmed',
    repo: () => ({ private: true }),
    env: token(' hf_owner\r\n'),
    exit: 0,
    says: [/The token of HF_TOKEN is sent to/],
    requests: 11,
  },
  {
    name: 'a token with a line break inside',
    env: token('hf_own\ner'),
    exit: 2,
    says: [/HF_TOKEN/, /has characters that no token has/, /\[token-rejected\]/],
    never: /hf_own/,
    requests: 0,
  },
  {
    name: 'the file host says AccessDenied in XML, for ever',
    strikes: [{ at: 'bytes', with: { status: 403, headers: { 'Content-Type': 'application/xml' }, body: XML } }],
    args: convert,
    exit: 2,
    says: [({ fileHost }) => new URL(fileHost).host, /did not accept the signed address/, /\[link-expired\]/],
    never: /<Error>/,
    requests: 11,
  },
  {
    name: 'a signed address that is spent, and a new one that works',
    strikes: [{ at: 'bytes', with: { type: 'sigExpired' }, times: 1 }],
    exit: 0,
    says: [/did not accept the signed address of model-00002-of-00002\.safetensors \(403\)\. Retrying/],
    requests: 11,
  },
  {
    name: '416: the file is shorter than the listing says',
    strikes: [{ at: 'bytes', with: { type: '416' } }],
    args: convert,
    exit: 2,
    says: [
      ({ fileHost }) => new URL(fileHost).host,
      /model-00002-of-00002\.safetensors is shorter than the listing says \(416\)/,
      /\[source-changed\]/,
    ],
    requests: 9,
  },
  {
    name: 'access taken away while shards are read',
    strikes: [{ at: 'files', with: { type: 'gateRevoked' }, after: 3 }],
    args: convert,
    exit: 2,
    says: [/is gated, and your account does not have access/, /\[repo-gated\]/],
    requests: 12,
  },
  {
    name: 'the answer for the listing never ends (longer than is read)',
    strikes: [
      { at: 'listing', with: { headers: { 'Content-Type': 'application/json' }, body: repeatBody(0x20, 135_000_000) } },
    ],
    env: slowAfter(20),
    exit: 2,
    says: [/The listing of fault\/row-\d+ from 127.* is longer than the 128 MB that we read/, /\[answer-invalid\]/],
    requests: 1,
  },
];

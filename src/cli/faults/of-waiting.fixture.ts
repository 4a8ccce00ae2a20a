import type { Reply } from '../../../e2e/support/hub/exchange.ts';
import { convert, type FaultRow, slowAfter } from './row.fixture.ts';

/** Pauses that are interrupted last for minutes, so that an end within seconds proves something on a busy machine too. */
const inFourMinutes = ({ headers }: Reply) => {
  headers['Retry-After'] = new Date(Date.now() + 240_000).toUTCString();
};
const tooMany = (headers: Record<string, string | null>) => ({
  status: 429,
  headers: { RateLimit: null, ...headers },
  body: '{"error":"too many"}',
});

/** The server asks for patience, or is slow, or says nothing. */
export const WAITING_FAULTS: readonly FaultRow[] = [
  {
    name: '429, Retry-After 3600, stopped by Ctrl-C',
    strikes: [{ at: 'listing', with: tooMany({ 'Retry-After': '3600' }) }],
    exit: 2,
    says: [
      /127\.0\.0\.1:\d+ asks for fewer requests \(429\): resuming in (300|299) s \(Ctrl-C stops\)/,
      /\[cancelled\]/,
    ],
    interruptAt: /resuming in/,
    requests: 1,
  },
  {
    name: '429, Retry-After as a date, stopped by Ctrl-C',
    strikes: [{ at: 'listing', with: { ...tooMany({}), edit: inFourMinutes } }],
    exit: 2,
    says: [/asks for fewer requests \(429\): resuming in (2[0-4]\d) s/, /\[cancelled\]/],
    interruptAt: /resuming in/,
    requests: 1,
  },
  {
    name: '429 that does not say how long, stopped by Ctrl-C',
    strikes: [{ at: 'listing', with: tooMany({}) }],
    exit: 2,
    says: [/asks for fewer requests \(429\): resuming in [3-5] s/, /\[cancelled\]/],
    interruptAt: /resuming in/,
    requests: 1,
  },
  {
    name: '429 on shards, Retry-After 1, then served',
    strikes: [{ at: 'shard', with: tooMany({ 'Retry-After': '1' }), times: 1 }],
    exit: 0,
    says: [/asks for fewer requests \(429\): resuming in [12] s/, /Resuming\./],
    requests: 11,
  },
  {
    name: '429, the window in RateLimit alone, stopped by Ctrl-C',
    strikes: [{ at: 'listing', with: tooMany({ RateLimit: '"api";r=0;t=270' }) }],
    exit: 2,
    says: [/resuming in 2[67]\d s/, /\[cancelled\]/],
    interruptAt: /resuming in/,
    requests: 1,
  },
  {
    name: '429 of the file host, stopped by Ctrl-C',
    strikes: [{ at: 'bytes', with: tooMany({ 'Retry-After': '280' }) }],
    exit: 2,
    says: [({ fileHost }) => new URL(fileHost).host, /resuming in 2[78]\d s/, /\[cancelled\]/],
    interruptAt: /resuming in/,
    requests: 9,
  },
  {
    name: '503 once, then served',
    strikes: [{ at: 'listing', with: { type: '5xx', status: 503 }, times: 1 }],
    exit: 0,
    says: [/127\.0\.0\.1:\d+ could not answer for the listing of fault\/row-\d+ \(503\)\. Retrying in/],
    requests: 10,
  },
  {
    name: '503 three times, then served',
    strikes: [{ at: 'shard', with: { type: '5xx', status: 503 }, times: 3 }],
    exit: 0,
    says: [/could not answer for model-00002-of-00002\.safetensors \(503\)\. Retrying in/],
    requests: 12,
  },
  {
    name: '503 for ever',
    strikes: [{ at: 'listing', with: { type: '5xx', status: 503 } }],
    exit: 2,
    says: [/could not answer for the listing of .* \(503\)/, /Try again in a few minutes/, /\[server-error\]/],
    requests: 4,
  },
  {
    name: '500 for a shard, for ever',
    strikes: [{ at: 'shard', with: { type: '5xx', status: 500 } }],
    args: convert,
    exit: 2,
    says: [/could not answer for model-00002-of-00002\.safetensors \(500\)/, /\[server-error\]/],
    requests: 15,
  },
  {
    name: '502 with the page of a gateway',
    strikes: [{ at: 'listing', with: { type: '5xx', status: 502, html: true } }],
    exit: 2,
    says: [/could not answer for the listing of .* \(502\)/, /\[server-error\]/],
    never: /<html|<h1/,
    requests: 4,
  },
  {
    name: '504 of the file host, for ever',
    strikes: [{ at: 'bytes', with: { type: '5xx', status: 504, html: true } }],
    args: convert,
    exit: 2,
    says: [({ fileHost }) => new URL(fileHost).host, /model-00002-of-00002\.safetensors \(504\)/, /\[server-error\]/],
    requests: 18,
  },
  {
    name: 'nothing comes before the headers of the listing',
    strikes: [{ at: 'listing', with: { type: 'ttfb', ms: 60_000 } }],
    env: slowAfter(1),
    exit: 2,
    says: [/Nothing of the listing of .* came from 127\.0\.0\.1:\d+ for 1 s/, /\[stalled\]/],
    requests: 4,
  },
  {
    name: 'the file host says nothing after 100 bytes',
    strikes: [{ at: 'bytes', with: { type: 'stall', afterBytes: 100, ms: 60_000 } }],
    args: convert,
    env: slowAfter(1),
    exit: 2,
    says: [
      ({ fileHost, hub }) => `came from ${new URL(fileHost).host} (redirected from ${new URL(hub).host}) for 1 s`,
      /model-00002-of-00002\.safetensors/,
      /\[stalled\]/,
    ],
    requests: 24,
  },
  {
    name: 'a server that takes the connection and never speaks',
    args: ({ id, silent }) => ['inspect', id, '--endpoint', silent],
    env: slowAfter(1),
    exit: 2,
    says: [({ silent }) => `came from ${new URL(silent).host} for 1 s`, /\[stalled\]/],
    requests: 0,
  },
  {
    name: 'a slow drip, byte by byte, is waited for',
    strikes: [{ at: 'config', with: { type: 'slow', bps: 120 } }],
    env: slowAfter(4),
    exit: 0,
    says: [],
    requests: 13,
  },
  {
    name: 'a wait between two tries, stopped by Ctrl-C',
    strikes: [{ at: 'listing', with: { type: '5xx', status: 503 } }],
    exit: 2,
    says: [/Retrying in \d/, /\[cancelled\]/],
    interruptAt: /Retrying in/,
    requests: 2,
  },
];

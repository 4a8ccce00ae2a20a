import { gzipSync } from 'node:zlib';
import { bytesBody, readAll } from '../../../e2e/support/hub/body.ts';
import type { Reply } from '../../../e2e/support/hub/exchange.ts';
import { setBody } from '../../../e2e/support/hub/fault-actions.ts';
import { QWEN3_TINY, qwen3Moe } from '../../../e2e/support/hub/qwen3-moe.ts';
import { convert, type FaultRow } from './row.fixture.ts';

const SHARD = /model-00002-of-0000\d\.safetensors/;
/** Shards that are read from their signed address, in several ranges. */
const large: FaultRow['repo'] = (id) =>
  qwen3Moe(id, { dims: QWEN3_TINY, layout: 'per-expert', seed: 'tiny', maxShardBytes: 200_000 });
const weaken = ({ headers }: Reply) => {
  if (headers.ETag) headers.ETag = `W/${headers.ETag}`;
};
/** Shards that were whole before, and what a resumed conversion goes by. */
const WHOLE_SHARDS = /^out\/(\.moe-loom-journal|model[^/]*\.safetensors)$/;
const MULTIPART = [
  '--b',
  'Content-Type: application/octet-stream',
  'Content-Range: bytes 0-3/4',
  '',
  'abcd',
  '--b--',
  '',
].join('\r\n');

/** Answers with bytes in them that are not those that were asked for. */
export const ANSWER_FAULTS: readonly FaultRow[] = [
  {
    name: '200 with the whole file instead of a range',
    strikes: [{ at: 'bytes', with: { type: 'ignoreRange' } }],
    args: convert,
    exit: 2,
    says: [/sent all of/, SHARD, ({ fileHost }) => new URL(fileHost).host, /\[range-ignored\]/],
    requests: 9,
  },
  {
    name: '206 with the label of another range',
    strikes: [{ at: 'bytes', with: { type: 'wrongContentRange', mode: 'shift' } }],
    args: convert,
    exit: 2,
    says: [SHARD, /labelled "bytes 1-/, ({ fileHost }) => new URL(fileHost).host, /\[content-range-wrong\]/],
    requests: 9,
  },
  {
    name: '206 without Content-Range',
    strikes: [{ at: 'bytes', with: { type: 'wrongContentRange', mode: 'missing' } }],
    args: convert,
    exit: 2,
    says: [SHARD, /labelled "nothing"/, /\[content-range-wrong\]/],
    requests: 9,
  },
  {
    name: '206 of a file of another length',
    strikes: [{ at: 'bytes', with: { type: 'wrongContentRange', mode: 'total' } }],
    args: convert,
    exit: 2,
    says: [SHARD, /the file now has \d+ bytes where the listing says \d+/, /\[content-range-wrong\]/],
    requests: 9,
  },
  {
    name: '206 with the bytes of another place under the right label',
    strikes: [{ at: 'bytes', with: { type: 'rangeShiftedBody', by: 8 } }],
    args: convert,
    exit: 1,
    says: [SHARD],
    requests: 12,
  },
  {
    name: 'multipart/byteranges for one range',
    strikes: [
      {
        at: 'bytes',
        with: {
          headers: { 'Content-Type': 'multipart/byteranges; boundary=b', 'Content-Range': null },
          body: MULTIPART,
        },
      },
    ],
    args: convert,
    exit: 2,
    says: [SHARD, /\[content-range-wrong\]/],
    requests: 9,
  },
  {
    name: 'no Content-Length, and all of the bytes',
    strikes: [{ at: 'bytes', with: { transport: { chunked: true } } }],
    exit: 0,
    says: [],
    requests: 9,
  },
  {
    name: 'more bytes than were asked for',
    strikes: [{ at: 'bytes', with: { type: 'overlong', bytes: 16 } }],
    args: convert,
    exit: 2,
    says: [SHARD, /sent more than the \d+ bytes/, /\[read-overlong\]/],
    requests: 9,
  },
  {
    name: 'a body that ends early, with its length promised, for ever: each try continues where the last ended',
    strikes: [{ at: 'bytes', with: { type: 'truncateCL', bytes: 500 } }],
    args: convert,
    exit: 0,
    says: [SHARD, ({ fileHost }) => new URL(fileHost).host],
    requests: 67,
    leaves: /^out\//,
  },
  {
    name: 'a chunked body that ends early, for ever: each try continues where the last ended',
    strikes: [{ at: 'bytes', with: { type: 'truncateChunked', bytes: 500 } }],
    args: convert,
    exit: 0,
    says: [SHARD, /Only \d+ of \d+ bytes/],
    requests: 67,
    leaves: /^out\//,
  },
  {
    name: 'gzip on a range',
    strikes: [{ at: 'bytes', with: { type: 'gzipOnRange' } }],
    args: convert,
    exit: 2,
    says: [SHARD, /compressed with gzip/, /\[content-range-wrong\]/],
    requests: 9,
  },
  {
    name: 'gzip on the listing is unpacked',
    strikes: [
      {
        at: 'listing',
        with: {
          headers: { 'Content-Encoding': 'gzip' },
          edit: (answer) => setBody(answer, bytesBody(gzipSync(readAll(answer.body)))),
        },
      },
    ],
    exit: 0,
    says: [],
    requests: 9,
  },
  {
    name: 'one bit flipped on the way',
    strikes: [{ at: 'bytes', with: { type: 'flipBit', byte: -9 } }],
    args: convert,
    exit: 1,
    says: [SHARD, /sha256/i],
    requests: 18,
  },
  {
    name: 'another ETag at the second range',
    repo: large,
    strikes: [{ at: 'bytes', with: { type: 'etagFlip' }, after: 2 }],
    args: convert,
    exit: 2,
    says: [SHARD, /changed on .* while it was being read/, /\[source-changed\]/],
    requests: 40,
    leaves: WHOLE_SHARDS,
  },
  {
    name: 'a weak ETag for the same bytes is the same',
    repo: large,
    strikes: [{ at: 'bytes', with: { edit: weaken }, after: 1 }],
    args: convert,
    exit: 0,
    says: [],
    requests: 60,
    leaves: /^out\//,
  },
  {
    name: 'another Last-Modified at the second range',
    repo: large,
    strikes: [
      { at: 'bytes', with: { headers: { ETag: null, 'Last-Modified': 'Sun, 29 Nov 2026 00:00:00 GMT' } }, after: 2 },
    ],
    args: convert,
    exit: 2,
    says: [SHARD, /changed on .* while it was being read/, /\[source-changed\]/],
    requests: 40,
    leaves: WHOLE_SHARDS,
  },
  {
    name: 'the branch moves to other files while shards are read',
    strikes: [{ at: 'shard', with: ({ id }) => ({ type: 'sizeFlip', repo: id }), times: 1 }],
    exit: 0,
    says: [],
    requests: 9,
  },
];

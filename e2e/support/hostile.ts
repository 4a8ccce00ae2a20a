import { closeSync, mkdirSync, openSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { MAX_HEADER_TENSORS, MAX_INDEX_TENSORS } from '../../src/core/safetensors/limits.ts';

/** Ways in which a header or an index of a given length can be made to take memory. */
export const HOSTILE = [
  'entries',
  'most-tensors',
  'most-layers',
  'escapes',
  'nesting',
  'unknown',
  'values',
  'metadata-value',
  'metadata-keys',
  'index',
  'most-index',
] as const;
export type Hostile = (typeof HOSTILE)[number];

const ENTRY = '{"dtype":"U8","shape":[0],"data_offsets":[0,0]}';
/** Text goes to the disk in pieces of about this length. */
const PIECE = 1 << 20;

/** Begins, then as many members as fit, then ends. */
interface Text {
  /** Members at most. */
  readonly most?: number;
  readonly start: string;
  readonly member: (at: number) => string;
  readonly end: string;
}

const TEXTS: Readonly<Record<Hostile, Text>> = {
  entries: { start: '{', member: (at) => `"model.layers.${at}.w":${ENTRY},`, end: `"z":${ENTRY}}` },
  'most-tensors': {
    most: MAX_HEADER_TENSORS - 1,
    start: '{',
    member: (at) => `"model.layers.${at % 217}.mlp.experts.${Math.floor(at / 217)}.${'x'.repeat(75)}.w":${ENTRY},`,
    end: `"z":${ENTRY}}`,
  },
  'most-layers': {
    most: MAX_HEADER_TENSORS - 1,
    start: '{',
    member: (at) => `"model.layers.${at % 9_999}.mlp.${Math.floor(at / 9_999)}.${'x'.repeat(80)}.w":${ENTRY},`,
    end: `"z":${ENTRY}}`,
  },
  escapes: { start: '{', member: (at) => `"${'\\u00e9'.repeat(40)}${at}":${ENTRY},`, end: `"z":${ENTRY}}` },
  nesting: { start: '{"a":', member: () => '['.repeat(64), end: '' },
  unknown: {
    start: '{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]',
    member: (at) => `,"k${at}":{"x":[${at}]}`,
    end: '}}',
  },
  values: {
    start: '{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"x":[',
    member: () => '[{}],'.repeat(16),
    end: '[]]}}',
  },
  'metadata-value': { start: '{"__metadata__":{"a":"', member: () => 'x'.repeat(64), end: `"},"z":${ENTRY}}` },
  'metadata-keys': { start: '{"__metadata__":{', member: (at) => `"k${at}":"v",`, end: `"z":"v"},"z":${ENTRY}}` },
  index: {
    start: '{"metadata":{},"weight_map":{',
    member: (at) => `"model.layers.${at}.w":"model-00001-of-00002.safetensors",`,
    end: '"z":"model-00001-of-00002.safetensors"}}',
  },
  'most-index': {
    most: MAX_INDEX_TENSORS - 1,
    start: '{"metadata":{},"weight_map":{',
    member: (at) => `"model.layers.${at % 217}.${'x'.repeat(410)}.${at}.w":"model-00001-of-00002.safetensors",`,
    end: '"z":"model-00001-of-00002.safetensors"}}',
  },
};

/** True where the index is what takes memory, not a header. */
export function isIndexCase(name: Hostile): boolean {
  return name === 'index' || name === 'most-index';
}

/** A folder whose only weights file has such a header, or such an index beside it, of about `bytes` bytes. */
export function writeHostile(base: string, name: Hostile, bytes: number): string {
  const folder = join(base, name);
  mkdirSync(folder, { recursive: true });
  if (isIndexCase(name)) {
    writeText(join(folder, 'model.safetensors.index.json'), TEXTS[name], bytes, 0);
    writeFileSync(join(folder, 'model-00001-of-00002.safetensors'), small());
    return folder;
  }
  const path = join(folder, 'model.safetensors');
  const end = writeText(path, TEXTS[name], bytes, 8);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(end - 8));
  const file = openSync(path, 'r+');
  writeSync(file, length, 0, 8, 0);
  closeSync(file);
  return folder;
}

/** Writes from `at` on; gives where it ended. */
function writeText(path: string, { start, member, end, most = Infinity }: Text, bytes: number, at: number): number {
  writeFileSync(path, '');
  truncateSync(path, at);
  const file = openSync(path, 'r+');
  let place = at;
  let piece = start;
  const flush = () => {
    place += writeSync(file, piece, place);
    piece = '';
  };
  for (let n = 0; n < most && place + piece.length + end.length + 400 < bytes; n++) {
    piece += member(n);
    if (piece.length >= PIECE) flush();
  }
  piece += end;
  flush();
  closeSync(file);
  return place;
}

function small(): Buffer {
  const json = Buffer.from(`{"z":${ENTRY}}`);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json]);
}

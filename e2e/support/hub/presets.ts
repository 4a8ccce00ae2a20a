import { fp8Entries } from '../../../src/core/plan/unpack.fixture.ts';
import { plantedFaults, plantedFiles } from '../../../src/core/values/planted.fixture.ts';
import { concatBody, lazyBody, repeatBody, textBody, truncatedBody } from './body.ts';
import { modelFiles, QWEN3_TINY, type Qwen3MoeOptions, qwen3Moe, qwen3MoeConfig, shardName } from './qwen3-moe.ts';
import { identityOf, jsonFile, pointerText, type Repo, type RepoFile, repoFile } from './repo.ts';
import { frameHeader } from './shard.ts';

const TINY: Qwen3MoeOptions = { dims: QWEN3_TINY, layout: 'per-expert', seed: 'tiny', maxShardBytes: 200_000 };
const SINGLE: Qwen3MoeOptions = { ...TINY, maxShardBytes: 1e12 };
/** What readers fetch of a shard at first, in all likelihood. */
const WINDOWS = [65_536, 131_072];
const CONFIG = jsonFile('config.json', qwen3MoeConfig(QWEN3_TINY));

type Extra = Partial<Omit<Repo, 'id' | 'files'>>;

function sound(name: string, shows: string, options: Qwen3MoeOptions = TINY, extra: Extra = {}): Repo {
  return qwen3Moe(`preset/${name}`, options, { shows, ...extra });
}

/** The tiny model with its files changed. */
function changed(name: string, shows: string, change: (files: RepoFile[]) => RepoFile[]): Repo {
  const id = `preset/${name}`;
  return { id, shows, pipelineTag: 'text-generation', files: change(modelFiles(id, TINY)) };
}

function single(name: string, shows: string, weights: Uint8Array | RepoFile['body']): Repo {
  return { id: `preset/${name}`, shows, files: [CONFIG, repoFile('model.safetensors', weights)] };
}

function tensorJson(name: string, dtype: string, shape: readonly number[], offsets: readonly [number, number]): string {
  return `${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: offsets })}`;
}

/** A safetensors file with the header as written and zeros for data. */
function fileOf(entries: readonly string[], dataBytes: number): Uint8Array {
  const header = frameHeader(`{${entries.join(',')}}`);
  const out = new Uint8Array(header.byteLength + dataBytes);
  out.set(header);
  return out;
}

function lengthWord(length: number): Uint8Array {
  const out = new Uint8Array(8);
  new DataView(out.buffer).setBigUint64(0, BigInt(length), true);
  return out;
}

function headerOfLength(length: number, name: string): RepoFile['body'] {
  const json = `{${tensorJson(name, 'U8', [64], [0, 64])}}`;
  const word = { size: 8, read: (start: number, end: number) => lengthWord(length).subarray(start, end) };
  return concatBody([word, textBody(json), repeatBody(0x20, length - json.length), repeatBody(7, 64)]);
}

function windowEdges(): Repo {
  const lengths = WINDOWS.flatMap((window) => [-9, -8, -7, -1, 0, 1].map((step) => window + step));
  const map: Record<string, string> = {};
  const shards = lengths.map((length, i) => {
    const name = shardName(i, lengths.length);
    map[`tensor.${length}`] = name;
    return repoFile(name, headerOfLength(length, `tensor.${length}`));
  });
  const index = jsonFile('model.safetensors.index.json', {
    metadata: { total_size: 64 * lengths.length },
    weight_map: map,
  });
  return {
    id: 'preset/window-edges',
    shows: 'header lengths of 64 KiB and 128 KiB, and 9 below to 1 above',
    files: [CONFIG, ...shards, index],
  };
}

function hugeIndexText(): string {
  const lines: string[] = [];
  const shards = 163;
  for (let layer = 0; layer < 92; layer += 1) {
    for (let expert = 0; expert < 900; expert += 1) {
      for (const part of [
        'gate_proj.weight_packed',
        'up_proj.weight_packed',
        'down_proj.weight_packed',
        'gate_proj.weight_scale',
      ]) {
        const name = `model.language_model.layers.${layer}.block_sparse_moe.experts.${expert}.${part}`;
        lines.push(`    "${name}": "${shardName((layer * 900 + expert) % shards, shards)}"`);
      }
    }
  }
  for (let i = 0; lines.length < 497_000; i += 1)
    lines.push(`    "model.mtp.extra.${i}.weight": "${shardName(0, shards)}"`);
  return `{\n  "metadata": {\n    "total_size": 1\n  },\n  "weight_map": {\n${lines.join(',\n')}\n  }\n}\n`;
}

function hugeIndex(): Repo {
  const index: RepoFile = {
    path: 'model.safetensors.index.json',
    kind: 'xet',
    body: lazyBody(() => textBody(hugeIndexText())),
  };
  return { id: 'preset/huge-index', shows: 'an index of 497,000 tensors and 58 MB; no shards', files: [CONFIG, index] };
}

function manyFiles(): Repo {
  const files = Array.from({ length: 2500 }, (_, i) =>
    repoFile(`data/part-${String(i % 25).padStart(2, '0')}/${String(i).padStart(5, '0')}.txt`, `${i}\n`),
  );
  return { id: 'preset/many-files', shows: 'a tree of 2,500 files in 25 folders: three pages', files };
}

function withIndexName(name: string, shows: string, shard: string): Repo {
  return changed(name, shows, (files) =>
    files.map((file) => {
      if (!file.path.endsWith('.index.json')) return file;
      const text = new TextDecoder().decode(file.body.read(0, file.body.size));
      return repoFile(file.path, text.replaceAll(/"model-00001-of[^"]*"/g, JSON.stringify(shard)), 'git');
    }),
  );
}

function isShard(file: RepoFile, index: number): boolean {
  return file.path.startsWith(`model-${String(index).padStart(5, '0')}-`);
}

function truncated(): Repo {
  return changed('truncated-shard', 'the second shard ends 1,000 bytes early', (files) =>
    files.map((file) => {
      if (!isShard(file, 2)) return file;
      return { ...file, body: truncatedBody(file.body, file.body.size - 1000), sha256: undefined };
    }),
  );
}

function pointerShard(): Repo {
  return changed('pointer-shard', 'an LFS pointer instead of the second shard', (files) =>
    files.map((file) => {
      if (!isShard(file, 2)) return file;
      return repoFile(file.path, pointerText(identityOf(file).sha256, file.body.size), 'git');
    }),
  );
}

function brokenHeaders(): Repo[] {
  const good = tensorJson('a', 'F32', [4], [0, 16]);
  const sixteen = new Uint8Array(16);
  const withWord = (length: number, text: string): Uint8Array =>
    Buffer.concat([lengthWord(length), Buffer.from(text), sixteen]);
  const big = headerOfLength(26_000_000, 'a');
  return [
    single('header-zero', 'header length 0', withWord(0, '')),
    single('header-26mb', 'a sound header of 26 MB, longer than the Hub reads', big),
    single('header-beyond-file', 'a header length of 1 MB in a file of 79 bytes', withWord(1_000_000, `{${good}}`)),
    single('header-2-to-53', 'a header length of 2^53 + 8', withWord(2 ** 53 + 8, `{${good}}`)),
    single('bad-json', 'a header that breaks off', fileOf([good, '"b":{"dtype":'], 16)),
    single('duplicate-keys', 'one tensor name twice', fileOf([good, tensorJson('a', 'F32', [4], [16, 32])], 32)),
    single('proto-key', 'tensors named __proto__ and constructor', protoKeys()),
    single('overlap', 'two tensors over the same bytes', fileOf([good, tensorJson('b', 'F32', [4], [8, 24])], 24)),
    single('hole', 'bytes that belong to no tensor', fileOf([good, tensorJson('b', 'F32', [4], [24, 40])], 40)),
    single('scalar-and-empty', 'a tensor of rank 0 and one with a dimension of 0', scalarAndEmpty()),
    single('small-dtypes', 'F4, F6 and F8 tensors', smallDtypes()),
  ];
}

function protoKeys(): Uint8Array {
  return fileOf([tensorJson('__proto__', 'F32', [4], [0, 16]), tensorJson('constructor', 'F32', [4], [16, 32])], 32);
}

function scalarAndEmpty(): Uint8Array {
  return fileOf([tensorJson('empty', 'F32', [0, 4], [0, 0]), tensorJson('scalar', 'F32', [], [0, 4])], 4);
}

function smallDtypes(): Uint8Array {
  const entries = [
    tensorJson('e4m3', 'F8_E4M3', [4, 4], [0, 16]),
    tensorJson('e5m2', 'F8_E5M2', [4, 4], [16, 32]),
    tensorJson('e8m0', 'F8_E8M0', [8], [32, 40]),
    tensorJson('e3m2', 'F6_E3M2', [8], [40, 46]),
    tensorJson('f4', 'F4', [4, 4], [46, 54]),
  ];
  return fileOf(entries, 54);
}

function soundRepos(): Repo[] {
  const single = { ...SINGLE };
  return [
    sound('single-file', 'one model.safetensors, no index', single),
    sound('per-expert-tiny', 'three shards on Xet; the weights of the next three repos'),
    sound('stacked-tiny', 'the same weights stacked', { ...TINY, layout: 'stacked' }),
    sound('gate-up-tiny', 'the same weights with gate and up joined', { ...TINY, layout: 'gate-up' }),
    sound('lfs-tiny', 'the same files on LFS, without Xet', { ...TINY, storage: 'lfs' }),
    sound('dense', 'a model without experts', { ...SINGLE, dims: { ...QWEN3_TINY, denseLayers: [0, 1, 2] } }),
    sound('subfolder', 'shards and index in weights/', { ...TINY, folder: 'weights/' }),
    sound('pull-request', 'a ref refs/pr/1 with a single file', TINY, {
      refs: { 'refs/pr/1': modelFiles('preset/pull-request', SINGLE) },
    }),
  ];
}

function accessRepos(): Repo[] {
  return [
    sound('gated-auto', 'gated: accepted at once', TINY, { gated: 'auto' }),
    sound('gated-manual', 'gated: accepted by its author', TINY, { gated: 'manual' }),
    sound('private', 'private: hf_owner reads it', TINY, { private: true }),
    sound('disabled', 'disabled: listed, not served', TINY, { disabled: true }),
    sound('new-name', 'renamed from preset/old-name', TINY, { aliases: ['preset/old-name'] }),
    sound('dataset', 'a dataset repo', TINY, { type: 'dataset' }),
  ];
}

function brokenCheckpoints(): Repo[] {
  return [
    changed('missing-shard', 'the index names a shard that is not there', (files) =>
      files.filter((one) => !isShard(one, 2)),
    ),
    changed('orphan-shard', 'a shard that the index does not name', (files) => [
      ...files,
      repoFile('model-extra.safetensors', fileOf([tensorJson('orphan.weight', 'F32', [4], [0, 16])], 16)),
    ]),
    changed('no-config', 'weights without config.json', (files) => files.filter((one) => one.path !== 'config.json')),
    changed('no-index', 'shards without an index', (files) => files.filter((one) => !one.path.endsWith('.index.json'))),
    withIndexName(
      'index-traversal',
      'the index names ../../preset/private/…',
      '../../private/resolve/main/model.safetensors',
    ),
    withIndexName('index-traversal-encoded', 'the same, percent-encoded', '%2e%2e/%2e%2e/private/model.safetensors'),
    truncated(),
    pointerShard(),
    {
      id: 'preset/tiny-gguf',
      shows: 'GGUF alone, with a base model in its card',
      baseModel: 'preset/per-expert-tiny',
      files: [CONFIG, repoFile('tiny-Q4_K_M.gguf', textBody('GGUF')), repoFile('tiny-Q8_0.gguf', textBody('GGUF'))],
    },
    { id: 'preset/no-weights', shows: 'a config and nothing else', files: [CONFIG] },
  ];
}

/** Numbers with a fault of each kind in the last of two layers. */
function plantedValues(): Repo {
  const files = Object.entries(plantedFiles(plantedFaults, 2)).map(([path, content]) => repoFile(path, content));
  return { id: 'preset/planted-values', shows: 'dead, twin, outlier and NaN experts in layer 1', files };
}

/** A layer of three FP8 experts, and quantised attention. */
function fp8Experts(): Repo {
  const files = Object.entries(fp8Entries(64, 48, 'e4m3', 16).packed).map(([path, content]) => repoFile(path, content));
  return { id: 'preset/fp8-tiny', shows: 'FP8 experts with block scales', files };
}

/** Small repos, each for one case. */
export function presetRepos(): Repo[] {
  return [
    ...soundRepos(),
    ...accessRepos(),
    ...brokenCheckpoints(),
    ...brokenHeaders(),
    plantedValues(),
    fp8Experts(),
    windowEdges(),
    hugeIndex(),
    manyFiles(),
  ];
}

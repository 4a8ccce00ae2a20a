import { type Damage, FIRST, type Files, type Model, SECOND, type Stored, withHeader } from './model.fixture.ts';

const INDEX = 'model.safetensors.index.json';

function change(name: string, how: (file: Uint8Array) => Uint8Array): (files: Files) => void {
  return (files) => {
    const file = files.get(name);
    if (!file) throw new Error(`There is no ${name} to damage.`);
    files.set(name, how(file));
  };
}

const header = (how: (text: string) => string) => change(SECOND, (file) => withHeader(file, how));
const remove = (name: string) => (files: Files) => void files.delete(name);
const text = (content: string) => () => new TextEncoder().encode(content);

/** One finding of whatever kind that names the second shard. */
const SECOND_NAMED = /! .*model-00002-of-00002/;

/** Files that are gone, cut, or no longer what they were. */
export const FILE_DAMAGES: readonly Damage[] = [
  { name: 'a shard is gone', files: remove(SECOND), says: /model-00002-of-00002\.safetensors is missing/ },
  {
    name: 'a shard is gone, no index',
    model: (model) => {
      model.index = null;
    },
    files: remove(FIRST),
    says: /model-00001-of-00002/,
    right: ['parity'],
  },
  { name: 'a shard ends early', files: change(SECOND, (file) => file.slice(0, -100)), says: /\[shard-invalid\]/ },
  {
    name: 'a shard goes on after its end',
    files: change(SECOND, (file) => new Uint8Array([...file, 0, 0])),
    says: /\[shard-invalid\]/,
  },
  { name: 'a shard is empty', files: change(SECOND, () => new Uint8Array()), says: SECOND_NAMED },
  {
    name: 'a shard is a Git LFS pointer',
    files: change(
      SECOND,
      text(`version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 4000\n`),
    ),
    says: /\[lfs-pointer\]/,
  },
  {
    name: 'a header of 2^64 − 1 bytes',
    files: change(SECOND, (file) => new Uint8Array([...new Uint8Array(8).fill(0xff), ...file.subarray(8)])),
    says: /\[shard-invalid\]/,
  },
  { name: 'a header that is no JSON', files: header((json) => json.replace('{', '[')), says: /\[shard-invalid\]/ },
  {
    name: 'offsets that are no numbers',
    files: header((json) => json.replace(/"data_offsets":\[\d+,/, '"data_offsets":[NaN,')),
    says: /\[shard-invalid\]/,
  },
  {
    name: 'offsets that overlap',
    files: header((json) => json.replace('"data_offsets":[256,288]', '"data_offsets":[128,160]')),
    says: /\[shard-invalid\]/,
  },
  {
    name: 'a shape that is not its bytes',
    files: header((json) => json.replace('"shape":[8,16]', '"shape":[8,17]')),
    says: /\[shard-invalid\]/,
  },
  {
    name: 'a dtype that does not exist',
    files: header((json) => json.replace('"BF16"', '"BF17"')),
    says: /\[shard-invalid\]/,
  },
  {
    name: 'a name twice in a header',
    files: header((json) => json.replace('experts.1.gate_proj', 'experts.0.gate_proj')),
    says: /\[shard-invalid\]/,
  },
  {
    name: 'metadata that is no text',
    files: header((json) => json.replace('"format":"pt"', '"format":1')),
    says: /\[shard-invalid\]/,
  },
];

function mapped(model: Model): Map<string, string> {
  if (!(model.index instanceof Map)) throw new Error('There is no index to damage.');
  return model.index;
}

const named = (change: (name: string) => string) => (model: Model) => {
  model.index = new Map([...mapped(model)].map(([name, file]) => [change(name), file]));
};

/** Indexes that speak of something else. */
export const INDEX_DAMAGES: readonly Damage[] = [
  {
    name: 'a stale index: names of before',
    model: named((name) => name.replace('.mlp.experts.', '.block_sparse_moe.experts.')),
    says: /! .*index/i,
  },
  {
    name: 'an index of other weights',
    model: named((name) => name.replace('model.', 'language_model.model.')),
    says: /! .*index/i,
  },
  {
    name: 'an index that names the other file',
    model: (model) => void mapped(model).set('model.layers.1.mlp.experts.2.up_proj.weight', FIRST),
    says: /experts\.2\.up_proj\.weight/,
  },
  {
    name: 'an index that leads out of the folder',
    model: (model) => void mapped(model).set('model.norm.weight', '../other.safetensors'),
    says: /\[index-invalid\]/,
    // Every shard is there and read; only their order of precedence is not known.
    right: ['stats', 'ranks', 'memory', 'compare', 'parity'],
  },
  {
    name: 'an index that is no JSON',
    files: change(INDEX, text('{"weight_map": {')),
    says: /\[index-invalid\]/,
    right: ['stats', 'ranks', 'memory', 'compare', 'parity'],
  },
  {
    name: 'an index without some experts',
    model: (model) => {
      for (const name of [...mapped(model).keys()])
        if (/layers\.1\..*experts\.3\./.test(name)) mapped(model).delete(name);
    },
    says: /\[tensor-orphan\]/,
  },
  {
    name: 'everything twice, no index',
    model: (model) => {
      model.index = null;
      const all = [...model.shards.values()].flat();
      model.shards = new Map(['first', 'second'].map((name) => [`${name}.safetensors`, all]));
    },
    says: /tensor|twice|again|same names/,
  },
];

/** Every tensor cut in two on dim 0: what each of two ranks holds. */
function halves(tensors: readonly Stored[]): readonly [Stored[], Stored[]] {
  const cut = (rank: number) =>
    tensors.map((tensor): Stored => {
      const [rows = 0, ...rest] = tensor.shape;
      if (rest.length === 0) return tensor;
      const half = tensor.bytes.length / 2;
      return { ...tensor, shape: [rows / 2, ...rest], bytes: tensor.bytes.slice(rank * half, (rank + 1) * half) };
    });
  return [cut(0), cut(1)];
}

function sliced(name: (rank: number) => string, metadata?: (rank: number, model: Model) => Record<string, string>) {
  return (model: Model) => {
    const all = [...model.shards.values()].flat();
    const cut = halves(all);
    if (metadata) for (const rank of [0, 1]) model.metadata.set(name(rank), { format: 'pt', ...metadata(rank, model) });
    model.shards = new Map(cut.map((tensors, rank) => [name(rank), tensors]));
    model.index = null;
  };
}

/** A `HuggingFaceStorageWriter` says where in the whole tensor each file's part begins. */
function sharding(rank: number, { shards }: Model): Record<string, string> {
  const offsets = [...shards.values()]
    .flat()
    .map(({ name, shape }) => [
      name,
      { saved_offsets: [rank * ((shape[0] ?? 0) / 2), ...shape.slice(1).map(() => 0)] },
    ]);
  return { DCP_VERSION: '1.0', DCP_SHARDING_INFO: JSON.stringify(Object.fromEntries(offsets)) };
}

const RANKS = /rank-slices/;

/** Files that hold what the ranks of a run hold, and not a model. */
export const SLICE_DAMAGES: readonly Damage[] = [
  {
    name: 'slices: a distributed save',
    model: sliced((rank) => `shard-0000${rank + 1}-model-00001-of-00001.safetensors`, sharding),
    says: RANKS,
  },
  {
    name: 'slices: tensor-parallel files',
    model: sliced((rank) => `pytorch_model-00000-TP-00${rank}.safetensors`),
    says: RANKS,
  },
  {
    name: 'slices: model0-mp2',
    model: sliced((rank) => `model${rank}-mp2.safetensors`),
    says: RANKS,
  },
  {
    name: 'slices: a rank’s parts',
    model: sliced((rank) => `model-rank-${rank}-part-0.safetensors`),
    says: RANKS,
  },
  {
    name: 'slices: two files with the same names',
    model: (model) => {
      sliced((rank) => `model-0000${rank + 1}-of-00002.safetensors`)(model);
      model.index = null;
    },
    says: RANKS,
  },
];

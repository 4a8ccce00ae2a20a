import { type Damage, FIRST, indexOf, type Model, SECOND, type Stored } from './model.fixture.ts';

/** Drops tensors; the index follows. */
function without(pattern: RegExp): (model: Model) => void {
  return (model) => {
    const kept = (all: readonly Stored[]) => all.filter(({ name }) => !pattern.test(name));
    model.shards = new Map([...model.shards].map(([file, all]) => [file, kept(all)]));
    model.index = indexOf(model.shards);
  };
}

function config(model: Model, change: Record<string, unknown>): void {
  if (typeof model.config !== 'object' || model.config === null) throw new Error('There is no config to damage.');
  model.config = { ...model.config, ...change };
}

/** What goes by the experts and their router alone is right all the same. */
const BY_EXPERTS = ['convert', 'parity'] as const;

/** Tensors outside the experts that nobody holds. */
export const ABSENT_DAMAGES: readonly Damage[] = [
  {
    name: 'no embedding',
    model: without(/embed_tokens/),
    says: /input embedding .*model\.embed_tokens\.weight.* is missing.*\[tensor-missing\]/,
    right: BY_EXPERTS,
  },
  {
    name: 'no final norm',
    model: without(/^model\.norm/),
    says: /norm after the last layer .*model\.norm\.weight.* is missing.*\[tensor-missing\]/,
    right: BY_EXPERTS,
  },
  {
    name: 'no head, not tied',
    model: without(/lm_head/),
    says: /output head .*lm_head\.weight.* is missing.*\[tensor-missing\]/,
    right: BY_EXPERTS,
  },
  {
    name: 'no head, tied to the embedding',
    model: (model) => {
      without(/lm_head/)(model);
      config(model, { tie_word_embeddings: true });
    },
    says: null,
    right: ['inspect', 'loads', 'stats', 'ranks', 'memory', ...BY_EXPERTS],
  },
  {
    name: 'a whole layer is gone',
    model: without(/layers\.1\./),
    says: /layer 1 .*no tensor of that layer was found/,
    right: ['convert'],
  },
  {
    name: 'a dense layer is gone',
    model: (model) => config(model, { num_hidden_layers: 3, mlp_only_layers: [2] }),
    says: /No tensor of layer 2 .*\[tensor-missing\]/,
    // The tensors are the same.
    right: ['compare', ...BY_EXPERTS],
  },
  ...['q', 'k', 'v', 'o'].map(
    (which): Damage => ({
      name: `no ${which}_proj in one layer`,
      model: without(new RegExp(`layers\\.1\\.self_attn\\.${which}_proj`)),
      says: new RegExp(`model\\.layers\\.1\\.self_attn\\.${which}_proj\\.weight is missing.*\\[tensor-missing\\]`),
      right: BY_EXPERTS,
    }),
  ),
  {
    name: 'no norm in one layer',
    model: without(/layers\.0\.input_layernorm/),
    says: /model\.layers\.0\.input_layernorm\.weight is missing/,
    right: BY_EXPERTS,
  },
  {
    name: 'no attention in one layer',
    model: without(/layers\.0\.self_attn/),
    says: /model\.layers\.0\.self_attn\..* are missing/,
    right: BY_EXPERTS,
  },
  {
    name: 'no router anywhere',
    model: without(/mlp\.gate\.weight/),
    says: /No router of layers 0–1 was found/,
    right: ['convert'],
  },
];

function joined(first: Uint8Array | undefined, second: Uint8Array | undefined): Uint8Array {
  return new Uint8Array([...(first ?? []), ...(second ?? [])]);
}

/** Folders that hold parts of several things, or a part of one. */
export const FOLDER_DAMAGES: readonly Damage[] = [
  {
    name: 'two shards joined into one file',
    files: (files) => {
      const all = joined(files.get(FIRST), files.get(SECOND));
      files.delete(FIRST);
      files.delete(SECOND);
      files.delete('model.safetensors.index.json');
      files.set('model.safetensors', all);
    },
    says: /Another safetensors file begins there: two files were joined into one/,
  },
  {
    name: 'a shard joined to another, index beside',
    files: (files) => void files.set(FIRST, joined(files.get(FIRST), files.get(SECOND))),
    says: /Another safetensors file begins there/,
    right: ['parity'],
  },
  {
    name: 'folders of two runs copied into one',
    model: (model) => {
      const all = [...model.shards.values()].flat();
      const parts = [all.slice(0, 10), all.slice(10, 20), all.slice(20)];
      for (const [at, part] of parts.entries()) model.shards.set(`model-0000${at + 1}-of-00003.safetensors`, part);
      model.index = null;
    },
    says: /The folder has shards of two splits.*\[series-several\]/,
    right: ['convert', 'parity', 'compare'],
  },
  {
    name: 'a conversion that stopped half-way',
    files: (files) => {
      const second = files.get(SECOND);
      files.delete(SECOND);
      files.delete('model.safetensors.index.json');
      if (second) files.set(`${SECOND}.moe-loom-part`, second.slice(0, 400));
    },
    says: /a conversion has not finished.*--resume/,
  },
];

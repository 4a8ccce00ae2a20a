import {
  type Damage,
  EXPERTS,
  expertTensors,
  HIDDEN,
  INTERMEDIATE,
  indexOf,
  type Model,
  SECOND,
  type Stored,
  stored,
} from './model.fixture.ts';

/** Changes tensors instead of the model's own; `[]` drops one. The index follows. */
function tensors(change: (tensor: Stored) => Stored | readonly Stored[]): (model: Model) => void {
  return (model) => {
    model.shards = new Map([...model.shards].map(([file, all]) => [file, all.flatMap(change)]));
    model.index = indexOf(model.shards);
  };
}

const renamed = (from: RegExp, to: string) => tensors((tensor) => ({ ...tensor, name: tensor.name.replace(from, to) }));
const without = (pattern: RegExp) => tensors((tensor) => (pattern.test(tensor.name) ? [] : tensor));
const matching = (pattern: RegExp, how: (tensor: Stored) => Stored | readonly Stored[]) =>
  tensors((tensor) => (pattern.test(tensor.name) ? how(tensor) : tensor));

function added(extra: readonly Stored[]): (model: Model) => void {
  return (model) => {
    model.shards.set(SECOND, [...(model.shards.get(SECOND) ?? []), ...extra]);
    model.index = indexOf(model.shards);
  };
}

function turned({ name, shape: [rows = 0, columns = 0], bytes }: Stored): Stored {
  const out = new Uint8Array(bytes.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      for (let byte = 0; byte < 2; byte++)
        out[2 * (column * rows + row) + byte] = bytes[2 * (row * columns + column) + byte] ?? 0;
  return { name, dtype: 'BF16', shape: [columns, rows], bytes: out };
}

/** Experts that are gone, doubled, unlike, or under names that nobody looks for. */
export const EXPERT_DAMAGES: readonly Damage[] = [
  { name: 'one expert is gone', model: without(/layers\.1\.mlp\.experts\.2\./), says: /Expert 2 .*missing/ },
  { name: 'half of the experts are gone', model: without(/experts\.[23]\./), says: /Expert 2 .*missing/ },
  {
    name: 'one down projection is gone',
    model: without(/layers\.1\.mlp\.experts\.2\.down/),
    says: /Expert 2 .*missing|down/,
  },
  { name: 'no up projections', model: without(/up_proj/), says: /up projections are missing/ },
  {
    name: 'all experts of a layer are gone',
    model: without(/layers\.1\.mlp\.experts\./),
    says: /layer 1/i,
  },
  { name: 'all experts are gone', model: without(/\.experts\./), says: /experts/ },
  {
    name: 'no router',
    model: without(/layers\.1\.mlp\.gate\.weight/),
    says: /model\.layers\.1\.mlp\.gate\.weight is missing/,
    right: ['convert'],
  },
  { name: 'an expert too many', model: added(expertTensors(1, EXPERTS)), says: /expert-extra|5 experts/ },
  {
    name: 'an expert of another dtype',
    model: matching(/layers\.1\.mlp\.experts\.1\.up/, ({ name, shape }) => stored(name, shape, 'F32')),
    says: /\[expert-dtype-unequal\]/,
    right: ['loads'],
  },
  {
    name: 'an expert of another width',
    model: matching(/layers\.1\.mlp\.experts\.1\.up/, ({ name }) => stored(name, [INTERMEDIATE - 2, HIDDEN])),
    says: /\[expert-shape-unequal\]/,
  },
  {
    name: 'an expert twice, as 1 and as 01',
    model: added(
      expertTensors(1, 1).map((tensor) => ({ ...tensor, name: tensor.name.replace('experts.1.', 'experts.01.') })),
    ),
    says: /\[expert-duplicate\]/,
  },
  {
    name: 'gate and up turned round',
    model: matching(/(gate|up)_proj/, turned),
    says: /\[(config-mismatch|expert-shape-unequal|[a-z-]+)\]/,
  },
  {
    name: 'a router with too many rows',
    model: matching(/layers\.1\.mlp\.gate\.weight/, ({ name }) => stored(name, [2 * EXPERTS, HIDDEN])),
    says: /router of layer 1 .*8/,
    right: ['convert'],
  },
  {
    name: 'a layer under another number',
    model: renamed(/layers\.1\./, 'layers.3.'),
    says: /layer 1|layers\.1/i,
    right: ['convert'],
  },
  {
    name: 'names under a wrapper',
    model: renamed(/layers\.(\d)\./, 'layers.$1._checkpoint_wrapped_module.'),
    says: null,
    right: ['inspect', 'stats', 'convert', 'ranks', 'memory', 'compare', 'parity'],
  },
  {
    name: 'the expert’s number last',
    model: renamed(/experts\.(\d)\.(\w+)\.weight/, 'experts.$2.$1.weight'),
    says: null,
    right: ['inspect', 'stats', 'convert', 'ranks', 'memory', 'compare', 'parity'],
  },
  { name: 'experts under an unknown word', model: renamed(/mlp\.experts\./, 'mlp.wizards.'), says: /expert/i },
  {
    name: 'projections under unknown words',
    model: renamed(/(gate|up|down)_proj\.weight$/, '$1_matrix.weight'),
    says: /\[layout-unknown\]/,
    right: ['inspect'],
  },
];

function config(change: Record<string, unknown>): (model: Model) => void {
  return (model) => {
    if (typeof model.config !== 'object' || model.config === null) throw new Error('There is no config to damage.');
    model.config = { ...model.config, ...change };
  };
}

const withConfig = (value: Model['config']) => (model: Model) => {
  model.config = value;
};

/** Everything that goes by tensors alone. */
const BY_TENSORS = ['stats', 'convert', 'compare'] as const;

/** A config that says something else than the tensors. */
export const CONFIG_DAMAGES: readonly Damage[] = [
  {
    name: 'a config that is no JSON',
    model: withConfig('{"model_type": '),
    says: /\[config-invalid\]/,
    right: ['inspect', ...BY_TENSORS, 'ranks'],
  },
  {
    name: 'no config',
    model: withConfig(null),
    says: /\[config-absent\]/,
    right: ['inspect', ...BY_TENSORS, 'ranks'],
  },
  {
    name: 'a config with too many experts',
    model: config({ num_experts: 8 }),
    says: /config says 8|missing/,
    right: ['stats', 'compare', 'ranks'],
  },
  {
    name: 'a config with too few experts',
    model: config({ num_experts: 2 }),
    says: /expert-extra|says 2/,
    right: ['stats', 'compare', 'ranks'],
  },
  {
    name: 'a list where one number is read',
    model: config({ num_experts: [EXPERTS, EXPERTS] }),
    says: null,
    right: ['inspect', ...BY_TENSORS, 'ranks', 'memory', 'parity'],
  },
  {
    name: 'a number of experts as text',
    model: config({ num_experts: String(EXPERTS) }),
    says: null,
    right: ['inspect', ...BY_TENSORS, 'ranks', 'memory', 'parity'],
  },
  {
    name: 'a config of another width',
    model: config({ moe_intermediate_size: 12 }),
    says: /\[config-mismatch\]|12/,
    right: ['stats', 'compare'],
  },
  {
    name: 'a config with a layer too many',
    model: config({ num_hidden_layers: 3 }),
    says: /layer 2/i,
    right: [...BY_TENSORS, 'parity'],
  },
  {
    name: 'a config with a layer too few',
    model: config({ num_hidden_layers: 1 }),
    says: /MTP|layer 1/i,
    right: ['inspect', ...BY_TENSORS, 'ranks', 'memory', 'parity'],
  },
  {
    name: 'a model type that nobody knows',
    model: config({ model_type: 'qwen9_moe', architectures: ['Qwen9MoeForCausalLM'] }),
    says: null,
    right: ['inspect', ...BY_TENSORS, 'ranks', 'memory'],
  },
  {
    name: 'more experts a token than there are',
    model: config({ num_experts_per_tok: 6 }),
    says: null,
    right: ['inspect', 'loads', ...BY_TENSORS],
  },
];

/** Values that no header shows: the comparisons by value find them. */
export const VALUE_DAMAGES: readonly Damage[] = [
  {
    name: 'gate and up exchanged',
    model: tensors((tensor) => {
      const other = tensor.name.replace(/(gate|up)_proj/, (word) => (word === 'gate_proj' ? 'up_proj' : 'gate_proj'));
      return tensor.name.includes('.experts.') ? { ...tensor, name: other } : tensor;
    }),
    says: null,
    right: ['inspect', 'loads', 'stats', 'convert', 'ranks', 'memory'],
  },
  {
    name: 'two experts exchanged',
    model: tensors((tensor) => ({
      ...tensor,
      name: tensor.name.replace(
        /layers\.1\.mlp\.experts\.([01])\./,
        (_, n) => `layers.1.mlp.experts.${1 - Number(n)}.`,
      ),
    })),
    says: null,
    right: ['inspect', 'loads', 'stats', 'convert', 'ranks', 'memory'],
  },
  {
    name: 'router rows in another order',
    model: matching(/layers\.1\.mlp\.gate\.weight/, (tensor) => {
      const row = tensor.bytes.length / EXPERTS;
      const turned = new Uint8Array([...tensor.bytes.slice(row), ...tensor.bytes.slice(0, row)]);
      return { ...tensor, bytes: turned };
    }),
    says: null,
    right: ['inspect', 'loads', 'stats', 'convert', 'ranks', 'memory'],
  },
  {
    name: 'one bit of one expert',
    model: matching(/layers\.1\.mlp\.experts\.1\.up/, (tensor) => {
      const bytes = tensor.bytes.slice();
      bytes[2] = (bytes[2] ?? 0) ^ 1;
      return { ...tensor, bytes };
    }),
    says: null,
    right: ['inspect', 'loads', 'stats', 'convert', 'ranks', 'memory', 'parity'],
  },
];

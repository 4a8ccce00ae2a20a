import type { Architecture, LayerRule } from '../layouts/architecture-row.ts';

/** One thing that is special about a model type: what it is about, and a sentence or names with backticks for code. */
export interface CompatFact {
  readonly about: string;
  readonly text: string;
}

/** What a reader of a model type's checkpoints has to know, from its row alone. */
export function compatFacts(row: Architecture): readonly CompatFact[] {
  const { v4, v5 } = row.countKeys;
  const count =
    v4 === v5
      ? code([v4])
      : `\`${v4}\`, which transformers 5 writes as \`${v5}\`. The made-up config.json has both: a program that reads one of them may fail on a checkpoint that has only the other.`;
  const facts: (readonly [string, string | null])[] = [
    ['Number of experts', count],
    ['Experts a token takes', row.perToken === null ? code(row.topK) : `${row.perToken}, fixed in its code`],
    ['Expert width', code(row.intermediate)],
    ['Layers with experts', layersOf(row.layers)],
    ['Block', typeof row.block === 'string' ? row.block : `\`${sourceOf(row)}\``],
    ['Shared experts', sharedOf(row) ? 'Its block has shared experts beside the routed ones.' : null],
    ['Gate', row.gated ? null : 'Its experts have no gate: an up projection and a down projection.'],
    ['Biases', row.loads?.biased ? 'Its experts have biases.' : null],
    ['Multi-token prediction', MTP[row.mtp]],
    ['One number a layer', row.lists ? 'config.json may list another number of experts for each layer.' : null],
    ['Own code', row.remote ? 'transformers has no classes for it: its repositories bring their own code.' : null],
    ['Expert parallelism', row.ep ? 'transformers 5.18 has an expert-parallel plan for it.' : null],
    ['Not supported', row.unsupported],
    ['Source of the names', row.source],
  ];
  return facts.flatMap(([about, text]) => (text === null || text === '' ? [] : [{ about, text }]));
}

const MTP: Readonly<Record<Architecture['mtp'], string | null>> = {
  none: null,
  extra: 'Its layers are numbered from `num_hidden_layers` on.',
  stack: 'Its layers are stored under `mtp.`.',
};

function code(keys: readonly string[]): string {
  return keys.map((key) => `\`${key}\``).join(' or ');
}

/** The block of a config without keys, which has its class and its parts but not its numbers. */
function blockOf({ block }: Architecture) {
  return typeof block === 'string' ? null : block({ config: {}, layer: 0, prefix: 'model.layers.0', topK: 2 });
}

function sourceOf(row: Architecture): string {
  return blockOf(row)?.source ?? '';
}

function sharedOf(row: Architecture): boolean {
  const block = blockOf(row);
  return block?.sharedRequired === true || block?.sharedInner != null;
}

function layersOf(rules: readonly LayerRule[]): string {
  if (rules.length === 0) return 'All of them.';
  const keys = [...new Set(rules.flatMap(keysOf))].map((key) => `\`${key}\``);
  return `As config.json says under ${keys.join(', ')}.`;
}

function keysOf(rule: LayerRule): readonly string[] {
  switch (rule.kind) {
    case 'first':
    case 'types':
    case 'list':
    case 'blocks':
      return [rule.key];
    case 'sparse-step':
      return ['decoder_sparse_step', 'mlp_only_layers'];
    case 'period':
      return [rule.period, rule.offset];
    case 'interval':
      return ['moe_layer_interval', 'moe_layer_start_index', 'moe_layer_end_index'];
    case 'every':
      return [rule.every, ...(rule.first === undefined ? [] : [rule.first])];
    case 'halves':
      return [rule.encoder, rule.decoder];
  }
}

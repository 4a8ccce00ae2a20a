import { describe, expect, it } from 'vitest';
import type { Checkpoint } from '../checkpoint/types.ts';
import { checkpointOf, ENDS, type Headers } from './checkpoints.fixture.ts';
import { detectLayout } from './detect.ts';

const [E, H] = [2, 4];
const bf16 = (shape: readonly number[]) => ({ dtype: 'BF16', shape });

interface Part {
  /** `mamba` instead of attention. */
  readonly mamba?: boolean;
  readonly dense?: boolean;
  /** How the attention's matrices are held. */
  readonly packed?: boolean;
}

function layer(index: number, { mamba = false, dense = false, packed = false }: Part = {}): Headers {
  const at = `model.layers.${index}`;
  const words = mamba ? ['A_log', 'in_proj.weight', 'out_proj.weight'] : ['q', 'k', 'v', 'o'];
  const mixer = words.flatMap((word): [string, readonly number[]][] => {
    if (mamba) return [[`mamba.${word}`, [H, H]]];
    const stem = `self_attn.${word}_proj`;
    return packed
      ? [
          [`${stem}.weight_packed`, [H, 1]],
          [`${stem}.weight_scale`, [H, 1]],
        ]
      : [[`${stem}.weight`, [H, H]]];
  });
  const mlp = ['gate', 'up', 'down'].flatMap((word): [string, readonly number[]][] =>
    dense
      ? [[`mlp.${word}_proj.weight`, [H, H]]]
      : Array.from({ length: E }, (_, expert) => [`mlp.experts.${expert}.${word}_proj.weight`, [H, H]]),
  );
  const all: [string, readonly number[]][] = [
    ['input_layernorm.weight', [H]],
    ['post_attention_layernorm.weight', [H]],
    ...mixer,
    ...(dense ? [] : [['mlp.gate.weight', [E, H]] as [string, readonly number[]]]),
    ...mlp,
  ];
  return Object.fromEntries(all.map(([name, shape]) => [`${at}.${name}`, bf16(shape)]));
}

const CONFIG = {
  model_type: 'qwen3_moe',
  hidden_size: H,
  moe_intermediate_size: H,
  num_hidden_layers: 4,
  num_experts: E,
  decoder_sparse_step: 1,
  mlp_only_layers: [0],
};
const LAYERS = [layer(0, { dense: true }), layer(1), layer(2), layer(3)];
const WHOLE: Headers = Object.assign({}, ENDS, ...LAYERS);

const without = (pattern: RegExp, all = WHOLE): Headers =>
  Object.fromEntries(Object.entries(all).filter(([name]) => !pattern.test(name)));

function told(
  headers: Headers,
  config: Record<string, unknown> | null = CONFIG,
  more: Partial<Pick<Checkpoint, 'absent' | 'findings'>> = {},
): string[] {
  const { defects } = detectLayout({ ...checkpointOf(headers, config), ...more });
  return defects.filter(({ tag }) => tag === 'tensor-missing').map(({ message }) => message);
}

describe('outside the layers', () => {
  it('says nothing of a whole model', () => {
    expect(told(WHOLE)).toEqual([]);
  });

  it('says in one sentence what is missing, and what to do', () => {
    expect(told(without(/embed_tokens|^model\.norm/))).toEqual([
      'The input embedding (`model.embed_tokens.weight` or a similar name) and the norm after the last layer (`model.norm.weight` or a similar name) are missing. A program that starts all the same makes up their values, so its answers are worthless. Take the missing tensors from the model that this was made of.',
    ]);
  });

  it.each<[string, Record<string, unknown>, number]>([
    ['the config ties it', { tie_word_embeddings: true }, 0],
    ['the text part ties it', { text_config: { ...CONFIG, tie_word_embeddings: true } }, 0],
    ['the config does not tie it', { tie_word_embeddings: false }, 1],
    ['the class does not tie it', {}, 1],
    ['the class ties it', { model_type: 'ernie4_5_moe' }, 0],
    ['the class has none', { architectures: ['Qwen3MoeModel'] }, 0],
    ['the model type is not known', { model_type: 'qwen9_moe', tie_word_embeddings: false }, 0],
  ])('no head: %s', (_, change, count) => {
    expect(told(without(/lm_head/), { ...CONFIG, ...change })).toHaveLength(count);
  });

  it('calls experts alone a part of a model', () => {
    const experts = Object.fromEntries(Object.entries(WHOLE).filter(([name]) => name.includes('experts.')));
    expect(told(experts)).toEqual([expect.stringMatching(/^The checkpoint has only experts/)]);
  });
});

describe('layers', () => {
  it('names a dense layer that is not here', () => {
    expect(told(without(/layers\.0\./))).toEqual([
      expect.stringMatching(/^No tensor of layer 0 of model\.layers is here; the config counts 4 layers\./),
    ]);
  });

  it('names a layer that the numbers of others leave out where no config counts them', () => {
    expect(told(without(/layers\.2\./), null)).toEqual([
      expect.stringMatching(/^No tensor of layer 2 .* before and after/),
    ]);
    expect(told(without(/layers\.3\./), null)).toEqual([]);
  });

  it('leaves layers with experts to the finding that names them', () => {
    expect(told(without(/layers\.2\./))).toEqual([]);
  });
});

describe('a tensor that the other layers have', () => {
  const names = Object.keys(WHOLE).filter((name) => /layers\.[0-3]\./.test(name) && !name.includes('experts.'));

  it.each(names)('%s', (name) => {
    const { [name]: _, ...rest } = WHOLE;
    expect(told(rest)).toEqual([expect.stringContaining(name)]);
    // A model that is not known may have no gates.
    expect(told(rest, null)).toHaveLength(name.includes('gate_proj') ? 0 : 1);
  });

  it('is one cause for all that one layer lacks', () => {
    expect(told(without(/layers\.2\.self_attn/))).toEqual([
      expect.stringMatching(/^model\.layers\.2\.self_attn\.q_proj\.weight, .*o_proj\.weight are missing/),
    ]);
  });

  it('counts as held in any form, and its scales as nothing of their own', () => {
    const packed = layer(2, { packed: true });
    const mixed = { ...without(/layers\.2\./), ...packed };
    expect(told(mixed)).toEqual([]);
    expect(told(without(/layers\.2\..*q_proj\.weight_packed/, mixed))).toEqual([
      expect.stringContaining('2.self_attn.q_proj'),
    ]);
    expect(told(without(/layers\.2\..*q_proj\.weight_scale/, mixed))).toEqual([]);
  });

  it('is not asked of a layer of another kind, told by the config or by what it has', () => {
    const hybrid = { ...without(/layers\.[13]\./), ...layer(1, { mamba: true }), ...layer(3, { mamba: true }) };
    const types = { layer_types: ['attention', 'mamba', 'attention', 'mamba'] };
    expect(told(hybrid)).toEqual([]);
    expect(told(hybrid, { ...CONFIG, ...types })).toEqual([]);
    const one = { ...without(/layers\.3\./), ...layer(3, { mamba: true }) };
    expect(told(one)).toEqual([]);
    expect(told(without(/layers\.1\.mamba\.A_log/, hybrid), { ...CONFIG, ...types })).toEqual([
      expect.stringContaining('layers.1.mamba.A_log'),
    ]);
  });

  it('is not asked of a layer whose other matrices have another shape', () => {
    const wide = Object.fromEntries(
      ['q', 'k', 'o'].map((word) => [`model.layers.2.self_attn.${word}_proj.weight`, bf16([2 * H, H])]),
    );
    const config = { ...CONFIG, attention_k_eq_v: true };
    expect(told({ ...without(/layers\.2\.self_attn/), ...wide }, config)).toEqual([]);
  });
});

describe('what a missing shard held', () => {
  const gone = [{ tag: 'shard-missing', message: 'x', severity: 'error' }] as const;

  it('is not told again where the index says it', () => {
    const pattern = /embed_tokens|layers\.2\.self_attn/;
    const absent = new Map(Object.keys(WHOLE).flatMap((name) => (pattern.test(name) ? [[name, 'b'] as const] : [])));
    expect(told(without(pattern), CONFIG, { absent, findings: gone })).toEqual([]);
    expect(told(without(/lm_head|embed_tokens/), CONFIG, { absent, findings: gone })).toEqual([
      expect.stringMatching(/^The output head/),
    ]);
  });

  it('is not guessed where no index says it', () => {
    expect(told(without(/embed_tokens|layers\.0\./), CONFIG, { findings: gone })).toEqual([]);
  });
});

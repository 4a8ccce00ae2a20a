import { describe, expect, it } from 'vitest';
import { finding } from '../checkpoint/make-finding.ts';
import { causesOf, errorsOf, foundWords } from './causes.ts';
import { checkpointOf, ENDS, type Headers, readRealNames } from './checkpoints.fixture.ts';
import { detectLayout } from './detect.ts';

const CONFIG = {
  model_type: 'qwen3_moe',
  hidden_size: 16,
  moe_intermediate_size: 8,
  num_hidden_layers: 3,
  num_experts: 4,
  num_experts_per_tok: 2,
  decoder_sparse_step: 1,
  mlp_only_layers: [],
};

function headers(without: (name: string) => boolean = () => false): Headers {
  const names: [string, number[]][] = [0, 1, 2].flatMap((layer): [string, number[]][] => [
    [`model.layers.${layer}.mlp.gate.weight`, [4, 16]],
    ...[0, 1, 2, 3].flatMap((expert): [string, number[]][] => {
      const at = `model.layers.${layer}.mlp.experts.${expert}`;
      return [
        [`${at}.gate_proj.weight`, [8, 16]],
        [`${at}.up_proj.weight`, [8, 16]],
        [`${at}.down_proj.weight`, [16, 8]],
      ];
    }),
  ]);
  const inLayers = Object.fromEntries(
    names.filter(([name]) => !without(name)).map(([name, shape]) => [name, { dtype: 'BF16', shape }]),
  );
  return { ...ENDS, ...inLayers };
}

function causes(made: Headers, config: object = CONFIG, findings: ReturnType<typeof finding>[] = []) {
  const checkpoint = checkpointOf(made, { ...config });
  return causesOf({ findings }, detectLayout(checkpoint));
}

describe('causesOf', () => {
  it('says nothing of a whole checkpoint', () => {
    expect(causes(headers())).toEqual([]);
  });

  it('says once what layers and experts have in common', () => {
    const found = causes(headers((name) => /experts\.[23]\./.test(name)));
    expect(found).toEqual([
      {
        tag: 'expert-missing',
        severity: 'error',
        message:
          'Expert 2 of model.layers.0.mlp is missing: its tensors are not there. The same goes for expert 3, and for layers 1–2.',
      },
    ]);
  });

  it('keeps apart what differs', () => {
    const found = causes(headers((name) => /layers\.0\.mlp\.experts\.2\.|layers\.2\.mlp\.experts\.1\.up/.test(name)));
    expect(found.map(({ message }) => message)).toHaveLength(2);
  });

  it('counts one cause for a number that is wrong in the config', () => {
    const found = causes(headers(), { ...CONFIG, num_experts: 8 });
    expect(found).toHaveLength(1);
    expect(found[0]?.message).toContain('The config says 8 experts; every layer has 4.');
  });

  it('takes what is missing for a consequence where a shard is not here', () => {
    const gone = finding('shard-missing', 'The shard b.safetensors is missing.');
    const found = causes(
      headers((name) => /layers\.1\.|experts\.3\./.test(name)),
      CONFIG,
      [gone],
    );
    expect(found).toEqual([{ tag: 'shard-missing', message: gone.message, severity: 'error' }]);
  });

  it('says nothing of layers where no name can be trusted', () => {
    const twice = finding('tensor-duplicate', 'x is in a and again in b, and no index says which counts.');
    expect(
      causes(
        headers((name) => /experts\.3\./.test(name)),
        CONFIG,
        [twice],
      ),
    ).toHaveLength(1);
  });

  it('names layers that the config gives experts and that are not here', () => {
    const found = causes(headers((name) => /layers\.[12]\./.test(name)));
    expect(found.map(({ message }) => message)).toEqual([
      'The config gives layer 1 experts, but no tensor of that layer was found. The same goes for layer 2.',
    ]);
  });

  it('names routers of other experts, and tokens that are sent to more than there are', () => {
    const wide = { ...headers(), 'model.layers.1.mlp.gate.weight': { dtype: 'BF16', shape: [8, 16] } };
    expect(causes(wide)[0]?.message).toBe('The router of layer 1 chooses among 8 experts, and the layer has 4.');
    const many = causes(headers(), { ...CONFIG, num_experts_per_tok: 6 });
    expect(many.map(({ message }) => message)).toEqual([
      'The config sends a token to 6 experts, and layer 0 has 4. The same goes for layers 1–2.',
    ]);
  });
});

it.each(Object.entries(readRealNames()))(
  'finds no error in %s as transformers writes and holds it',
  (type, { disk, memory, config }) => {
    // Its gate and up in memory hold zero-computation experts too, and down does not: a stack of each has another length.
    for (const made of type === 'longcat_flash' ? [disk] : [disk, memory]) {
      const checkpoint = checkpointOf(made, config);
      expect(errorsOf({ findings: [] }, detectLayout(checkpoint))).toEqual([]);
    }
  },
);

describe('what was found, in a sentence', () => {
  const [error, note] = [{ severity: 'error' } as const, { severity: 'warning' } as const];
  it.each([
    [[], 'No problem found: headers, index and config agree.'],
    [[note, note], 'No error, 2 notes.'],
    [[note, error], '1 error found.'],
  ])('%j', (causes, words) => {
    expect(foundWords(causes)).toBe(words);
  });
});

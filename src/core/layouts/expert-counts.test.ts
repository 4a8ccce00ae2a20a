import { describe, expect, test } from 'vitest';
import { absenceOfExperts } from './absence.ts';
import { checkpointOf, ENDS, type Headers } from './checkpoints.fixture.ts';
import { detectLayout } from './detect.ts';
import { missingExperts } from './missing-experts.ts';
import type { Entry } from './rows.fixture.ts';

const [I, H] = [4, 6];

interface Made {
  /** Rows of each layer's router, null for none. */
  readonly routers: readonly (number | null)[];
  /** Experts of each layer, by their numbers. */
  readonly held: readonly (readonly number[])[];
  readonly fused?: boolean;
  readonly stack?: string;
}

const upTo = (count: number) => Array.from({ length: count }, (_, expert) => expert);

function entries({ routers, held, fused = false, stack = 'model.layers' }: Made): Entry[] {
  return held.flatMap((experts, layer): Entry[] => {
    const path = `${stack}.${layer}.mlp`;
    const rows = routers[layer] ?? null;
    const router: Entry[] = rows === null ? [] : [[`${path}.gate.weight`, [rows, H]]];
    if (fused)
      return [
        ...router,
        [`${path}.experts.gate_up_proj`, [experts.length, 2 * I, H]],
        [`${path}.experts.down_proj`, [experts.length, H, I]],
      ];
    const apart = experts.flatMap((expert): Entry[] => [
      [`${path}.experts.${expert}.gate_proj.weight`, [I, H]],
      [`${path}.experts.${expert}.up_proj.weight`, [I, H]],
      [`${path}.experts.${expert}.down_proj.weight`, [H, I]],
    ]);
    return [...router, ...apart];
  });
}

const config = (experts: number | readonly number[], rest = {}) => ({
  model_type: 'qwen3_moe',
  num_experts: experts,
  hidden_size: H,
  moe_intermediate_size: I,
  ...rest,
});

function checkpoint(made: readonly Entry[], says: Record<string, unknown> | null) {
  const headers: Headers = Object.fromEntries(made.map(([name, shape, dtype = 'BF16']) => [name, { dtype, shape }]));
  return checkpointOf(headers, says);
}

function detect(made: Made, says: Record<string, unknown> | null) {
  const { tensors, config: given } = checkpoint(entries(made), says);
  return detectLayout({ tensors: new Map([...tensors, ...checkpointOf(ENDS, null).tensors]), config: given });
}

const counts = (layout: ReturnType<typeof detect>) => layout.groups.map((group) => group.experts);
const tags = (layout: ReturnType<typeof detect>) => [
  ...new Set(layout.groups.flatMap((group) => group.defects.map((defect) => defect.tag))),
];

describe('experts that were pruned layer by layer', () => {
  test.each([false, true])('are counted by router and tensors, not by the config; fused: %s', (fused) => {
    const layout = detect({ routers: [8, 6, 4], held: [8, 6, 4].map(upTo), fused }, config(8));
    expect(counts(layout)).toEqual([8, 6, 4]);
    expect(tags(layout)).toEqual(['config-mismatch']);
    expect(missingExperts(layout)).toBeNull();
    expect(layout.defects.map(({ message }) => message)).toEqual([
      expect.stringMatching(
        /^The config says 8 experts for every layer; layer 1 has 6, layer 2 has 4\. A program that/,
      ),
    ]);
  });

  test('are no contradiction where the config counts by layer', () => {
    for (const model_type of ['hunyuan_v1_moe', 'something_new']) {
      const layout = detect({ routers: [8, 6, 4], held: [8, 6, 4].map(upTo) }, config([8, 6, 4], { model_type }));
      expect(counts(layout)).toEqual([8, 6, 4]);
      expect([...tags(layout), ...layout.defects]).toEqual([]);
    }
  });

  test('a list counts for nothing where the model takes one number', () => {
    const layout = detect({ routers: [8, 6, 4], held: [8, 6, 4].map(upTo) }, config([9, 9, 9]));
    expect(counts(layout)).toEqual([8, 6, 4]);
    expect(layout.defects.map(({ message }) => message)).toEqual([
      'The config has a list of 3 numbers under num_experts; qwen3_moe takes one number for all layers.',
    ]);
  });

  test('alike in every layer: the config is to be mended', () => {
    const { defects } = detect({ routers: [6, 6], held: [upTo(6), upTo(6)] }, config(8));
    expect(defects[0]?.message).toMatch(/^The config says 8 experts; every layer has 6\..* write 6 into the config\./);
  });

  test('more experts than the config says are its fault too, where the router agrees', () => {
    const layout = detect({ routers: [8, 6], held: [upTo(8), upTo(6)] }, config(6));
    expect(counts(layout)).toEqual([8, 6]);
    expect(tags(layout)).toEqual(['config-mismatch']);
  });

  test('layers of one number are named together, and only the first numbers', () => {
    const sizes = [8, 6, 6, 6, 4, 6, 3, 2, 1, 5, 7];
    const { defects } = detect({ routers: sizes, held: sizes.map(upTo) }, config(8));
    expect(defects[0]?.message).toContain(
      'layers 1–3 and 5 have 6, layer 4 has 4, layer 6 has 3, layer 7 has 2, layer 8 has 1, layer 9 has 5, and so on for 1 more numbers.',
    );
  });

  test('a hole in a pruned layer is a missing expert of that layer', () => {
    const layout = detect({ routers: [8, 6], held: [upTo(8), [0, 1, 2, 4]] }, config(8));
    expect(counts(layout)).toEqual([8, 6]);
    expect(missingExperts(layout)).toMatch(/^Experts are missing from the files: layer 1 lacks experts 3, 5\./);
  });
});

describe('missing experts', () => {
  test('are what the routers choose and no tensor holds', () => {
    const layout = detect({ routers: [8, 8, 8], held: [upTo(8), upTo(5), upTo(5)] }, config(8));
    expect(counts(layout)).toEqual([8, 8, 8]);
    expect(tags(layout)).toEqual(['expert-missing']);
    expect(layout.defects).toEqual([]);
    expect(missingExperts(layout)).toContain('layers 1–2 lack experts 5–7.');
  });

  test('of tensors that hold all experts of a layer', () => {
    const layout = detect({ routers: [8, 8], held: [upTo(8), upTo(5)], fused: true }, config(8));
    expect(tags(layout)).toEqual(['expert-missing']);
    expect(missingExperts(layout)).toContain('layer 1 lacks experts 5–7.');
  });

  test('are known by the router alone where there is no config', () => {
    const layout = detect({ routers: [8], held: [upTo(5)] }, null);
    expect(missingExperts(layout)).toContain('layer 0 lacks experts 5–7.');
  });

  test('one projection is enough to lack an expert, a companion is not', () => {
    const made = entries({ routers: [4], held: [upTo(4)] });
    const cut = made.filter(([name]) => name !== 'model.layers.0.mlp.experts.2.down_proj.weight');
    expect(missingExperts(detectLayout(checkpoint(cut, config(4))))).toContain('layer 0 lacks expert 2.');
    const scaled = [0, 1, 2].map((e): Entry => [`model.layers.0.mlp.experts.${e}.up_proj.weight_scale`, [I, 1]]);
    const layout = detectLayout(checkpoint([...made, ...scaled], config(4)));
    expect(tags(layout)).toEqual(['expert-missing']);
    expect(missingExperts(layout)).toBeNull();
  });

  test('a whole projection is named; a name that claims any number costs no time', () => {
    const gateless = entries({ routers: [2], held: [upTo(2)] }).filter(([name]) => !name.includes('gate_proj'));
    expect(missingExperts(detectLayout(checkpoint(gateless, config(2))))).toContain(
      'layer 0 lacks the gate projections.',
    );
    const hostile = detect({ routers: [null], held: [[0, 999_999_999]] }, null);
    expect(missingExperts(hostile)).toContain('layer 0 lacks experts 1–999999998.');
  });
});

describe('rows of a router', () => {
  test('the other way round they say nothing', () => {
    const turned = entries({ routers: [null], held: [upTo(4)] });
    const layout = detectLayout(checkpoint([...turned, ['model.layers.0.mlp.gate.weight', [H, 4]]], config(5)));
    expect(counts(layout)).toEqual([5]);
    expect(tags(layout)).toEqual(['expert-missing']);
  });

  test('beyond the experts are experts without weights, where the config says so', () => {
    const layout = detect({ routers: [6], held: [upTo(4)] }, config(4, { zero_expert_num: 2 }));
    expect(counts(layout)).toEqual([4]);
    expect(tags(layout)).toEqual([]);
  });
});

describe('that there are no routed experts', () => {
  const mlp: Entry[] = ['gate', 'up', 'down'].map((name) => [`model.layers.0.mlp.${name}_proj.weight`, [I, H]]);
  const bank = entries({ routers: [4], held: [upTo(4)] }).map(
    ([name, shape]): Entry => [name.replace('.experts.', '.expert_bank.'), shape],
  );
  const ask = (made: readonly Entry[], says: Record<string, unknown> | null, findings: readonly unknown[] = []) => {
    const of = { ...checkpoint(made, says), findings } as Parameters<typeof absenceOfExperts>[0];
    return absenceOfExperts(of, detectLayout(of));
  };

  test.each<[string, readonly Entry[], Record<string, unknown> | null]>([
    ['a dense model and its config', mlp, { model_type: 'llama' }],
    [
      'a config that counts none',
      mlp,
      { model_type: 'granitemoehybrid', num_local_experts: 0, num_experts_per_tok: 2 },
    ],
    [
      'a config whose rule makes every layer dense',
      mlp,
      { model_type: 'qwen3_moe', num_experts: 8, num_hidden_layers: 1, mlp_only_layers: [0] },
    ],
    ['recognised MLPs without a config', mlp, null],
    ['a shared expert alone', [['model.layers.0.mlp.shared_expert.up_proj.weight', [I, H]], ...mlp], {}],
  ])('is known: %s', (_, made, says) => {
    expect(ask(made, says)).toEqual({ known: true, message: 'There are no routed experts in this checkpoint.' });
  });

  test.each<[string, readonly Entry[], Record<string, unknown> | null, RegExp]>([
    [
      'the rule leaves one layer its experts',
      mlp,
      { model_type: 'qwen3_moe', num_experts: 8, num_hidden_layers: 2, mlp_only_layers: [0] },
      /^The config says 8 experts, but no tensor/,
    ],
    ['the config promises some', mlp, { num_experts: 8 }, /^The config says 8 experts, but no tensor .* Rename/],
    ['under a key of its own', mlp, { moe: { n_experts: 8 } }, /^The config says n_experts 8, but/],
    ['a name mentions experts', bank, { model_type: 'llama' }, /not known to this program\. .*mlp\.expert_bank\.0/],
    ['nothing is recognised', [['blocks.0.w', [2, 2]]], null, /no config\.json, and no layer.*Add the model’s config/],
  ])('is not known: %s', (_, made, says, message) => {
    expect(ask(made, says)).toEqual({ known: false, message: expect.stringMatching(message) });
  });

  test('is known, and said, where experts are single neurons', () => {
    const embed: Entry[] = [['model.layers.0.mlp.down_embed.weight', [16, H]]];
    const { known, message } = ask([...mlp, ...embed], { model_type: 'doge', is_moe: true, num_experts: 16 });
    expect([known, message]).toEqual([true, expect.stringMatching(/single neurons.*down_embed.*no stack/)]);
  });

  test('is not known where files are missing, and the finding is quoted', () => {
    const gone = { tag: 'shard-missing', message: 'model-00002-of-00002.safetensors is missing.', severity: 'error' };
    expect(ask(mlp, {}, [gone])).toEqual({
      known: false,
      message: expect.stringMatching(/not known whether .* model-00002-of-00002\.safetensors is missing\. Complete/),
    });
  });

  test('is not known where their layout is not', () => {
    const odd: Entry[] = [['model.layers.3.mlp.experts.0.w9.weight', [I, H]]];
    expect(ask(odd, config(8))).toEqual({
      known: false,
      message: expect.stringMatching(/^The experts of layer 3 are stored in a way that is not known to this program\./),
    });
  });
});

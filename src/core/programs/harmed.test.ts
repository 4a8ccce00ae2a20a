import { describe, expect, it } from 'vitest';
import { finding } from '../checkpoint/make-finding.ts';
import type { Finding } from '../checkpoint/types.ts';
import { checkpointOf, readRealNames, type TestCheckpoint } from '../layouts/checkpoints.fixture.ts';
import { detectLayout } from '../layouts/detect.ts';
import type { TargetLayout } from '../layouts/types.ts';
import { isGood } from '../loads/predict.ts';
import { planConversion } from '../plan/conversion.ts';
import { LOADERS, predictLoads, predictTarget } from './loading.ts';
import { type Shapes, variantsOf } from './transformers/variants.fixture.ts';

const REAL = readRealNames();

function real(type: string): TestCheckpoint {
  const { disk = {}, config = {} } = REAL[type] ?? {};
  return checkpointOf(disk, config);
}

function renamed({ tensors, config }: TestCheckpoint, change: (name: string) => string): TestCheckpoint {
  const made = [...tensors.values()].map((tensor) => ({ ...tensor, name: change(tensor.name) }));
  return { tensors: new Map(made.map((tensor) => [tensor.name, tensor])), config };
}

function good(checkpoint: Parameters<typeof predictLoads>[0]): string[] {
  return predictLoads(checkpoint)
    .filter(isGood)
    .map(({ id }) => id);
}

const ERRORS: readonly Finding[] = [
  finding('shard-missing', 'The shard b.safetensors is missing.', { file: 'b.safetensors' }),
  finding('shard-invalid', 'The file ends early.'),
  finding('tensor-duplicate', 'x is in a and again in b, and no index says which counts.'),
  finding('index-tensor-missing', 'The index says that x is in a; it is not.'),
  finding('index-invalid', 'The index is no JSON.'),
  finding('lfs-pointer', 'a is a Git LFS pointer.'),
];

describe('a checkpoint that is not whole', () => {
  it.each(ERRORS)('is loaded by nobody: $tag', (found) => {
    const verdicts = predictLoads({
      ...real('qwen3_moe'),
      findings: [found],
      indexFile: 'model.safetensors.index.json',
    });
    expect(verdicts.filter(isGood)).toEqual([]);
    for (const { needs, cure } of verdicts) {
      expect(needs.some((need) => need.includes(found.message))).toBe(true);
      expect(cure).toBeNull();
    }
  });

  it('says what a program does without a shard of its index, where that is known', () => {
    const findings = ERRORS.slice(0, 1);
    const told = (indexFile: string | null) =>
      Object.fromEntries(
        predictLoads({ ...real('qwen3_moe'), findings, indexFile }).map(({ id, verdict }) => [id, verdict]),
      );
    expect(told('model.safetensors.index.json')).toMatchObject({
      'transformers-5': 'refuses',
      'llama.cpp': 'refuses',
      vllm: 'refuses',
      mlx: 'refuses',
      torchtitan: 'unknown',
    });
    // No index, nothing to compare the files with.
    expect(told(null)).toMatchObject({ 'llama.cpp': 'unknown', mlx: 'refuses' });
  });

  it('counts no warning', () => {
    const findings = [finding('total-size-wrong', 'The index states another total.')];
    expect(good({ ...real('qwen3_moe'), findings })).toEqual(good(real('qwen3_moe')));
  });
});

describe('a config with something else than one number', () => {
  it.each([
    ['num_experts', [4, 4]],
    ['num_experts', '4'],
    ['num_experts_per_tok', [2]],
    ['moe_intermediate_size', [32, 32]],
  ])('%s is %j', (key, value) => {
    const { tensors, config } = real('qwen3_moe');
    const verdicts = predictLoads({ tensors, config: { ...config, [key]: value } });
    expect(verdicts.filter(isGood)).toEqual([]);
    expect(verdicts[0]).toMatchObject({ id: 'transformers-5', verdict: 'refuses' });
    expect(verdicts[0]?.needs[0]).toContain(key);
  });

  it('takes a list of model types that read one', () => {
    const { tensors, config } = real('hunyuan_v1_moe');
    const layers = Number(config?.num_hidden_layers);
    const listed = { ...config, num_experts: Array.from({ length: layers }, () => config?.num_experts) };
    expect(good({ tensors, config: listed })).toEqual(good({ tensors, config }));
  });
});

describe('names are compared whole', () => {
  const whole = real('qwen3_moe');

  it.each(['module.', '_orig_mod.', 'base_model.model.', '_fsdp_wrapped_module.'])(
    'nobody loads them under %s',
    (wrapper) => {
      expect(good(renamed(whole, (name) => wrapper + name))).toEqual([]);
    },
  );

  it('transformers 5 takes the model’s own prefix away where it stands twice, and nobody else does', () => {
    expect(good(renamed(whole, (name) => `model.${name}`))).toEqual(['transformers-5']);
  });

  it('nor with a wrapper inside a layer', () => {
    const wrapped = renamed(whole, (name) => name.replace(/(layers\.\d+)\./, '$1._checkpoint_wrapped_module.'));
    expect(good(wrapped)).toEqual([]);
  });

  it('nor with the expert’s number last; names in order cure it', () => {
    const last = renamed(whole, (name) => name.replace(/experts\.(\d+)\.(\w+)\.weight/, 'experts.$2.$1.weight'));
    const verdicts = predictLoads(last);
    expect(verdicts.filter(isGood)).toEqual([]);
    const cures = Object.fromEntries(verdicts.map(({ id, cure }) => [id, cure]));
    expect(cures).toMatchObject({ vllm: 'per-expert', sglang: 'per-expert', 'llama.cpp': 'per-expert' });
  });

  it('the class that sees has its layers under model.language_model, the one of text alone under model', () => {
    const { tensors, config } = real('qwen3_5_moe');
    const nested = {
      model_type: 'qwen3_5_moe',
      architectures: ['Qwen3_5MoeForConditionalGeneration'],
      text_config: { ...config, model_type: 'qwen3_5_moe_text' },
      vision_config: {},
    };
    expect(good({ tensors, config: nested })).toEqual([]);
    const under = renamed({ tensors, config: nested }, (name) => name.replace(/^model\./, 'model.language_model.'));
    expect(good(under)).toContain('transformers-5');
    expect(good({ tensors, config })).toContain('transformers-5');
  });

  it.each(Object.keys(REAL))('%s as it is on the Hub is under names of its own', (type) => {
    expect(good(real(type)).length > 0).toBe(true);
  });
});

describe('what a good verdict assumes', () => {
  const told = (checkpoint: TestCheckpoint, id: string) => predictLoads(checkpoint).find((each) => each.id === id);

  it('is nothing where the model type is named', () => {
    expect(told(real('qwen3_moe'), 'transformers-5')?.inference).toBeUndefined();
  });

  it('is that a program with a rule for names has the model', () => {
    expect(told(real('qwen3_moe'), 'vllm')?.inference).toContain('vllm has a model for qwen3_moe');
  });

  it('is the class where the config names none', () => {
    const { tensors, config } = real('qwen3_moe');
    const { architectures: _, ...rest } = config ?? {};
    expect(told({ tensors, config: rest }, 'transformers-5')?.inference).toContain('class');
  });
});

function ofShapes(shapes: Shapes, config: TestCheckpoint['config']): TestCheckpoint {
  const headers = Object.entries(shapes).map(([name, shape]) => [name, { dtype: 'BF16', shape }] as const);
  return checkpointOf(Object.fromEntries(headers), config);
}

/** Every layout that a model type's names were made in, and as a program with names of its own has them. */
const LAYOUTS = Object.entries(REAL).flatMap(([type, { disk, memory, config }]) => {
  const made = type.startsWith('qwen3_moe') || type === 'mixtral' ? variantsOf({ disk, memory, config }) : {};
  return [
    [type, checkpointOf(disk, config)] as const,
    [`${type} in memory`, checkpointOf(memory, config)] as const,
    ...Object.entries(made).map(([which, shapes]) => [`${type} as ${which}`, ofShapes(shapes, config)] as const),
  ];
});

describe.each(LAYOUTS)('a cure of %s', (_, checkpoint) => {
  it('is a conversion that can be planned, after which the program is predicted to load', () => {
    const verdicts = predictLoads(checkpoint);
    const targets = new Set(verdicts.flatMap(({ cure }) => cure ?? []));
    for (const target of targets) {
      const loads = afterPlan(checkpoint, target);
      for (const { id, cure } of verdicts)
        if (cure === target) expect([id, target, loads]).toEqual([id, target, expect.arrayContaining([id])]);
    }
  });
});

/** Programs that load what a plan would write. */
function afterPlan({ tensors, config }: TestCheckpoint, target: TargetLayout): string[] {
  const whole = {
    identity: 'test',
    shards: [],
    tensors,
    config,
    configText: JSON.stringify(config),
    indexMetadata: null,
    indexFile: null,
    files: [],
    findings: [],
  };
  const plan = planConversion(whole, target);
  if (plan.refusals.length > 0) return [`refused: ${plan.refusals[0]?.message}`];
  const outputs = plan.shards.flatMap((shard) => shard.tensors);
  return predictTarget(outputs, { config, changes: plan.configChanges })
    .filter(isGood)
    .map(({ id }) => id);
}

it('asks every program', () => {
  expect(predictLoads(real('qwen3_moe'), detectLayout(real('qwen3_moe'))).map(({ id }) => id)).toEqual(
    LOADERS.map(({ id }) => id),
  );
});

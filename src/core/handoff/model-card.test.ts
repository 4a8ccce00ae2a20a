import { describe, expect, test } from 'vitest';
import { openCheckpoint } from '../checkpoint/open.ts';
import type { Checkpoint } from '../checkpoint/types.ts';
import { detectLayout } from '../layouts/detect.ts';
import { planConversion } from '../plan/conversion.ts';
import type { Target } from '../plan/types.ts';
import { fp8Checkpoints } from '../plan/unpack.fixture.ts';
import { modelCard, predictTarget } from '../programs/loading.ts';
import { openFixture } from '../testing.fixture.ts';
import type { CardFacts } from './model-card.ts';

const REPO = 'Qwen/Qwen3-30B-A3B';
const COMMIT = 'ad44e777bcd18fa416d9da3bd8f70d33ebb85d39';

function factsOf(checkpoint: Checkpoint, target: Target, more: Partial<CardFacts> = {}): CardFacts {
  return {
    plan: planConversion(checkpoint, target),
    layout: detectLayout(checkpoint),
    config: checkpoint.config,
    source: { repo: REPO, revision: COMMIT },
    ...more,
  };
}

async function cardOf(architecture: string, target: Target, more: Partial<CardFacts> = {}): Promise<string> {
  const { checkpoint } = await openFixture(architecture);
  return modelCard(factsOf(checkpoint, target, more));
}

/** The YAML head as lines. */
function head(card: string): string[] {
  const [, front = ''] = card.split(/^---$/m);
  return front.trim().split('\n');
}

describe('the front matter', () => {
  test('is as the Hub wants it', async () => {
    const card = await cardOf('qwen3_moe', 'gate-up', { licence: { license: 'apache-2.0' } });
    expect(card.startsWith('---\n')).toBe(true);
    expect(head(card)).toEqual([
      'license: apache-2.0',
      'base_model:',
      `- ${REPO}`,
      expect.stringMatching(/^# /),
      'base_model_relation: quantized',
      'library_name: transformers',
      'tags:',
      '- moe',
      '- moe-loom',
      '- experts-gate-up',
    ]);
  });

  test('names no library whose snippet would half-load the result', async () => {
    expect(head(await cardOf('qwen3_moe', 'stacked')).join('\n')).not.toContain('library_name');
    expect(head(await cardOf('qwen3_moe', 'switch-mlp'))).toContain('library_name: mlx');
  });

  test('invents neither licence nor source', async () => {
    const card = await cardOf('qwen3_moe', 'gate-up', { source: { repo: null, revision: null } });
    expect(card).not.toContain('license');
    expect(card).not.toContain('base_model');
    expect(card).toContain('a local checkpoint');
  });

  test('quotes what YAML would read otherwise', async () => {
    const licence = { license: 'other', licenseName: 'no', licenseLink: 'https://x.org/a: b\ntags: [evil]' };
    const lines = head(await cardOf('qwen3_moe', 'gate-up', { licence }));
    expect(lines[1]).toBe('license_name: "no"');
    expect(lines[2]).toBe('license_link: "https://x.org/a: b\\ntags: [evil]"');
  });
});

describe('the body', () => {
  test('shows names and shapes before and after', async () => {
    const card = await cardOf('qwen3_moe', 'gate-up');
    expect(card).toContain('2 layers with experts');
    expect(card).toContain('| before | `model.layers.0.mlp.experts.{i}.gate_proj.weight` | 12 | [48, 64] | BF16 |');
    expect(card).toContain('| after | `model.layers.0.mlp.experts.gate_up_proj` | 1 | [12, 96, 64] | BF16 |');
    expect(card).toContain(`[${REPO}](https://huggingface.co/${REPO}) at commit \`${COMMIT}\``);
    expect(card).toContain('12 experts in a layer: they can be dealt out evenly to 1, 2, 3, 4, 6, 12 ranks.');
    expect(card).toContain('`num_experts = 12`');
  });

  test('says who loads it, and shows how only for those', async () => {
    const stacked = await cardOf('qwen3_moe', 'stacked');
    expect(stacked).toMatch(
      /\| transformers-5 \| 5\.17\.0 \| \*\*starts, but its experts are random\*\* \(2 tensors missing\)/,
    );
    expect(stacked).toContain('DistributedConfig(enable_expert_parallel=True)');
    expect(stacked).not.toContain('vllm serve');
    expect(stacked).not.toContain('\ntransformers 5:');
    const apart = await cardOf('qwen3_moe', 'per-expert', { name: 'me/mine' });
    expect(apart).toContain('vllm serve me/mine');
    expect(apart).toContain('Qwen3MoeForCausalLM.from_pretrained("me/mine"');
    expect(apart).toContain('# me/mine');
  });

  test('its table is the prediction', async () => {
    const { checkpoint } = await openFixture('gpt_oss');
    const facts = factsOf(checkpoint, 'per-expert');
    const card = modelCard(facts);
    const { plan, config } = facts;
    const outputs = plan.shards.flatMap((shard) => shard.tensors);
    const verdicts = predictTarget(outputs, { config, changes: plan.configChanges });
    for (const { id, version } of verdicts) expect(card).toContain(`| ${id} | ${version} |`);
  });

  test('claims a proof only with a report', async () => {
    expect(await cardOf('mixtral', 'stacked')).toContain('it claims no proof');
    const proof = { tensors: 40, bytes: 123456, method: 'xxh64 of the source bytes against a read-back' };
    const card = await cardOf('mixtral', 'stacked', { proof });
    expect(card).toContain('40 tensors with 123,456 bytes were compared and found equal: xxh64 of the source');
    expect(card).toContain('moe-loom verify Qwen/Qwen3-30B-A3B THIS');
  });

  test('lists hashes, a few of many', async () => {
    const hashes = Array.from({ length: 15 }, (_, i) => ({
      file: `model-${i}.safetensors`,
      algorithm: 'sha256',
      hash: 'ab',
    }));
    const card = await cardOf('qwen3_moe', 'gate-up', { hashes });
    expect(card).toContain('| `model-11.safetensors` | sha256 | `ab` |');
    expect(card).not.toContain('model-12');
    expect(card).toContain('… and 3 more files.');
  });

  test('a part is called a part, and is not shown in use', async () => {
    const { checkpoint } = await openFixture('qwen3_moe');
    const card = modelCard({
      ...factsOf(checkpoint, 'stacked'),
      plan: planConversion(checkpoint, 'stacked', { layers: [0] }),
    });
    expect(card).toContain('Layers 0 of');
    expect(card).toContain('it does not load as a model');
    expect(card).not.toContain('## How to use it');
    expect(card).not.toContain('library_name');
  });

  test('names from files cannot break out of their cells', async () => {
    const card = await cardOf('qwen3_moe', 'gate-up', {
      hashes: [{ file: 'a`|<b>\n# c', algorithm: 'sha256', hash: 'ab' }],
    });
    expect(card).toContain('| <code>a&#96;&#124;&#60;b&#62;&#92;n&#35; c</code> | sha256 |');
  });

  test('a plan that cannot be run has none', async () => {
    const { checkpoint } = await openFixture('mixtral');
    expect(() => modelCard(factsOf(checkpoint, 'qwen3-moe-fused'))).toThrow(RangeError);
  });
});

test('what was unpacked is called not lossless, with what it was and what it is', async () => {
  const checkpoint = await openCheckpoint(fp8Checkpoints(64, 48, 'e4m3', 16).packed);
  const plan = planConversion(checkpoint, 'stacked', { dtype: 'bf16' });
  const card = modelCard({ ...factsOf(checkpoint, 'stacked'), plan });
  expect(card).toContain('10 tensors in FP8 e4m3 became bf16');
  expect(card).toContain('**not lossless**');
  expect(card).toContain(`moe-loom convert ${REPO} --to stacked --dtype bf16 --out AGAIN\nmoe-loom verify AGAIN THIS`);
  expect(card).not.toContain('no value was computed');
  expect(card).not.toContain('no weight was quantised');
  expect(card).toContain('`quantization_config` is taken out');
  expect(card).toMatch(/after .*experts\.gate_proj` +\| 1 +\| \[3, 64, 48\] +\| BF16/);
  expect(card).toMatch(/before .*gate_proj\.weight` +\| 3 +\| \[64, 48\] +\| F8_E4M3/);
});

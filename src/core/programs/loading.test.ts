import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openCheckpoint } from '../checkpoint/open.ts';
import {
  checkpointOf,
  ENDS,
  type Headers,
  readFixture,
  readRealNames,
  type TestCheckpoint,
} from '../layouts/checkpoints.fixture.ts';
import { detectLayout } from '../layouts/detect.ts';
import { asTarget } from '../layouts/target.ts';
import type { TargetLayout } from '../layouts/types.ts';
import { isGood } from '../loads/predict.ts';
import type { PlannedTensor } from '../loads/types.ts';
import { openLocal } from '../source/folder.node.ts';
import type { ProgramId } from './all.ts';
import { type ConsumerVerdict, LOADERS, loaderUse, predictLoads, predictTarget } from './loading.ts';

interface Said {
  readonly missing?: readonly string[];
  readonly unexpected?: readonly string[];
  readonly mismatched?: readonly string[];
  readonly error?: string;
}

const FIXTURES = join(import.meta.dirname, '../../../fixtures');
const LOADS: { readonly archs: Readonly<Record<string, Readonly<Record<string, Said>>>> } = JSON.parse(
  readFileSync(join(FIXTURES, 'loads.json'), 'utf8'),
);
const run = promisify(execFile);
let work: string;

beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'moe-loom-dialects-'));
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** The folder of a fixture in a dialect, made by the script that the real program's answers were measured on. */
async function dialectFolder(architecture: string, dialect: string): Promise<string> {
  const checkpoint = join(FIXTURES, 'checkpoints', architecture);
  if (dialect === 'hub') return join(checkpoint, 'hub');
  const out = join(work, architecture, dialect);
  await run(process.execPath, [join(FIXTURES, 'make-dialect.mjs'), checkpoint, dialect, out]);
  return out;
}

function verdictOf(verdicts: readonly ConsumerVerdict[], id: ProgramId): ConsumerVerdict {
  const found = verdicts.find((verdict) => verdict.id === id);
  if (!found) throw new Error(`No verdict of ${id}.`);
  return found;
}

describe.each(Object.entries(LOADS.archs))('%s, every dialect', (architecture, dialects) => {
  test.each(Object.entries(dialects))('%s as transformers 5.17.0 reported', async (dialect, said) => {
    const checkpoint = await openCheckpoint(await openLocal(await dialectFolder(architecture, dialect)));
    const found = verdictOf(predictLoads(checkpoint), 'transformers-5');
    if (architecture !== 'gpt_oss') expect(found.evidence.kind).toBe('run');
    if (said.error !== undefined) {
      expect(found.verdict).toBe('refuses');
      expect(found.mismatched.length).toBeGreaterThan(0);
      return;
    }
    expect(found).toMatchObject({ missing: said.missing, unexpected: said.unexpected, mismatched: said.mismatched });
    if (said.missing?.length) expect(found.verdict).toBe('partial');
    else expect(isGood(found)).toBe(true);
    // where gate and up stand side by side, these dialects cut through both: nothing brings such experts back
    const cut = architecture === 'llama4_text' && dialect !== 'gate_up.weight';
    const lost = cut || architecture === 'gpt_oss';
    expect(found.cure).toBe(said.missing?.length && !lost ? 'gate-up' : null);
  });
});

/** What a conversion writes for the experts, and everything else as it is. */
function planned(checkpoint: TestCheckpoint, target: TargetLayout): PlannedTensor[] {
  const layout = detectLayout(checkpoint);
  const groups = layout.groups.filter((group) => group.kind === 'moe');
  const consumed = new Set(groups.flatMap((group) => group.expertTensors));
  const kept = [...checkpoint.tensors.values()].filter(({ name }) => !consumed.has(name));
  const experts = groups.flatMap((group) => {
    const answer = asTarget(group, target, layout.modelType);
    if ('refusal' in answer) throw new Error(answer.refusal.message);
    return answer.group.members.flatMap(({ template, dtype, shape }) => {
      const count = template.includes('{i}') ? (group.experts ?? 0) : 1;
      return Array.from({ length: count }, (_, i) => ({ name: template.replace('{i}', String(i)), dtype, shape }));
    });
  });
  return [...kept, ...experts];
}

/** Missing and unexpected tensors that the real program reported of real conversions (bench/transformers/load_converted.txt). */
const CONVERTED: readonly (readonly [string, TargetLayout, 'clean' | 'refuses' | readonly [number, number]])[] = [
  ['deepseek_v3', 'gate-up', 'clean'],
  ['deepseek_v3', 'gate-up-transposed', 'refuses'],
  ['deepseek_v3', 'per-expert', 'clean'],
  ['deepseek_v3', 'stacked', [2, 4]],
  ['gpt_oss', 'gate-up', 'clean'],
  ['gpt_oss', 'gate-up-interleaved', 'clean'],
  ['gpt_oss', 'per-expert', [12, 144]],
  ['gpt_oss', 'stacked', [6, 12]],
  ['granitemoe', 'gate-up', 'clean'],
  ['granitemoe', 'gate-up-transposed', 'refuses'],
  ['granitemoe', 'per-expert', [6, 72]],
  ['granitemoe', 'stacked', [3, 6]],
  ['jamba', 'gate-up', 'clean'],
  ['jamba', 'per-expert', 'clean'],
  ['jamba', 'stacked', [1, 2]],
  ['llama4_text', 'gate-up', 'clean'],
  ['llama4_text', 'gate-up-transposed', 'clean'],
  ['llama4_text', 'per-expert', [6, 36]],
  ['llama4_text', 'stacked', [3, 6]],
  ['mixtral', 'gate-up', 'clean'],
  ['mixtral', 'per-expert', 'clean'],
  ['mixtral', 'stacked', [3, 6]],
  ['qwen3_moe', 'gate-up', 'clean'],
  ['qwen3_moe', 'per-expert', 'clean'],
  ['qwen3_moe', 'stacked', [2, 4]],
  ['qwen3_next', 'gate-up', 'clean'],
  ['qwen3_next', 'per-expert', 'clean'],
  ['qwen3_next', 'stacked', [3, 6]],
];

describe('before a conversion is started', () => {
  test.each(CONVERTED)('%s to %s is predicted as it was found', (architecture, target, found) => {
    const { hub } = readFixture(architecture);
    const verdict = verdictOf(predictTarget(planned(hub, target), { config: hub.config }), 'transformers-5');
    if (found === 'clean') expect(isGood(verdict)).toBe(true);
    else if (found === 'refuses') expect(verdict.verdict).toBe('refuses');
    else {
      expect(verdict.verdict).toBe('partial');
      expect([verdict.missing.length, verdict.unexpected.length]).toEqual(found);
    }
  });

  test('a changed config counts', () => {
    const { hub } = readFixture('qwen3_moe');
    const outputs = planned(hub, 'per-expert');
    const before = predictTarget(outputs, { config: hub.config });
    expect(verdictOf(before, 'transformers-4.57')).toMatchObject({ verdict: 'refuses', cure: 'per-expert' });
    expect(verdictOf(before, 'transformers-4.57').mismatched).toEqual(
      [0, 2].map((layer) => `model.layers.${layer}.mlp.gate.weight`),
    );
    const changes = [{ key: 'num_experts', before: undefined, after: 12, reason: 'both keys' }];
    expect(verdictOf(predictTarget(outputs, { config: hub.config, changes }), 'transformers-4.57').verdict).toBe(
      'loads',
    );
  });
});

/** qwen3_moe as the Hub has it, with the config that transformers 4 wrote. */
function qwen3(): TestCheckpoint {
  const { hub } = readFixture('qwen3_moe');
  return { ...hub, config: { ...hub.config, num_experts: 12 } };
}

function verdicts(target: TargetLayout): Readonly<Record<string, string>> {
  const found = predictTarget(planned(qwen3(), target), { config: qwen3().config });
  return Object.fromEntries(
    found.map(({ id, verdict, cure }) => [id, cure === null ? verdict : `${verdict} → ${cure}`]),
  );
}

describe('the other consumers', () => {
  test('one verdict each: widely used programs first, forks last', () => {
    expect(predictLoads(qwen3()).map(({ id }) => [loaderUse(id), id])).toEqual([
      ['widely', 'transformers-5'],
      ['widely', 'transformers-4.57'],
      ['widely', 'vllm'],
      ['widely', 'sglang'],
      ['widely', 'llama.cpp'],
      ['widely', 'mlx'],
      ['specialised', 'veomni'],
      ['specialised', 'megatron-bridge'],
      ['specialised', 'torchtitan'],
      ['fork', 'fork-qwen3-moe-ep'],
      ['fork', 'qwen3-moe-fused'],
    ]);
  });

  test('experts apart', () => {
    expect(verdicts('per-expert')).toEqual({
      'transformers-5': 'loads-converting',
      'transformers-4.57': 'loads',
      'fork-qwen3-moe-ep': 'partial → stacked',
      veomni: 'partial → stacked',
      vllm: 'loads',
      sglang: 'loads',
      'llama.cpp': 'loads-converting',
      mlx: 'loads-converting',
      'megatron-bridge': 'loads-converting',
      torchtitan: 'loads-converting',
      'qwen3-moe-fused': 'partial → qwen3-moe-fused',
    });
  });

  test('the fused model card’s layout', () => {
    expect(verdicts('stacked')).toEqual({
      'transformers-5': 'partial → gate-up',
      'transformers-4.57': 'partial → per-expert',
      'fork-qwen3-moe-ep': 'loads',
      veomni: 'loads',
      vllm: 'refuses → per-expert',
      sglang: 'partial → per-expert',
      'llama.cpp': 'refuses → per-expert',
      mlx: 'refuses → switch-mlp',
      'megatron-bridge': 'unknown → per-expert',
      torchtitan: 'unknown → per-expert',
      'qwen3-moe-fused': 'partial → qwen3-moe-fused',
    });
  });

  test('transformers 5’s layout', () => {
    expect(verdicts('gate-up')).toMatchObject({
      'transformers-5': 'loads',
      'transformers-4.57': 'partial → per-expert',
      vllm: 'refuses → per-expert',
      sglang: 'partial → per-expert',
      'llama.cpp': 'loads-converting',
      mlx: 'refuses → switch-mlp',
    });
  });

  test('MLX’s layout', () => {
    expect(verdicts('switch-mlp')).toMatchObject({ mlx: 'loads', 'llama.cpp': 'refuses → per-expert' });
  });

  test('names are those that the program itself would report', () => {
    const fork = verdictOf(predictTarget(planned(qwen3(), 'gate-up'), { config: qwen3().config }), 'fork-qwen3-moe-ep');
    expect(fork.missing).toEqual(
      [0, 2].flatMap((layer) => ['gate_proj', 'up_proj'].map((name) => `model.layers.${layer}.mlp.experts.${name}`)),
    );
    expect(fork.unexpected).toEqual([0, 2].map((layer) => `model.layers.${layer}.mlp.experts.gate_up_proj`));
  });

  test('half of the layers', () => {
    const tensors = new Map([...qwen3().tensors].filter(([name]) => !name.startsWith('model.layers.2.mlp.experts.')));
    const found = predictLoads({ ...qwen3(), tensors });
    expect(verdictOf(found, 'transformers-5')).toMatchObject({
      verdict: 'partial',
      missing: ['down_proj', 'gate_up_proj'].map((name) => `model.layers.2.mlp.experts.${name}`),
      cure: null,
    });
    expect(verdictOf(found, 'vllm').verdict).toBe('unknown');
    expect(verdictOf(found, 'vllm').needs.join()).toContain('those of 2');
  });

  test('every facet and every verdict has a source and a date', () => {
    const facets = LOADERS.map(({ loads }) => loads);
    const verdicts = Object.values(readRealNames()).flatMap(({ disk, config }) =>
      predictLoads(checkpointOf(disk, config)),
    );
    for (const { source, date } of [...facets, ...verdicts.map(({ evidence }) => evidence)]) {
      expect(source).not.toBe('');
      expect(date).toMatch(/^20\d\d-\d\d(-\d\d)?$/);
    }
  });

  test('a cure is always a conversion that turns the verdict', () => {
    for (const target of ['per-expert', 'stacked', 'gate-up', 'switch-mlp', 'qwen3-moe-fused'] as const) {
      const outputs = planned(qwen3(), target);
      for (const { id, cure } of predictTarget(outputs, { config: qwen3().config })) {
        if (cure === null) continue;
        const cured = predictTarget(planned(qwen3(), cure), { config: qwen3().config });
        expect(isGood(verdictOf(cured, id))).toBe(true);
      }
    }
  });
});

describe('what is not plain', () => {
  const E = 4;
  const apart = (parts: Readonly<Record<string, readonly [string, readonly number[]]>>): Headers => ({
    ...ENDS,
    'model.layers.0.mlp.gate.weight': { dtype: 'BF16', shape: [E, 512] },
    ...Object.fromEntries(
      Array.from({ length: E }, (_, i) =>
        ['gate_proj', 'up_proj', 'down_proj'].flatMap((p) =>
          Object.entries(parts).map(([part, [dtype, shape]]) => [
            `model.layers.0.mlp.experts.${i}.${p}.${part}`,
            { dtype, shape: p === 'down_proj' ? [...shape].reverse() : shape },
          ]),
        ),
      ).flat(),
    ),
  });
  const config = {
    model_type: 'deepseek_v3',
    architectures: ['DeepseekV3ForCausalLM'],
    hidden_size: 512,
    moe_intermediate_size: 256,
    n_routed_experts: E,
    num_hidden_layers: 1,
    first_k_dense_replace: 0,
  };
  const weight = ['F8_E4M3', [256, 512]] as const;

  test('FP8 experts go with their scales', () => {
    const headers = apart({ weight, weight_scale_inv: ['F32', [2, 4]] });
    const quantised = { ...config, quantization_config: { quant_method: 'fp8', weight_block_size: [128, 128] } };
    const found = verdictOf(predictLoads(checkpointOf(headers, quantised)), 'transformers-5');
    expect(found).toMatchObject({ verdict: 'loads-converting', missing: [], unexpected: [], mismatched: [] });
    expect(found.evidence.kind).toBe('source');
    const forgotten = verdictOf(predictLoads(checkpointOf(headers, config)), 'transformers-5');
    expect(forgotten).toMatchObject({ verdict: 'partial', missing: [] });
    expect(forgotten.unexpected).toEqual(
      ['down_proj', 'gate_up_proj'].map((name) => `model.layers.0.mlp.experts.${name}_scale_inv`),
    );
  });

  test('of other quantisations nothing is claimed', () => {
    const headers = apart({ qweight: ['I32', [64, 256]], scales: ['F16', [4, 256]] });
    const found = predictLoads(checkpointOf(headers, { ...config, quantization_config: { quant_method: 'gptq' } }));
    expect(verdictOf(found, 'transformers-5')).toMatchObject({ verdict: 'unknown', missing: [], unexpected: [] });
    expect(verdictOf(found, 'llama.cpp').verdict).toBe('unknown');
  });

  test('experts that cannot be put together are refused', () => {
    const headers = { ...apart({ weight: ['BF16', [256, 512]] }) };
    headers['model.layers.0.mlp.experts.3.up_proj.weight'] = { dtype: 'BF16', shape: [128, 512] };
    const found = verdictOf(predictLoads(checkpointOf(headers, config)), 'transformers-5');
    expect(found).toMatchObject({ verdict: 'refuses', mismatched: ['model.layers.0.mlp.experts.gate_up_proj'] });
  });

  test('the layers of another kind of model are missed', () => {
    const { disk = {}, config: vision = {} } = readRealNames().qwen3_vl_moe ?? {};
    const stripped = Object.entries(disk).map(
      ([name, tensor]) => [name.replace('language_model.', ''), tensor] as const,
    );
    const found = verdictOf(predictLoads(checkpointOf(Object.fromEntries(stripped), vision)), 'transformers-5');
    expect(found.verdict).toBe('partial');
    expect(found.missing[0]).toBe('model.language_model.layers.0.mlp.experts.down_proj');
    expect(found.unexpected[0]).toBe('model.layers.0.mlp.experts.down_proj');
  });

  test('without a config or a known model type nothing is claimed', () => {
    const headers = apart({ weight: ['BF16', [256, 512]] });
    expect(verdictOf(predictLoads(checkpointOf(headers, null)), 'transformers-5').verdict).toBe('unknown');
    const other = predictLoads(checkpointOf(headers, { ...config, model_type: 'made_up_moe' }));
    expect(other.map(({ verdict }) => verdict)).not.toContain('loads');
  });

  test('a model with 36,096 expert tensors is judged in seconds', () => {
    const headers: Record<string, { dtype: string; shape: readonly number[] }> = {};
    for (let layer = 0; layer < 94; layer += 1) {
      for (let i = 0; i < 128; i += 1) {
        for (const p of ['gate_proj', 'up_proj', 'down_proj'])
          headers[`model.layers.${layer}.mlp.experts.${i}.${p}.weight`] = { dtype: 'BF16', shape: [8, 8] };
      }
    }
    const big = { ...config, n_routed_experts: 128, num_hidden_layers: 94, hidden_size: 8, moe_intermediate_size: 8 };
    expect(predictLoads(checkpointOf(headers, big))).toHaveLength(LOADERS.length);
  });
});

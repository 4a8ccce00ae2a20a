import { describe, expect, it } from 'vitest';
import { PROGRAMS } from '../programs/all.ts';
import { planPlacement } from '../programs/placing.ts';
import { vllm } from '../programs/vllm/program.ts';
import { heldBytes } from './bytes.ts';
import { configWith, rankModelOfConfig } from './config-model.ts';
import { placed } from './facts.fixture.ts';
import { readModelConfig } from './memory/configs.fixture.ts';
import { shapeFromConfig } from './memory/shape-config.ts';
import { summarize } from './summary.ts';

const MODELS = ['Qwen3-235B-A22B', 'Qwen3-30B-A3B', 'DeepSeek-V3', 'GLM-4.5-Air', 'Mixtral-8x7B-v0.1', 'gpt-oss-120b'];

describe('a model of a config alone', () => {
  it.each(MODELS)('holds on one rank what memory counts as stored: %s', (name) => {
    const config = readModelConfig(name);
    const model = rankModelOfConfig(config);
    const { stored } = shapeFromConfig(config);
    const placement = placed(planPlacement({ framework: 'vllm', ep: 1 }, model.facts));
    const [one] = heldBytes(model.tensorIndex, placement);
    expect(one?.total).toBe(stored.routed + stored.rest);
    expect(model.tensorIndex.layers.map(({ prefix }) => prefix)).toEqual(
      model.facts.moeLayers.map(({ prefix }) => prefix),
    );
  });

  it('is placed by every program that takes one rank, without ranges', () => {
    const model = rankModelOfConfig(readModelConfig('Qwen3-30B-A3B'));
    const summary = summarize(vllm, model, { ep: 8 });
    expect(summary.ranks.map(({ reads }) => reads.length)).toEqual(Array(8).fill(0));
    expect(summary.warnings.join()).toContain('Only a config was given');
    expect(PROGRAMS.length).toBeGreaterThan(0);
  });

  it('takes facts that are said instead of the config’s, where it has them', () => {
    const model = rankModelOfConfig(readModelConfig('DeepSeek-V3'), { experts: 12, expertGroups: 3, blockRows: 64 });
    expect(model.facts).toMatchObject({ expertGroups: 3, blocks: { rows: 64, columns: 64, method: 'fp8' } });
    expect(model.facts.moeLayers[0]?.experts).toBe(12);
    const nested = { text_config: { num_local_experts: 8 }, model_type: 'x' };
    expect(configWith(nested, { experts: 4 })).toEqual({ text_config: { num_local_experts: 4 }, model_type: 'x' });
  });
});

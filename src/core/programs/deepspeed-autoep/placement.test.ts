import { describe, expect, it } from 'vitest';
import { factsOf, placed } from '../../ranks/facts.fixture.ts';
import { planPlacement } from '../../ranks/placement.ts';
import type { OwnOptions, PlacementOptions } from '../../ranks/types.ts';
import { deepspeedAutoep } from './program.ts';

const plan = (options: PlacementOptions, experts = 8, facts = {}) =>
  planPlacement(deepspeedAutoep, options, factsOf(experts, { layers: 4, ...facts }));
const refusal = (options: PlacementOptions, experts = 8, facts = {}) => {
  const answer = plan(options, experts, facts);
  return 'error' in answer ? answer.error : null;
};
const own = (values: OwnOptions) => ({ world: 8, ep: 2, tp: 2, own: values });

describe('DeepSpeed AutoEP', () => {
  it('folds expert parallelism over all ranks of a stage', () => {
    const { ranks, layers, stages } = placed(plan({ world: 8, ep: 2, pp: 2 }, 6, { layers: 5 }));
    expect(ranks.map(({ coords: { pp, edp, ep } }) => [pp, edp, ep])).toEqual([
      [0, 0, 0],
      [0, 0, 1],
      [0, 1, 0],
      [0, 1, 1],
      [1, 0, 0],
      [1, 0, 1],
      [1, 1, 0],
      [1, 1, 1],
    ]);
    expect(layers[0]?.slots).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ]);
    expect(stages).toEqual([3, 2]);
  });

  it('puts data parallelism first where it is asked to, but not under folding', () => {
    const of = (tp: number) => plan({ world: 4, ep: 2, tp, own: { use_data_before_expert_parallelism: true } });
    expect(placed(of(1) as never).ranks.map(({ ep }) => ep)).toEqual([0, 0, 1, 1]);
    expect(of(2)).toEqual({
      error:
        'expert_parallel with use_data_before_expert_parallel_ is not supported with AutoEP+AutoTP folding. Disable use_data_before_expert_parallel_.',
    });
  });

  it.each([
    [{ world: 8, pp: 3 }, 'pp_size=3 must divide world_size=8. Valid pp_size values: [1, 2, 4, 8]'],
    [
      { world: 8, tp: 3, pp: 2 },
      'tensor_parallel.autotp_size=3 must divide the stage size (world_size=8 / pp_size=2 = 4). Computed dp would be non-integral. Valid autotp_size values: [1, 2, 4]',
    ],
    [
      { world: 6, ep: 4 },
      'expert_parallel.autoep_size * expert_parallel.expert_tensor_parallel_size (4 * 1 = 4) must divide the stage size (world_size=6 / pp_size=1 = 6). Computed edp would be non-integral. Valid expert-width values: [1, 2, 3, 6]',
    ],
    [
      { world: 8, ep: 2, tp: 2, pp: 2 },
      'AutoEP+AutoTP folding currently supports pp_size=1 only; got pp_size=2. Pipeline-parallel validation is planned separately.',
    ],
    [
      { world: 8, ep: 2, tp: 2, cp: 2 },
      'tensor_parallel.autotp_size and Ulysses sequence parallelism are mutually exclusive for AutoEP folding (autotp_size=2, sp_size=2).',
    ],
    [
      { world: 8, ep: 2, etp: 2 },
      'expert_parallel.expert_tensor_parallel_size=2 is reserved for expert-internal tensor parallelism and is not supported yet. Use expert_tensor_parallel_size=1; ETP support is planned as follow-up work.',
    ],
    [
      { world: 8, ep: 1, tp: 2 },
      'AutoEP+AutoTP folding requires expert_parallel.autoep_size > 1. The ep=1 local-computation path would duplicate routed-token gradients across TP lanes.',
    ],
    [
      own({ preset_model: 'gpt_oss' }),
      "Unknown preset_model 'gpt_oss'. Available presets: ['mixtral', 'qwen3_moe', 'qwen3_5_moe', 'deepseek_v2', 'deepseek_v3']",
    ],
    [
      { world: 8, own: { preset_model: 'mixtral', tp_preset_model: 'qwen3_moe' } },
      "tensor_parallel.preset_model and expert_parallel.preset_model must match when both are set (tensor_parallel.preset_model='qwen3_moe', expert_parallel.preset_model='mixtral').",
    ],
    [
      own({ deepcompile: true }),
      'DeepCompile with AutoEP+AutoTP folding is not supported; disable compile.deepcompile or use non-folded AutoEP with tensor_parallel.autotp_size=1.',
    ],
    [
      own({ zero_stage: 3 }),
      'AutoEP+AutoTP with ZeRO stage 3 is reserved for the separate ZeRO-3 composition lane. Use ZeRO stage 0, 1, or 2 for this folding MVP.',
    ],
    [
      own({ zero_stage: 2, offload_param: true }),
      'ZeRO optimizer/parameter offload with AutoEP+AutoTP folding is not validated yet. Disable offload or run a follow-up proof for per-family replica groups.',
    ],
    [
      { world: 16, ep: 16 },
      "autoep_size=16 exceeds num_experts=8 in layer 'model.layers.0.mlp'. Each rank must own at least one expert. Valid autoep_size values (divisors of 8): [1, 2, 4, 8]",
    ],
    [
      { world: 6, ep: 3 },
      "num_experts=8 in layer 'model.layers.0.mlp' is not divisible by autoep_size=3. Suggested autoep_size values: [1, 2, 4, 8]",
    ],
    [
      { world: 8, ep: 2, cp: 2, own: { zero_stage: 3 } },
      'AutoEP with ZeRO Stage 3 does not support sequence parallelism yet (sequence_parallel_size=2).',
    ],
  ] as const)('refuses %o', (options, message) => {
    expect(refusal(options)).toBe(message);
  });

  it('checks in DeepSpeed’s order', () => {
    expect(refusal({ world: 8, ep: 2, tp: 2, pp: 2, etp: 2, own: { zero_stage: 3 } })).toMatch(
      /supports pp_size=1 only/,
    );
    expect(refusal({ world: 8, ep: 2, tp: 2, etp: 2, own: { zero_stage: 3 } })).toMatch(
      /is reserved for expert-internal/,
    );
    expect(refusal({ world: 6, ep: 3, tp: 2, own: { zero_stage: 3 } })).toMatch(/with ZeRO stage 3/);
  });

  it('has no preset path for the whole of Qwen3.5', () => {
    expect(refusal({ ep: 2 }, 8, { modelType: 'qwen3_5_moe' })).toBe(
      "AutoEP preset 'qwen3_5_moe' does not support model_type='qwen3_5_moe'. AutoEP supports the Qwen3.5 text backbone preset path; pass the text-backbone model/config with model_type='qwen3_5_moe_text'. Supported HF model_type value(s): 'qwen3_5_moe_text'.",
    );
    expect(refusal({ ep: 2 }, 8, { modelType: 'qwen3_5_moe_text' })).toBeNull();
  });

  it('takes ZeRO-3 without folding, and says what of it is not counted', () => {
    const { warnings } = placed(plan({ world: 8, ep: 2, own: { zero_stage: 3 } }));
    expect(warnings.join()).toMatch(/bytes of experts here are those before that/);
  });
});

import { dataParallel, degree, timesToDivide } from '../../ranks/deal.ts';
import { axis, meshOf } from '../../ranks/mesh.ts';
import { countOf, flagOf, wordOf } from '../../ranks/settings.ts';
import { restToFirstOnes } from '../../ranks/stages.ts';
import type { PlacementError, PlacementOptions, PlacementRules, SetUp, Sizes } from '../../ranks/types.ts';
import { PRESETS, presetOf } from './presets.ts';

const STAGES =
  'DeepSpeed’s PipelineModule balances parameters by default. Here the decoder layers of each stage follow its partition_uniform.';
const ZERO_3 =
  'ZeRO-3 cuts every expert over the ranks of its expert-data-parallel group. The bytes of experts here are those before that cut.';

function divisors(value: number): string {
  const all = Array.from({ length: value }, (_, index) => index + 1).filter((each) => value % each === 0);
  return `[${all.join(', ')}]`;
}

/** `build_folding_spec`. */
function foldingSizes(options: PlacementOptions): Sizes | PlacementError {
  const [pp, tp, sp] = [degree(options, 'pp'), degree(options, 'tp'), degree(options, 'cp')];
  const [ep, etp] = [degree(options, 'ep'), degree(options, 'etp')];
  const width = ep * etp;
  const least = timesToDivide(tp * sp, width);
  const world = options.world ?? pp * tp * sp * dataParallel(options, pp * tp * sp, least);
  if (world % pp !== 0)
    return { error: `pp_size=${pp} must divide world_size=${world}. Valid pp_size values: ${divisors(world)}` };
  const stage = world / pp;
  const where = `(world_size=${world} / pp_size=${pp} = ${stage})`;
  if (stage % tp !== 0)
    return {
      error: `tensor_parallel.autotp_size=${tp} must divide the stage size ${where}. Computed dp would be non-integral. Valid autotp_size values: ${divisors(stage)}`,
    };
  if (stage % width !== 0)
    return {
      error: `expert_parallel.autoep_size * expert_parallel.expert_tensor_parallel_size (${ep} * ${etp} = ${width}) must divide the stage size ${where}. Computed edp would be non-integral. Valid expert-width values: ${divisors(stage)}`,
    };
  if (stage % (tp * sp) !== 0)
    return { error: `Sequence parallelism of ${sp} does not divide ${stage / tp} ranks of a stage.` };
  return { dp: options.dp ?? stage / (tp * sp), cp: sp, tp, pp, ep, etp };
}

/** What `validate_autoep_config` finds before it looks at ZeRO: it is called twice, at first without. */
function globalFault({ options, sizes: { pp, tp, cp: sp, ep, etp } }: SetUp): string | null {
  if (tp > 1 && pp > 1)
    return `AutoEP+AutoTP folding currently supports pp_size=1 only; got pp_size=${pp}. Pipeline-parallel validation is planned separately.`;
  if (tp > 1 && sp > 1)
    return `tensor_parallel.autotp_size and Ulysses sequence parallelism are mutually exclusive for AutoEP folding (autotp_size=${tp}, sp_size=${sp}).`;
  if (etp !== 1)
    return `expert_parallel.expert_tensor_parallel_size=${etp} is reserved for expert-internal tensor parallelism and is not supported yet. Use expert_tensor_parallel_size=1; ETP support is planned as follow-up work.`;
  if (tp > 1 && ep === 1)
    return 'AutoEP+AutoTP folding requires expert_parallel.autoep_size > 1. The ep=1 local-computation path would duplicate routed-token gradients across TP lanes.';
  const preset = wordOf(options, 'preset_model', '');
  if (preset !== '' && !(PRESETS as readonly string[]).includes(preset))
    return `Unknown preset_model '${preset}'. Available presets: [${PRESETS.map((each) => `'${each}'`).join(', ')}]`;
  return null;
}

/** `validate_folding_global` with what else the configuration says: but for presets, under AutoTP alone. */
function foldingFault({ options, sizes: { tp } }: SetUp): string | null {
  const [ours, theirs] = [wordOf(options, 'preset_model', ''), wordOf(options, 'tp_preset_model', '')];
  if (tp > 1 && flagOf(options, 'deepcompile'))
    return 'DeepCompile with AutoEP+AutoTP folding is not supported; disable compile.deepcompile or use non-folded AutoEP with tensor_parallel.autotp_size=1.';
  if (ours !== '' && theirs !== '' && ours !== theirs)
    return `tensor_parallel.preset_model and expert_parallel.preset_model must match when both are set (tensor_parallel.preset_model='${theirs}', expert_parallel.preset_model='${ours}').`;
  if (tp === 1) return null;
  if (flagOf(options, 'use_data_before_expert_parallelism'))
    return 'expert_parallel with use_data_before_expert_parallel_ is not supported with AutoEP+AutoTP folding. Disable use_data_before_expert_parallel_.';
  if (countOf(options, 'zero_stage', 0) === 3)
    return 'AutoEP+AutoTP with ZeRO stage 3 is reserved for the separate ZeRO-3 composition lane. Use ZeRO stage 0, 1, or 2 for this folding MVP.';
  if (flagOf(options, 'offload_optimizer') || flagOf(options, 'offload_param'))
    return 'ZeRO optimizer/parameter offload with AutoEP+AutoTP folding is not validated yet. Disable offload or run a follow-up proof for per-family replica groups.';
  return null;
}

/** `validate_autoep_post_detection`, then what ZeRO-3 asks of AutoEP. */
function layerFault({ options, sizes: { ep, cp: sp }, facts }: SetUp): string | null {
  if (facts.modelType === 'qwen3_5_moe' && ['', 'qwen3_5_moe'].includes(wordOf(options, 'preset_model', '')))
    return "AutoEP preset 'qwen3_5_moe' does not support model_type='qwen3_5_moe'. AutoEP supports the Qwen3.5 text backbone preset path; pass the text-backbone model/config with model_type='qwen3_5_moe_text'. Supported HF model_type value(s): 'qwen3_5_moe_text'.";
  for (const { prefix, experts } of facts.moeLayers) {
    if (ep > experts)
      return `autoep_size=${ep} exceeds num_experts=${experts} in layer '${prefix}'. Each rank must own at least one expert. Valid autoep_size values (divisors of ${experts}): ${divisors(experts)}`;
    if (experts % ep !== 0)
      return `num_experts=${experts} in layer '${prefix}' is not divisible by autoep_size=${ep}. Suggested autoep_size values: ${divisors(experts)}`;
  }
  if (countOf(options, 'zero_stage', 0) === 3 && sp > 1)
    return `AutoEP with ZeRO Stage 3 does not support sequence parallelism yet (sequence_parallel_size=${sp}).`;
  return null;
}

/** DeepSpeed AutoEP: expert parallelism over all ranks of a pipeline stage, folded over AutoTP where both are asked for. */
export const placement: PlacementRules = {
  version: 'edaa7221 (2026-08-22)',
  source:
    'deepspeedai/DeepSpeed, deepspeed/module_inject/auto_ep_folding.py, auto_ep_config.py and deepspeed/utils/groups.py',
  date: '2026-11-29',
  strategies: ['linear'],
  redundant: false,
  loading: 'everything',
  exchange: 'all-to-all',
  cuts: { ep: 'ep', inner: null, innerRowsWhenFew: false, etp: null, pp: 'pp', fsdp: null, tp: 'tp' },
  inputs: { tp: 'Tensor (AutoTP)', pp: 'Pipeline', cp: 'Sequence (Ulysses)', dp: 'Data' },
  settings: {
    autoep_size: { kind: 'count', of: 'ep', title: 'Expert-parallel size' },
    ep_size: { kind: 'count', of: 'ep', title: 'Expert-parallel size' },
    expert_tensor_parallel_size: { kind: 'count', of: 'etp', title: 'Tensor-parallel size inside experts' },
    etp_size: { kind: 'count', of: 'etp', title: 'Tensor-parallel size inside experts' },
    autotp_size: { kind: 'count', of: 'tp', title: 'Tensor-parallel size' },
    tp_size: { kind: 'count', of: 'tp', title: 'Tensor-parallel size' },
    pp_size: { kind: 'count', of: 'pp', title: 'Pipeline-parallel size' },
    sequence_parallel_size: { kind: 'count', of: 'cp', title: 'Ulysses sequence-parallel size' },
    sp_size: { kind: 'count', of: 'cp', title: 'Ulysses sequence-parallel size' },
    ulysses: { kind: 'count', of: 'cp', title: 'Ulysses sequence-parallel size' },
    sp: { kind: 'count', of: 'cp', title: 'Ulysses sequence-parallel size' },
    world_size: { kind: 'count', of: 'world', title: 'Number of ranks' },
    zero_stage: { kind: 'count', title: 'zero_optimization.stage' },
    preset_model: { kind: 'word', title: 'expert_parallel.preset_model' },
    ep_preset: { kind: 'word', as: 'preset_model', title: 'expert_parallel.preset_model' },
    tp_preset_model: { kind: 'word', title: 'tensor_parallel.preset_model' },
    tp_preset: { kind: 'word', as: 'tp_preset_model', title: 'tensor_parallel.preset_model' },
    use_data_before_expert_parallelism: { kind: 'flag', title: 'Ranks of one expert next to each other' },
    use_data_before_expert_parallel: {
      kind: 'flag',
      as: 'use_data_before_expert_parallelism',
      title: 'Ranks of one expert next to each other',
    },
    deepcompile: { kind: 'flag', title: 'compile.deepcompile' },
    deepcompile_enabled: { kind: 'flag', as: 'deepcompile', title: 'compile.deepcompile' },
    offload_optimizer: { kind: 'flag', title: 'zero_optimization.offload_optimizer' },
    zero_offload_optimizer: { kind: 'flag', as: 'offload_optimizer', title: 'zero_optimization.offload_optimizer' },
    offload: { kind: 'flag', as: 'offload_optimizer', title: 'zero_optimization.offload_optimizer' },
    offload_param: { kind: 'flag', title: 'zero_optimization.offload_param' },
    zero_offload_param: { kind: 'flag', as: 'offload_param', title: 'zero_optimization.offload_param' },
  },
  inferred: ['dp'],
  sizes: foldingSizes,
  mesh({ dp, cp, tp, pp, ep }, options) {
    const stage = dp * cp * tp;
    const dense = [axis('pp', pp), axis('dp', dp), axis('sp', cp), axis('tp', tp)];
    // Without folding, data parallelism may come first: then neighbours share their experts.
    const inside = [axis('edp', stage / ep), axis('ep', ep)];
    const strided = flagOf(options, 'use_data_before_expert_parallelism') && tp === 1;
    return meshOf([dense, [axis('pp', pp), ...(strided ? inside.toReversed() : inside)]]);
  },
  limit: (setUp) => globalFault(setUp) ?? foldingFault(setUp) ?? layerFault(setUp),
  densePlan: () => ({ kind: 'full', column: [], row: [], repeatsKv: false }),
  stages: restToFirstOnes,
  warnings({ options, facts, sizes: { pp, tp, ep } }) {
    const out: string[] = [];
    if (pp > 1) out.push(STAGES);
    if (tp > 1 && facts.kvHeads !== null && tp > facts.kvHeads)
      out.push(
        `AutoTP: autotp_size (${tp}) exceeds the model's key-value head count (${facts.kvHeads}); ranks beyond the head count hold no attention shard and attention throughput will not scale past that point.`,
      );
    if (tp > 1)
      out.push(
        'The DeepSpeed documentation says that AutoEP cannot be combined with AutoTP, but its code combines them.',
      );
    if (ep > 1 && countOf(options, 'zero_stage', 0) === 3) out.push(ZERO_3);
    if (wordOf(options, 'preset_model', '') === '' && presetOf(facts.modelType) === null)
      out.push(
        `AutoEP has no preset for ${facts.modelType ?? 'this model'}: it tries the structures that it knows (${PRESETS.join(', ')}), or uses the patterns that you give.`,
      );
    return out;
  },
  loadingWarnings: () => [
    'transformers loads the whole model on every rank. Then AutoEP keeps only the experts of the rank.',
  ],
};

import { firstGetMore } from '../../ranks/deal.ts';
import { axis, meshOf } from '../../ranks/mesh.ts';
import { cutBlock, cutSentence } from '../../ranks/quant-cut.ts';
import { flagOf } from '../../ranks/settings.ts';
import { restToFirstOnes } from '../../ranks/stages.ts';
import type { ModelFacts, PlacementRules } from '../../ranks/types.ts';
import { settings, sizesOf } from './settings.ts';
import { placementFile, withSlots } from './slots.ts';

function expertsLimit(facts: ModelFacts, ep: number, etp: number): string | null {
  const few = facts.moeLayers.find((layer) => layer.experts < ep);
  if (few) return `TensorRT-LLM takes no more expert-parallel ranks (${ep}) than experts (${few.experts}).`;
  const { intermediate } = facts;
  if (intermediate !== null && intermediate % etp !== 0)
    return `The experts’ intermediate size ${intermediate} does not divide by moe_tensor_parallel_size ${etp}.`;
  const cut = cutBlock(facts, etp);
  return cut ? `${cutSentence(cut, etp)} With moe_expert_parallel_size ${ep * etp} experts stay whole.` : null;
}

/** TensorRT-LLM: expert parallelism inside tensor parallelism, as its inner axis (SGLang's is the outer one). */
export const placement: PlacementRules = {
  version: '05ebebb2, with #13888 (uneven experts)',
  source: 'NVIDIA/TensorRT-LLM, tensorrt_llm/mapping.py, _torch/modules/fused_moe/interface.py and llmapi/llm_args.py',
  date: '2026-11-29',
  strategies: ['linear', 'custom'],
  redundant: true,
  loading: 'everything',
  exchange: 'all-to-all',
  cuts: {
    ep: 'ep',
    inner: null,
    innerRowsWhenFew: false,
    etp: 'moe_tp',
    pp: 'pp',
    fsdp: null,
    tp: 'tp',
    attn: 'attn_tp',
  },
  inputs: { tp: 'Tensor', pp: 'Pipeline', cp: 'Context', etp: 'Tensor, inside experts,' },
  inferred: ['tp', 'etp'],
  settings,
  resolve(options, facts) {
    const slotted = withSlots(options, facts);
    return 'error' in slotted ? slotted : { options: slotted, warnings: [] };
  },
  sizes: sizesOf,
  mesh: ({ tp, pp, cp, ep, etp, attnTp }) =>
    meshOf([
      [axis('pp', pp), axis('cp', cp), axis('tp', tp)],
      [axis('pp', pp), axis('moe_cp', (cp * tp) / (ep * etp)), axis('moe_tp', etp), axis('ep', ep)],
      ...(attnTp === undefined ? [] : [[axis('pp', pp), axis('attn_dp', (cp * tp) / attnTp), axis('attn_tp', attnTp)]]),
    ]),
  limit({ options, facts, sizes: { tp, ep, etp, attnTp = tp } }) {
    const slots = (facts.moeLayers[0]?.experts ?? 0) + (options.redundant ?? 0);
    const balanced = options.own?.num_slots !== undefined || (options.redundant ?? 0) > 0;
    if (balanced && slots % ep !== 0) return `\`num_slots\` (${slots}) must be divisible by \`ep_size\` (${ep}).`;
    const { heads } = facts;
    if (heads !== null && heads % attnTp !== 0)
      return `${heads} attention heads do not divide by tensor_parallel_size ${attnTp}.`;
    return expertsLimit(facts, ep, etp);
  },
  linear: firstGetMore,
  densePlan: () => ({ kind: 'full', column: [], row: [], repeatsKv: true }),
  stages: restToFirstOnes,
  placementFile,
  warnings({ options, facts, sizes: { ep } }) {
    const uneven = facts.moeLayers.find((layer) => layer.experts % ep !== 0);
    return [
      ...(uneven && (options.redundant ?? 0) === 0
        ? [
            `${uneven.experts} experts do not divide by ${ep}. Since #13888 the first ranks get one more if the MoE backend supports it; AutoDeploy gives the rest to the last rank.`,
          ]
        : []),
      ...(flagOf(options, 'enable_attention_dp') ? ['Attention is whole on every rank: enable_attention_dp.'] : []),
    ];
  },
  loadingWarnings: () => ['TensorRT-LLM reads every tensor on every rank, and each rank keeps its part.'],
};

import type { Checkpoint } from '../checkpoint/types.ts';
import { absenceOfExperts, unreadPart } from '../layouts/absence.ts';
import { architectureOf } from '../layouts/architecture-rules.ts';
import { type Config, configNumber, hiddenSize, latentSize, layerCount } from '../layouts/config-keys.ts';
import { countContradictions } from '../layouts/contradictions.ts';
import { stackNames, stackOf } from '../layouts/layer-names.ts';
import { missingExperts } from '../layouts/missing-experts.ts';
import { expertsPerToken } from '../layouts/per-token.ts';
import { quantBlocks } from '../layouts/quant-blocks.ts';
import type { CheckpointLayout, LayerGroup } from '../layouts/types.ts';
import { incompleteBy, unusableFinding } from '../layouts/usable.ts';
import type { ModelFacts } from './types.ts';

const HEADS = ['num_attention_heads', 'n_heads', 'num_heads'] as const;
const KV_HEADS = ['num_key_value_heads', 'n_head_kv', 'attn_config.kv_n_heads', ...HEADS] as const;
const HEAD_DIM = ['head_dim', 'attention_head_dim'] as const;
const GROUPS = ['n_group', 'moe_num_expert_group', 'num_expert_group'] as const;

/** Facts of a model that the limits of frameworks need: from its tensors, else from its config. */
export function modelFacts(
  checkpoint: Pick<Checkpoint, 'tensors' | 'config' | 'findings'>,
  layout: CheckpointLayout,
): ModelFacts {
  const { config } = checkpoint;
  const found = layout.groups.filter((group) => group.kind === 'moe' && group.experts !== null);
  const undealt = undealtOf(checkpoint, layout);
  const unread = unreadPart(checkpoint.findings);
  const groups = undealt === null ? found : [];
  const towers = towersOf(found);
  const first = towers[0]?.groups[0];
  const prefix = first?.prefix ?? '';
  const narrowed = latentSize(config, prefix) !== null;
  const hidden = (narrowed ? null : first?.hidden) ?? hiddenSize(config, prefix);
  const heads = configNumber(config, HEADS, null, prefix);
  const known = layout.groups.filter((group) => group.kind !== 'mtp' && group.index !== null);
  const seen = known.reduce((most, group) => Math.max(most, (group.index ?? 0) + 1), 0);
  return {
    modelType: layout.modelType,
    className: classNameOf(config),
    moeLayers: groups.map(({ prefix, index, experts }) => ({ prefix, index, experts: experts ?? 0 })),
    layers: Math.max(layerCount(config, prefix) ?? 0, seen, 1),
    heads,
    kvHeads: configNumber(config, KV_HEADS, null, prefix),
    headDim:
      configNumber(config, HEAD_DIM, null, prefix) ??
      (hidden !== null && heads !== null && hidden % heads === 0 ? hidden / heads : null),
    hidden,
    intermediate: first?.intermediate ?? null,
    topK: expertsPerToken(config, architectureOf(layout.modelType), null, prefix),
    expertGroups: configNumber(config, GROUPS, null, prefix),
    blocks: quantBlocks(config, first?.prefix ?? ''),
    ...(undealt === null ? {} : { undealt }),
    ...(unread === null ? {} : { unread }),
    ...contradictionsOf(found, config, layout.modelType),
    ...(towers.length > 1 ? { towers: towers.map(({ name }) => name ?? '') } : {}),
  };
}

/** Why the experts of a checkpoint cannot be placed; null if they can. */
function undealtOf(
  checkpoint: Pick<Checkpoint, 'tensors' | 'config' | 'findings'>,
  layout: CheckpointLayout,
): string | null {
  const unusable = unusableFinding(checkpoint);
  if (unusable) return unusable.message;
  if (layout.groups.some((group) => group.kind === 'moe' && group.experts !== null))
    return missingExperts(layout, incompleteBy(checkpoint.findings)?.message);
  const { known, message } = absenceOfExperts(checkpoint, layout);
  return known ? `${message} There is nothing to place.` : message;
}

function contradictionsOf(
  groups: readonly LayerGroup[],
  config: Config | null,
  modelType: string | null,
): Pick<ModelFacts, 'contradictions'> {
  const contradictions = countContradictions(groups, config, architectureOf(modelType));
  return contradictions.length === 0 ? {} : { contradictions };
}

/** Lists of layers with experts. The list with the most experts is first, and limits are checked for it. */
function towersOf(groups: readonly LayerGroup[]) {
  const names = stackNames(groups);
  const towers = Array.from(names, ([stack, name]) => {
    const own = groups.filter((group) => stackOf(group) === stack);
    return { name, groups: own, experts: own.reduce((sum, group) => sum + (group.experts ?? 0), 0) };
  });
  return towers.sort((a, b) => b.experts - a.experts);
}

function classNameOf(config: Config | null): string | null {
  const names = config?.architectures;
  const [first] = Array.isArray(names) ? names : [];
  return typeof first === 'string' ? first : null;
}

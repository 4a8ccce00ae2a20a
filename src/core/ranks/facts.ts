import type { Checkpoint } from '../checkpoint/types.ts';
import { type Config, configNumber, hiddenSize, layerCount, topK } from '../layouts/config-keys.ts';
import { quantBlocks } from '../layouts/quant-blocks.ts';
import type { CheckpointLayout } from '../layouts/types.ts';
import type { ModelFacts } from './types.ts';

const HEADS = ['num_attention_heads', 'n_heads', 'num_heads'] as const;
const KV_HEADS = ['num_key_value_heads', 'n_head_kv', 'attn_config.kv_n_heads', ...HEADS] as const;
const HEAD_DIM = ['head_dim', 'attention_head_dim'] as const;
const GROUPS = ['n_group', 'moe_num_expert_group', 'num_expert_group'] as const;

/** What frameworks' limits ask of a model, from its tensors first and its config where tensors do not say. */
export function modelFacts(checkpoint: Pick<Checkpoint, 'config'>, layout: CheckpointLayout): ModelFacts {
  const { config } = checkpoint;
  const groups = layout.groups.filter((group) => group.kind === 'moe' && group.experts !== null);
  const first = groups[0];
  const prefix = first?.prefix ?? '';
  const hidden = first?.hidden ?? hiddenSize(config, prefix);
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
    topK: topK(config, null, prefix),
    expertGroups: configNumber(config, GROUPS, null, prefix),
    blocks: quantBlocks(config, first?.prefix ?? ''),
  };
}

function classNameOf(config: Config | null): string | null {
  const names = config?.architectures;
  const [first] = Array.isArray(names) ? names : [];
  return typeof first === 'string' ? first : null;
}

import type { Architecture, LayerRule } from '../architecture-row.ts';
import type { Dialect, ExpertLayout, Family } from '../types.ts';
import { UNREAD } from './blocks.ts';

export const layout = (family: Family, dialect: Dialect): ExpertLayout => ({ family, dialect });
export const APART = layout('per-expert', 'projections');
export const W123 = layout('per-expert', 'w123');
export const GATE_UP = layout('gate-up', 'plain');
export const TRANSPOSED = layout('gate-up-transposed', 'plain');

export const FIRST_DENSE: LayerRule = { kind: 'first', key: 'first_k_dense_replace' };
export const FEW_DENSE: LayerRule = { kind: 'first', key: 'num_dense_layers' };
export const LAYER_TYPES: LayerRule = { kind: 'types', key: 'mlp_layer_types' };
export const SPARSE_STEP: LayerRule = { kind: 'sparse-step' };

const USUAL = 'transformers 5.17, conversion_mapping.py and the configuration of the type';
export const V5 = 'transformers 5.17, conversion_mapping.py';
/** Names that transformers 5.17 wrote are among the fixtures. */
export const SEEN = { source: 'names written by transformers 5.17, among the fixtures', confirmed: true } as const;

export type Row = Partial<Omit<Architecture, 'modelTypes' | 'countKeys'>> & {
  readonly experts: readonly [string, ...string[]];
};

/** A row with what most model types have: experts apart under `mlp`, fused by transformers 5, every layer a MoE. */
export function row(
  types: string | readonly string[],
  { experts, ...own }: Row,
  v5Count: string = experts[0],
): Architecture {
  const container = own.container ?? 'mlp';
  return {
    modelTypes: typeof types === 'string' ? [types] : types,
    container,
    memoryContainer: container === 'block_sparse_moe' ? 'mlp' : container,
    disk: [APART],
    memory: GATE_UP,
    gated: true,
    topK: ['num_experts_per_tok'],
    intermediate: ['moe_intermediate_size'],
    perToken: null,
    lists: false,
    layers: [],
    tails: [],
    siblings: [],
    prefixes: [],
    tells: [],
    remote: false,
    draftExperts: [],
    mtp: 'none',
    mlx: 'switch-mlp',
    unsupported: null,
    block: UNREAD,
    loads: null,
    ep: null,
    source: USUAL,
    confirmed: false,
    ...own,
    experts: [...new Set([...experts, v5Count])],
    countKeys: { v4: experts[0], v5: v5Count },
  };
}

/** What most of a family's model types have alike. */
export const DEEPSEEK: Row = { experts: ['n_routed_experts'], layers: [LAYER_TYPES, FIRST_DENSE] };
export const QWEN: Row = { experts: ['num_experts'], layers: [SPARSE_STEP] };
export const MIXTRAL: Row = {
  experts: ['num_local_experts'],
  container: 'block_sparse_moe',
  disk: [W123],
  intermediate: ['intermediate_size'],
};

/** A row of a model that transformers 5.17 has no classes for: its names stay as the Hub has them. */
export function remote(types: string | readonly string[], own: Row & { readonly source: string }): Architecture {
  return row(types, { memory: null, memoryContainer: own.container ?? 'mlp', ...own, remote: true });
}

/** Experts from one layer on, in every layer or every second one and so on. */
export const FIRST_AND_EVERY: LayerRule = { kind: 'every', first: 'first_k_dense_replace', every: 'moe_layer_freq' };

import { countOf } from '../../ranks/settings.ts';
import type { PlacementOptions, Setting } from '../../ranks/types.ts';

/** Backends of `--moe-a2a-backend` at 00ac7105; `none` is the usual all-reduce. */
export const BACKENDS = [
  'none',
  'deepep',
  'deepep_v2',
  'mooncake',
  'nixl',
  'mori',
  'pplx',
  'ascend_fuseep',
  'flashinfer',
  'flashinfer_megamoe',
  'megamoe',
] as const;

/** True for the backends with which SGLang overrides `--ep-size` by `--tp-size`: all but the all-reduce. */
export function forcesEp(all2all: string | undefined): boolean {
  return all2all !== undefined && all2all !== 'none';
}

const words = Object.fromEntries(BACKENDS.map((name) => [name, true as const]));

/** Options that decide where experts go, by SGLang's names. Source: fields/parallel.py at 00ac7105. */
export const settings: Readonly<Record<string, Setting>> = {
  tp_size: { kind: 'count', of: 'tp', title: 'Tensor-parallel size' },
  pp_size: { kind: 'count', of: 'pp', title: 'Pipeline-parallel size' },
  ep_size: { kind: 'count', of: 'ep', title: 'Expert-parallel size, inside tensor parallelism' },
  dp_size: { kind: 'count', of: 'dp', title: 'Data-parallel size of attention' },
  enable_dp_attention: { kind: 'flag', title: 'Attention whole on each of dp groups' },
  moe_dp: { kind: 'count', as: 'moe_dp_size', title: 'Copies of all experts inside tensor parallelism' },
  moe_dp_size: { kind: 'count', title: 'Copies of all experts inside tensor parallelism' },
  attn_cp: { kind: 'count', as: 'attn_cp_size', title: 'Context-parallel size of attention' },
  attn_cp_size: { kind: 'count', title: 'Context-parallel size of attention' },
  moe_a2a_backend: { kind: 'word', of: 'all2all', words, title: 'Kernels that move tokens' },
  ep_num_redundant_experts: { kind: 'count', of: 'redundant', title: 'Redundant experts' },
  enable_eplb: { kind: 'flag', title: 'Expert load balancing' },
};

type Own = Pick<PlacementOptions, 'own'>;

/** Copies of all experts inside tensor parallelism (`--moe-dp-size`). */
export function moeDp(options: Own): number {
  return countOf(options, 'moe_dp_size');
}

/** Context parallelism of attention (`--attn-cp-size`): where it is not said, as many as copies, which is what SGLang asks for. */
export function attentionContext(options: Own): number {
  return countOf(options, 'attn_cp_size', moeDp(options));
}

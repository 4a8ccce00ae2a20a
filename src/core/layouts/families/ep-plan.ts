/** What an entry of transformers' expert-parallel plans does to the parameter or module that it names. */
export type PlanStyle =
  | 'ep_router'
  | 'grouped_gemm'
  | 'moe_tp_experts'
  | 'gather'
  | 'colwise'
  | 'rowwise'
  | 'local_colwise'
  | 'local_rowwise'
  | 'all_reduce';

/** An entry as a plan's text has it: a module below `layers.*.` and a style. */
export interface StyledEntry {
  readonly name: string;
  readonly style: PlanStyle;
}

/** The `base_model_ep_plan` that a model type's config has in transformers 5.18. */
export interface EpPlan {
  /** What the router is called below the container. */
  readonly router: 'gate' | 'router';
  /** False where the plan has no entry for the module of the experts, whose outputs are summed. */
  readonly sums: boolean;
  /** What it lists beside router and experts. */
  readonly more: readonly StyledEntry[];
}

/** The usual plan: a router called `gate`, the experts, and the sum of their outputs. */
export const BY_GATE: EpPlan = { router: 'gate', sums: true, more: [] };
export const BY_ROUTER: EpPlan = { ...BY_GATE, router: 'router' };

/** Entries for the four matrices of an attention. */
export function attentionEntries(column: PlanStyle, row: PlanStyle): StyledEntry[] {
  return [
    ...['q_proj', 'k_proj', 'v_proj'].map((name) => ({ name: `self_attn.${name}`, style: column })),
    { name: 'self_attn.o_proj', style: row },
  ];
}

/** Entries for the three matrices of a dense MLP. */
export function mlpEntries(container: string): StyledEntry[] {
  return [
    { name: `${container}.gate_proj`, style: 'colwise' },
    { name: `${container}.up_proj`, style: 'colwise' },
    { name: `${container}.down_proj`, style: 'rowwise' },
  ];
}

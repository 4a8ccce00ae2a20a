import type { Checkpoint } from '../checkpoint/types.ts';
import type { BlockRules } from '../layouts/families/block.ts';
import type { LayerGroup } from '../layouts/types.ts';

/** Names of the tensors of a block that are not routed experts, by what they are. */
export interface BlockTensors {
  readonly router: RouterTensors;
  readonly shared: SharedTensors | null;
  /** Added to the block's output (JetMoE). */
  readonly outputBias: string | null;
  /** Weight of the norm that the block's output passes. */
  readonly outputNorm: string | null;
  /** Weight of the norm before the experts, not before the router (Gemma 4). */
  readonly expertsNorm: string | null;
  /** Into and out of the narrower space that the routed experts work in (Nemotron). */
  readonly latent: { readonly into: Linear; readonly outOf: Linear } | null;
}

export interface Linear {
  readonly weight: string;
  readonly bias: string | null;
}

export interface RouterTensors {
  readonly weight: string;
  /** Added to logits. */
  readonly bias: string | null;
  /** Added to scores for the choice alone. */
  readonly correction: string | null;
  /** One factor on all weights (Inkling). */
  readonly globalScale: string | null;
  /** A factor on each input of the router, after a norm (Gemma 4). */
  readonly inputScale: string | null;
  /** A factor on each expert's weight (Gemma 4). */
  readonly expertScale: string | null;
}

/** `joined`: gate's rows then up's in one tensor; `stacked`: tensors hold one matrix for each of several shared experts. */
export interface SharedTensors {
  readonly gate: Linear | null;
  readonly up: Linear | null;
  readonly joined: { readonly weight: string; readonly interleaved: boolean } | null;
  readonly down: Linear;
  /** One row: a sigmoid of it scales the shared experts' output, token by token. */
  readonly sigmoid: string | null;
}

export type TensorsAnswer = { readonly tensors: BlockTensors } | { readonly reason: string };

/** Finds a block's tensors in a checkpoint. Nothing is read. */
export function blockTensors(
  checkpoint: Pick<Checkpoint, 'tensors'>,
  group: LayerGroup,
  rules: BlockRules,
): TensorsAnswer {
  const has = (name: string) => checkpoint.tensors.has(name);
  const router = routerTensors(checkpoint, group, rules);
  if (!router) return { reason: `${group.prefix} has no router weight with one row an expert.` };
  const shared = rules.sharedInner ? sharedTensors(group.shared) : null;
  if (rules.sharedRequired && shared === null)
    return { reason: `${group.prefix} lacks its shared experts, without which its output is not known.` };
  const norm = rules.norms === 'none' ? null : normTensors(group, rules, has);
  if (norm === undefined) return { reason: `${group.prefix} lacks the norm that its output passes.` };
  return {
    tensors: {
      router,
      shared,
      outputBias: has(`${group.prefix}.bias`) ? `${group.prefix}.bias` : null,
      outputNorm: norm?.output ?? null,
      expertsNorm: norm?.experts ?? null,
      latent: latentTensors(group, has),
    },
  };
}

function routerTensors(
  { tensors }: Pick<Checkpoint, 'tensors'>,
  group: LayerGroup,
  rules: BlockRules,
): RouterTensors | null {
  const beside = [`${group.prefix}.router.scale`, `${group.prefix}.router.per_expert_scale`];
  const names = [...new Set([...group.router, ...beside.filter((name) => tensors.has(name))])];
  const weight = names.find((name) => name.endsWith('.weight') && tensors.get(name)?.shape.length === 2);
  if (weight === undefined) return null;
  const end = (pattern: RegExp) => names.find((name) => pattern.test(name)) ?? null;
  const bias = end(/\.(router|gate|classifier|layer)\.bias$/);
  const onLogits = rules.router.kind === 'scoring' && rules.router.scores === 'logits';
  const correction = end(/(e_score_correction_bias|expert_bias|router_bias)$/) ?? (onLogits ? null : bias);
  return {
    weight,
    bias: onLogits ? bias : null,
    correction: rules.corrected ? correction : null,
    globalScale: rules.router.kind === 'sharing' ? end(/\.global_scale$/) : null,
    inputScale: rules.norms === 'gemma' ? end(/\.router\.scale$/) : null,
    expertScale: rules.norms === 'gemma' ? end(/\.per_expert_scale$/) : null,
  };
}

const SHARED: Readonly<Record<'gate' | 'up' | 'down', RegExp>> = {
  gate: /\.(gate_proj|linear_gate|w1)(\.weight)?$/,
  up: /\.(up_proj|w3)(\.weight)?$/,
  down: /\.(down_proj|w2|shared_w2_weight)(\.weight)?$/,
};
const JOINED = /\.(gate_up_proj|shared_w13_weight)(\.weight)?$/;

function sharedTensors(names: readonly string[]): SharedTensors | null {
  const linear = (pattern: RegExp): Linear | null => {
    const weight = names.find((name) => pattern.test(name));
    if (weight === undefined) return null;
    const bias = weight.replace(/\.weight$/, '.bias');
    return { weight, bias: bias !== weight && names.includes(bias) ? bias : null };
  };
  const down = linear(SHARED.down);
  const joined = names.find((name) => JOINED.test(name));
  const [gate, up] = [linear(SHARED.gate), linear(SHARED.up)];
  if (!down || (joined === undefined && !up)) return null;
  return {
    gate,
    up,
    joined: joined === undefined ? null : { weight: joined, interleaved: joined.endsWith('shared_w13_weight') },
    down,
    sigmoid: names.find((name) => /shared_expert_gate\.weight$/.test(name)) ?? null,
  };
}

/** Undefined where a norm that must be there is not. */
function normTensors(group: LayerGroup, rules: BlockRules, has: (name: string) => boolean) {
  const root = group.prefix.replace(/\.[a-z_]*(mlp|moe|ffn)[a-z_]*$/, '');
  const found = (names: readonly string[]) => names.find(has);
  if (rules.norms === 'after') {
    const output = found([`${group.prefix}.post_mlp_layernorm.weight`, `${root}.post_mlp_layernorm.weight`]);
    return output === undefined ? undefined : { output, experts: null };
  }
  const output = found([`${group.prefix}.post_feedforward_layernorm_2.weight`]);
  const experts = found([`${group.prefix}.pre_feedforward_layernorm_2.weight`]);
  return output === undefined || experts === undefined ? undefined : { output, experts };
}

function latentTensors(group: LayerGroup, has: (name: string) => boolean): BlockTensors['latent'] {
  const linear = (name: string): Linear => {
    const stem = `${group.prefix}.${name}`;
    return { weight: `${stem}.weight`, bias: has(`${stem}.bias`) ? `${stem}.bias` : null };
  };
  const [into, outOf] = [linear('fc1_latent_proj'), linear('fc2_latent_proj')];
  return has(into.weight) && has(outOf.weight) ? { into, outOf } : null;
}

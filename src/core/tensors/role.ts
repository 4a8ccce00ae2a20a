import type { CheckpointTensor } from '../checkpoint/types.ts';
import { type Role, roleReader } from '../layouts/drawing/role.ts';
import { heldName, isHeldPart } from '../layouts/held-names.ts';
import { isOfSenses, outerKind } from '../layouts/outer-tensors.ts';
import { mtpTest } from '../layouts/parameters.ts';
import { expertTemplate, tensorPlace } from '../layouts/tensor-place.ts';
import type { CheckpointLayout } from '../layouts/types.ts';
import { isCompanion } from '../quantised/companions.ts';

/**
 * What a tensor does in the model, by id: how lists, filters and `--role` name it. `label` is its short name, `meaning` a
 * sentence about it.
 */
export const TENSOR_ROLES = {
  router: { label: 'router', meaning: 'The matrix that scores the experts for each token, and constants beside it.' },
  'router-bias': {
    label: 'router bias',
    meaning: 'A bias of the router’s scores, such as e_score_correction_bias.',
  },
  gate: { label: 'gate', meaning: 'The gate projection of routed experts (w1).' },
  up: { label: 'up', meaning: 'The up projection of routed experts (w3).' },
  'gate-up': { label: 'gate and up', meaning: 'Gate and up projections of routed experts in one tensor.' },
  down: { label: 'down', meaning: 'The down projection of routed experts (w2).' },
  expert: { label: 'expert', meaning: 'Part of routed experts in a layout that is not known.' },
  shared: { label: 'shared expert', meaning: 'An expert that every token passes through, with its gate.' },
  scale: {
    label: 'scale',
    meaning: 'A scale, zero point or index that belongs to a quantised weight.',
  },
  'attention-q': { label: 'attention q', meaning: 'The query projection of an attention.' },
  'attention-k': { label: 'attention k', meaning: 'The key projection of an attention.' },
  'attention-v': { label: 'attention v', meaning: 'The value projection of an attention.' },
  'attention-o': { label: 'attention o', meaning: 'The output projection of an attention.' },
  attention: {
    label: 'attention, other',
    meaning: 'Attention tensors for several of q, k and v, and other layers that mix positions, such as Mamba.',
  },
  mlp: { label: 'dense MLP', meaning: 'The feed-forward part of a layer, outside routed and shared experts.' },
  norm: { label: 'norm', meaning: 'A normalisation: RMSNorm or LayerNorm.' },
  embedding: { label: 'embedding', meaning: 'The input embedding.' },
  head: { label: 'output head', meaning: 'The output head that gives logits (lm_head).' },
  mtp: { label: 'MTP', meaning: 'Everything in layers of multi-token prediction, whatever its role there.' },
  vision: { label: 'vision or audio', meaning: 'Everything in a vision, audio or speech part of the model.' },
  other: { label: 'other', meaning: 'A tensor whose role its name does not tell.' },
} as const satisfies Record<string, { readonly label: string; readonly meaning: string }>;

export type TensorRole = keyof typeof TENSOR_ROLES;

/** In the order in which lists show and sort them. */
export const TENSOR_ROLE_IDS = Object.keys(TENSOR_ROLES) as readonly TensorRole[];

export function isTensorRole(text: string): text is TensorRole {
  return Object.hasOwn(TENSOR_ROLES, text);
}

export interface RoleOfTensor {
  readonly role: TensorRole;
  /** In a layer of multi-token prediction: `mtp` is its role too. */
  readonly isMtp: boolean;
}

/**
 * Tells the role of every tensor of a checkpoint. The layout decides for tensors of experts, routers and shared experts;
 * names decide for the others: a vision part first, then companions of quantised weights, then the rest.
 */
export function tensorRoles(
  tensors: ReadonlyMap<string, Pick<CheckpointTensor, 'dtype'>>,
  layout: Pick<CheckpointLayout, 'groups'>,
): (name: string) => RoleOfTensor {
  const read = roleReader(layout);
  const isMtp = mtpTest(layout);
  const unknown = unknownExperts(layout);
  const byName = nameRoles();
  return (name) => {
    const mtp = isMtp(name);
    const { role, part } = read(name);
    const ofExpert = unknown.has(name) ? 'expert' : role;
    const told = part !== null ? partRole(role, part) : outsideExperts(name, ofExpert, tensors, byName);
    return { role: told === 'other' && mtp ? 'mtp' : told, isMtp: mtp };
  };
}

function partRole(role: Role, part: string): TensorRole {
  return isHeldPart(part) ? role : 'scale';
}

/** Tensors that layouts count to the experts of a layer without knowing which projection they hold. */
function unknownExperts({ groups }: Pick<CheckpointLayout, 'groups'>): ReadonlySet<string> {
  return new Set(groups.flatMap(({ members, expertTensors }) => (members.length === 0 ? expertTensors : [])));
}

function outsideExperts(
  name: string,
  role: Role | 'expert',
  tensors: ReadonlyMap<string, Pick<CheckpointTensor, 'dtype'>>,
  byName: (name: string, role: Role | 'expert') => TensorRole,
): TensorRole {
  const told = byName(name, role);
  return told !== 'vision' && BESIDE_WEIGHT.test(name) && isCompanion(name, tensors) ? 'scale' : told;
}

/** Ends of names that are companions only where the tensor that they describe is there. */
const BESIDE_WEIGHT = /\.(?:scales?|biases)$/;
const NO_TENSORS: ReadonlyMap<string, CheckpointTensor> = new Map();

/** Tells roles by names alone; names that differ in numbers of layers and experts have one role, which is worked out once. */
function nameRoles(): (name: string, role: Role | 'expert') => TensorRole {
  const known = new Map<string, TensorRole>();
  return (name, role) => {
    const { stack, layer, rest } = tensorPlace(name);
    const key = `${role} ${stack} ${layer === null} ${expertTemplate(rest)}`;
    const told = known.get(key) ?? nameRole(name, role);
    known.set(key, told);
    return told;
  };
}

function nameRole(name: string, role: Role | 'expert'): TensorRole {
  const { stack, layer, rest } = tensorPlace(name);
  const placed = role === 'router' || role === 'shared' || role === 'expert';
  if (!placed && isOfSenses(layer === null ? name : stack)) return 'vision';
  if (isCompanion(name, NO_TENSORS) || heldName(name) === null) return 'scale';
  if (role === 'router') return ROUTER_BIAS.test(name) ? 'router-bias' : 'router';
  const outer = layer === null ? outerKind(name) : null;
  if (outer !== null) return outer;
  return role === 'attention' ? attentionRole(rest) : role;
}

const ROUTER_BIAS = /bias(_\w+)?$/;

/** The module of a name below its layer, by the roles that it tells; first match decides. */
const ATTENTION: readonly (readonly [RegExp, TensorRole])[] = [
  [/^(q_proj|q|wq|query|q_a_proj|q_b_proj|wq_a|wq_b)$/, 'attention-q'],
  [/^(k_proj|k|wk|key)$/, 'attention-k'],
  [/^(v_proj|v|wv|value)$/, 'attention-v'],
  [/^(o_proj|o|wo|out_proj|o_a_proj|o_b_proj|wo_a|wo_b)$/, 'attention-o'],
];
/** `self_attn.q_proj.weight`: a projection right in an attention. The `mixer.out_proj` of Nemotron-H is Mamba’s. */
const IN_ATTENTION =
  /(?:^|\.)(?:\w*attn\w*|\w*attention\w*|mixer(?!\.out_proj))\.(\w+)\.(?:weight|bias|weight_packed|qweight)$/i;

function attentionRole(rest: string): TensorRole {
  const word = IN_ATTENTION.exec(rest)?.[1] ?? '';
  return ATTENTION.find(([pattern]) => pattern.test(word))?.[1] ?? 'attention';
}

import type { CheckpointTensor } from '../checkpoint/types.ts';
import { tensorPlace } from '../layouts/tensor-place.ts';
import type { CheckpointLayout } from '../layouts/types.ts';
import { DTYPES } from '../safetensors/dtype.ts';
import { naturalOrder } from './natural.ts';
import { TENSOR_ROLE_IDS, tensorRoles } from './role.ts';

/** The value of a layer or expert column for a tensor that has none. */
export const NONE = -1;

/** Every tensor of a checkpoint in natural order, what is searched and filtered by in arrays of its own. */
export interface TensorColumns {
  readonly tensors: readonly CheckpointTensor[];
  /** Place of its dtype in the format's list. */
  readonly dtype: Uint8Array;
  /** Place of its file in `files`. */
  readonly file: Uint32Array;
  readonly files: readonly string[];
  readonly layer: Int32Array;
  /** The one expert it belongs to. */
  readonly expert: Int32Array;
  /** Experts that it holds as a stack, 0 for others. */
  readonly stack: Int32Array;
  /** Place of its role in `TENSOR_ROLE_IDS`. */
  readonly role: Uint8Array;
  /** 1 in layers of multi-token prediction. */
  readonly mtp: Uint8Array;
}

/** Puts tensors into natural order; layers and experts are those of the layout, else what names say. */
export function tensorColumns(
  given: ReadonlyMap<string, CheckpointTensor>,
  layout: Pick<CheckpointLayout, 'groups'> | null,
): TensorColumns {
  const unsorted = [...given.values()];
  const order = naturalOrder(unsorted.map((tensor) => tensor.name));
  const tensors = Array.from(order, (at) => unsorted[at] as CheckpointTensor);
  const dtypes = new Map(DTYPES.map((dtype, at) => [dtype as string, at]));
  const files = new Map([...new Set(tensors.map((tensor) => tensor.file))].sort().map((file, at) => [file, at]));
  const stacks = stacksOf(layout);
  const roleOf = tensorRoles(given, layout ?? { groups: [] });
  const roles = new Map(TENSOR_ROLE_IDS.map((role, at) => [role, at]));
  const count = tensors.length;
  const columns = {
    dtype: new Uint8Array(count),
    file: new Uint32Array(count),
    layer: new Int32Array(count).fill(NONE),
    expert: new Int32Array(count).fill(NONE),
    stack: new Int32Array(count),
    role: new Uint8Array(count),
    mtp: new Uint8Array(count),
  };
  for (const [at, { name, dtype, file }] of tensors.entries()) {
    columns.dtype[at] = dtypes.get(dtype) ?? 0;
    columns.file[at] = files.get(file) ?? 0;
    const { layer, expert } = tensorPlace(name);
    columns.expert[at] = expert ?? NONE;
    columns.layer[at] = layer ?? NONE;
    const { role, isMtp } = roleOf(name);
    columns.role[at] = roles.get(role) ?? 0;
    columns.mtp[at] = isMtp ? 1 : 0;
    if (expert === null) columns.stack[at] = stacks.get(name) ?? 0;
  }
  return { tensors, files: [...files.keys()], ...columns };
}

/** Names of tensors that hold all experts of their group, with how many those are. */
function stacksOf(layout: Pick<CheckpointLayout, 'groups'> | null): ReadonlyMap<string, number> {
  const stacks = new Map<string, number>();
  for (const { members, expertTensors, experts } of layout?.groups ?? []) {
    if (experts === null || members.some(({ template }) => template.includes('{i}'))) continue;
    for (const name of expertTensors) stacks.set(name, experts);
  }
  return stacks;
}

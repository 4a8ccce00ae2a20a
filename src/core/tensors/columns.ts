import type { CheckpointTensor } from '../checkpoint/types.ts';
import { tensorPlace } from '../layouts/tensor-place.ts';
import type { CheckpointLayout } from '../layouts/types.ts';
import { DTYPES } from '../safetensors/dtype.ts';
import { type NameGraph, nameGraph } from './name-graph.ts';
import { naturalOrder } from './natural.ts';
import { TENSOR_ROLE_IDS, tensorRoles } from './role.ts';

/** The value of a layer or expert column for a tensor that has none. */
export const NONE = -1;

/** A number for each tensor, in an array as narrow as they allow. */
export type Numbers =
  | Uint8Array<ArrayBuffer>
  | Int16Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>;

/** What is searched and filtered by of all tensors of a checkpoint, in natural order and in arrays that can be sent. */
export interface SearchColumns {
  /** The names; the kind of an end is its place in `kinds`. */
  readonly names: NameGraph;
  /** The ends of names there are: the bytes of such a tensor, its role and whether that is in a layer of multi-token prediction. */
  readonly kinds: {
    readonly bytes: readonly number[];
    readonly role: readonly number[];
    readonly mtp: readonly number[];
  };
  /** Bytes of each. */
  readonly size: Numbers;
  /** Place of its dtype in the format's list. */
  readonly dtype: Numbers;
  /** Place of its file in `files`. */
  readonly file: Numbers;
  readonly files: readonly string[];
  readonly layer: Numbers;
  /** The one expert it belongs to. */
  readonly expert: Numbers;
  /** Experts that it holds as a stack, 0 for others. */
  readonly stack: Numbers;
  /** Place of its role in `TENSOR_ROLE_IDS`. */
  readonly role: Numbers;
  /** 1 in layers of multi-token prediction. */
  readonly mtp: Numbers;
}

/** The same with the tensors themselves. */
export interface TensorColumns extends SearchColumns {
  readonly tensors: readonly CheckpointTensor[];
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
    size: Float64Array.from(tensors, ({ start, end }) => end - start),
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
  return { tensors, files: [...files.keys()], ...columns, ...namesOf(tensors, columns) };
}

/** The graph of the names, whose ends hold what a search says of its answer. */
function namesOf(
  tensors: readonly CheckpointTensor[],
  { role, mtp }: Pick<SearchColumns, 'role' | 'mtp'>,
): Pick<SearchColumns, 'names' | 'kinds'> {
  const known = new Map<string, number>();
  const kinds: Record<keyof SearchColumns['kinds'], number[]> = { bytes: [], role: [], mtp: [] };
  const kindOf = (at: number) => {
    const { start, end } = tensors[at] as CheckpointTensor;
    const key = `${end - start} ${role[at]} ${mtp[at]}`;
    const same = known.get(key);
    if (same !== undefined) return same;
    known.set(key, kinds.bytes.length);
    kinds.bytes.push(end - start);
    kinds.role.push(role[at] as number);
    kinds.mtp.push(mtp[at] as number);
    return kinds.bytes.length - 1;
  };
  const names = nameGraph(
    (function* () {
      for (const { name } of tensors) yield name;
    })(),
    kindOf,
  );
  return { names, kinds };
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

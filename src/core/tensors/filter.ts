import { DTYPES } from '../safetensors/dtype.ts';
import { NONE, type Numbers, type SearchColumns } from './columns.ts';
import { TENSOR_ROLE_IDS, type TensorRole } from './role.ts';
import type { FacetValue, TensorFacets, TensorFilter } from './types.ts';

/** Layers, experts and shards that are listed for choosing; more can be typed. */
const LIMIT_LISTED = 4096;

/** Which tensors a filter lets through, by their place; null when it lets all. Kinds are joined by "and", values of one by "or". */
export function filterTest(columns: SearchColumns, filter: TensorFilter): ((at: number) => boolean) | null {
  const { dtype, file, layer, expert, stack } = columns;
  const tests: ((at: number) => boolean)[] = [];
  if (filter.dtypes.length > 0) {
    const wanted = DTYPES.map((each) => filter.dtypes.includes(each));
    tests.push((at) => wanted[dtype[at] as number] === true);
  }
  if (filter.shards.length > 0) {
    const wanted = columns.files.map((each) => filter.shards.includes(each));
    tests.push((at) => wanted[file[at] as number] === true);
  }
  if (filter.roles.length > 0) tests.push(roleTest(columns, filter.roles));
  if (filter.layers.length > 0) {
    const wanted = new Set(filter.layers);
    tests.push((at) => wanted.has(layer[at] as number));
  }
  if (filter.experts.length > 0) {
    const wanted = new Set(filter.experts);
    const least = Math.min(...filter.experts);
    tests.push((at) => wanted.has(expert[at] as number) || (stack[at] as number) > least);
  }
  const [first, ...rest] = tests;
  if (!first) return null;
  return rest.length === 0 ? first : (at) => first(at) && rest.every((test) => test(at));
}

/** Which places have one of the roles; `mtp` lets through everything in layers of multi-token prediction. */
export function roleTest(
  { role, mtp }: { readonly role: ArrayLike<number>; readonly mtp: ArrayLike<number> },
  roles: readonly TensorRole[],
): (at: number) => boolean {
  const wanted = TENSOR_ROLE_IDS.map((each) => roles.includes(each));
  const wantsMtp = roles.includes('mtp');
  return (at) => wanted[role[at] as number] === true || (wantsMtp && mtp[at] === 1);
}

/** Which tensors belong to an expert, as their own or in a stack. */
export function expertTest(
  { expert, stack }: Pick<SearchColumns, 'expert' | 'stack'>,
  number: number,
): (at: number) => boolean {
  return (at) => expert[at] === number || (stack[at] as number) > number;
}

/** What there is to filter by, with how many tensors each value has. */
export function facetsOf(columns: SearchColumns): TensorFacets {
  const { dtype, file, layer, expert, stack, files } = columns;
  const dtypes = counted(dtype);
  const shards = counted(file);
  return {
    dtypes: [...dtypes].sort(byKey).map(([at, count]) => ({ value: DTYPES[at] ?? '', count })),
    roles: rolesOf(columns),
    layers: listed(counted(layer)),
    experts: listed(withStacks(counted(expert), stack)),
    shards: [...shards]
      .sort(byKey)
      .slice(0, LIMIT_LISTED)
      .map(([at, count]) => ({ value: files[at] ?? '', count })),
  };
}

function rolesOf({ role, mtp }: SearchColumns): TensorFacets['roles'] {
  const counts = counted(role);
  const inMtp = counted(mtp).get(1) ?? 0;
  return TENSOR_ROLE_IDS.flatMap((value, at) => {
    const count = value === 'mtp' ? inMtp : (counts.get(at) ?? 0);
    return count === 0 ? [] : [{ value, count }];
  });
}

function counted(values: Numbers): Map<number, number> {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

/** A stack counts for every expert in it. */
function withStacks(counts: Map<number, number>, stack: Numbers): Map<number, number> {
  const sizes = counted(stack);
  sizes.delete(0);
  for (const [size, count] of sizes) {
    for (let at = 0; at < Math.min(size, LIMIT_LISTED); at += 1) counts.set(at, (counts.get(at) ?? 0) + count);
  }
  return counts;
}

function listed(counts: Map<number, number>): FacetValue<number>[] {
  counts.delete(NONE);
  return [...counts]
    .sort(byKey)
    .slice(0, LIMIT_LISTED)
    .map(([value, count]) => ({ value, count }));
}

function byKey([a]: readonly [number, number], [b]: readonly [number, number]): number {
  return a - b;
}

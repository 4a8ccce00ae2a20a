import type { CheckpointTensor } from '../checkpoint/types.ts';
import { DTYPES } from '../safetensors/dtype.ts';
import { NONE, type Numbers, type SearchColumns, type TensorColumns } from './columns.ts';
import { filterTest } from './filter.ts';
import { nameAt } from './name-graph.ts';
import { TENSOR_ROLE_IDS } from './role.ts';
import { createTensorSearch } from './search.ts';
import { FIRST_ROWS, type TensorAnswer, type TensorQuery, type TensorRow } from './types.ts';

/** All that a search and the rows of its answer need, in arrays that can be sent: 20 to 50 bytes for each tensor. */
export interface PackedTensors extends SearchColumns {
  /** Where each tensor begins in its file. */
  readonly start: Numbers;
  /** Place of its shape in `shapes`. */
  readonly shape: Numbers;
  readonly shapes: readonly (readonly number[])[];
}

/**
 * Answers a search at once, under the id given. Null for a search that may take long, which belongs in a worker: regular
 * expressions, and orders other than by name.
 */
export type TensorGlance = (query: TensorQuery, id: number) => TensorAnswer | null;

/** Copies what {@link createTensorGlance} needs out of the columns of a table. */
export function packTensors({ tensors, ...columns }: TensorColumns): PackedTensors {
  const shapes = new Map<string, number>();
  const known: (readonly number[])[] = [];
  const placeOf = ({ shape }: CheckpointTensor) => {
    const key = shape.join();
    const place = shapes.get(key) ?? known.push(shape) - 1;
    shapes.set(key, place);
    return place;
  };
  const { names, kinds, files, size, dtype, file, layer, expert, stack, role, mtp } = columns;
  return {
    ...{ names, kinds, files, shapes: known, dtype, role, mtp },
    size: narrow(size),
    file: narrow(file),
    layer: narrow(layer),
    expert: narrow(expert),
    stack: narrow(stack),
    shape: narrow(Uint32Array.from(tensors, placeOf)),
    start: Float64Array.from(tensors, ({ start }) => start),
  };
}

/** The same numbers in the narrowest array that holds them. */
function narrow(values: Numbers): Numbers {
  let [least, most] = [0, 0];
  for (const value of values) {
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  if (least >= 0 && most < 2 ** 8) return Uint8Array.from(values);
  if (least >= -(2 ** 15) && most < 2 ** 15) return Int16Array.from(values);
  if (least >= -(2 ** 31) && most < 2 ** 31) return Int32Array.from(values);
  return values;
}

/** Makes packed tensors ready for searching. */
export function createTensorGlance(packed: PackedTensors): TensorGlance {
  const search = createTensorSearch(packed, (at) => nameAt(packed.names, at));
  return (query, id) => {
    if (query.mode === 'regex' || query.sort !== 'name') return null;
    const { count, bytes, places, problem, meanings } = search.find(query, filterTest(packed, query.filter));
    const order = query.descending ? places().slice(-FIRST_ROWS).reverse() : places(FIRST_ROWS);
    return { id, count, bytes, problem, meanings, first: Array.from(order, (at) => rowOf(packed, at)) };
  };
}

function rowOf(packed: PackedTensors, at: number): TensorRow {
  const [layer = NONE, expert = NONE, start = 0] = [packed.layer[at], packed.expert[at], packed.start[at]];
  return {
    name: nameAt(packed.names, at),
    dtype: DTYPES[packed.dtype[at] as number] ?? 'U8',
    shape: packed.shapes[packed.shape[at] as number] ?? [],
    file: packed.files[packed.file[at] as number] ?? '',
    start,
    end: start + (packed.size[at] as number),
    role: TENSOR_ROLE_IDS[packed.role[at] as number] ?? 'other',
    layer: layer === NONE ? null : layer,
    expert: expert === NONE ? null : expert,
    stack: packed.stack[at] ?? 0,
  };
}

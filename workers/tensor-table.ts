import { type CheckpointTensor, elementsOf } from '../src/core/index.ts';
import { naturalOrder } from './natural.ts';
import type { TensorAnswer, TensorColumn, TensorQuery, TensorRow } from './protocol.ts';

/** Answers that are kept: the last one shown, and those still on their way. */
const KEPT_ANSWERS = 4;

export interface TensorTable {
  query(query: TensorQuery): TensorAnswer;
  rows(id: number, from: number, to: number): readonly TensorRow[];
  tsv(id: number): string;
}

/** All tensors of a checkpoint, searched and sorted where they are; only the rows asked for leave. */
export function createTensorTable(tensors: Iterable<CheckpointTensor>): TensorTable {
  const all = [...tensors];
  const natural = naturalOrder(all.map((tensor) => tensor.name));
  const answers = new Map<number, Uint32Array>();
  let last = 0;
  const rowsOf = (id: number, from: number, to: number): TensorRow[] =>
    [...(answers.get(id)?.subarray(from, to) ?? [])].flatMap((at) => rowOf(all[at]));
  return {
    query: (query) => {
      const { test, problem } = matcher(query);
      const found = natural.filter((at) => test(all[at]?.name ?? ''));
      const order = ordered(all, found, query);
      const id = ++last;
      answers.set(id, order);
      answers.delete(id - KEPT_ANSWERS);
      return { id, count: order.length, bytes: order.reduce((sum, at) => sum + sizeOf(all[at]), 0), problem };
    },
    rows: rowsOf,
    tsv: (id) => {
      const lines = rowsOf(id, 0, all.length).map(({ name, dtype, shape, start, end, file }) =>
        [name, dtype, `[${shape.join(', ')}]`, end - start, file, start, end].join('\t'),
      );
      return `${['name', 'dtype', 'shape', 'bytes', 'file', 'start', 'end'].join('\t')}\n${lines.join('\n')}\n`;
    },
  };
}

function rowOf(tensor: CheckpointTensor | undefined): TensorRow[] {
  if (!tensor) return [];
  const { name, dtype, shape, file, start, end } = tensor;
  return [{ name, dtype, shape, file, start, end }];
}

function sizeOf(tensor: CheckpointTensor | undefined): number {
  return tensor ? tensor.end - tensor.start : 0;
}

interface Matcher {
  readonly test: (name: string) => boolean;
  readonly problem: string | null;
}

/** How a query's text picks names; an empty text picks all. */
export function matcher({ text, mode }: Pick<TensorQuery, 'text' | 'mode'>): Matcher {
  const wanted = text.trim();
  if (wanted === '') return { test: () => true, problem: null };
  if (mode === 'regex') return regexMatcher(wanted);
  if (mode === 'fuzzy') return { test: fuzzyTest(wanted.toLowerCase()), problem: null };
  const words = wanted.toLowerCase().split(/\s+/);
  const test = (name: string) => {
    const lower = name.toLowerCase();
    return words.every((word) => lower.includes(word));
  };
  return { test, problem: null };
}

function regexMatcher(text: string): Matcher {
  try {
    const pattern = new RegExp(text, 'i');
    return { test: (name) => pattern.test(name), problem: null };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { test: () => false, problem: `This is no regular expression: ${reason}.` };
  }
}

/** True when the letters come in this order, anything between them. */
function fuzzyTest(letters: string): (name: string) => boolean {
  const wanted = letters.replaceAll(/\s/g, '');
  return (name) => {
    const lower = name.toLowerCase();
    let from = 0;
    for (const letter of wanted) {
      from = lower.indexOf(letter, from) + 1;
      if (from === 0) return false;
    }
    return true;
  };
}

const KEYS: Record<Exclude<TensorColumn, 'name'>, (tensor: CheckpointTensor) => number | string> = {
  dtype: (tensor) => tensor.dtype,
  shape: (tensor) => elementsOf(tensor.shape),
  bytes: (tensor) => tensor.end - tensor.start,
  file: (tensor) => tensor.file,
  start: (tensor) => tensor.start,
};

/** `found` is in natural order, which also decides between equals. */
function ordered(
  all: readonly CheckpointTensor[],
  found: Uint32Array<ArrayBuffer>,
  { sort, descending }: TensorQuery,
): Uint32Array {
  if (sort === 'name') return descending ? found.reverse() : found;
  const keys = new Map<number, number | string>();
  for (const at of found) {
    const tensor = all[at];
    if (tensor) keys.set(at, KEYS[sort](tensor));
  }
  const sign = descending ? -1 : 1;
  const compare = (a: number, b: number) => {
    const [left = 0, right = 0] = [keys.get(a), keys.get(b)];
    return left < right ? -sign : left > right ? sign : 0;
  };
  return Uint32Array.from([...found].sort(compare));
}

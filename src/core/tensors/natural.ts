/** Numbers in a name beyond these are compared as text: no model nests so deep, and each costs a pass over all names. */
const LIMIT_NUMBERS = 8;

/** The pieces of one place in all names, each text held once: `ids[n]` is the piece of name n, 0 where it has ended. */
interface Column {
  readonly texts: Map<string, number>;
  readonly ids: Uint32Array<ArrayBuffer>;
  /** The piece of the name before: neighbours share most of theirs. */
  last: string;
  lastId: number;
}

/**
 * Positions of `names` in natural order: `layer.2` before `layer.10`, and `layer.02` before `layer.2`.
 *
 * Names are cut into text, number, text, … and sorted place by place, from the last to the first, by counting: half a
 * million of them share a few thousand pieces. All that share a beginning up to a dot stand together.
 */
export function naturalOrder(names: readonly string[]): Uint32Array<ArrayBuffer> {
  const columns = cut(names);
  let order: Uint32Array<ArrayBuffer> = Uint32Array.from(names, (_, at) => at);
  for (const [place, column] of [...columns.entries()].reverse()) {
    order = countingSort(order, column, place % 2 === 0 ? compareText : compareNumber);
  }
  return order;
}

function cut(names: readonly string[]): Column[] {
  const columns: Column[] = [];
  for (const [at, name] of names.entries()) {
    let from = 0;
    for (let place = 0; place === 0 || from < name.length; place += 1) {
      columns[place] ??= { texts: new Map(), ids: new Uint32Array(names.length), last: '', lastId: 0 };
      from = cutPiece(columns[place] as Column, at, name, from, place);
    }
  }
  return columns;
}

/** Puts down the piece that starts at `from`, text at even places and numbers at odd ones, and says where it ends. */
function cutPiece(column: Column, at: number, name: string, from: number, place: number): number {
  const { last, lastId, texts, ids } = column;
  const isText = place % 2 === 0;
  const same = from + last.length;
  const isWhole = place === 2 * LIMIT_NUMBERS;
  if (lastId > 0 && !isWhole && name.startsWith(last, from) && endsAt(name, same, isText)) {
    ids[at] = lastId;
    return same;
  }
  let end = isWhole ? name.length : from;
  while (!endsAt(name, end, isText)) end += 1;
  const piece = name.slice(from, end);
  const id = texts.get(piece) ?? texts.size + 1;
  texts.set(piece, id);
  ids[at] = id;
  column.last = piece;
  column.lastId = id;
  return end;
}

/** True where a piece of text (or of digits) ends: before the first digit (or the first other character). */
function endsAt(name: string, at: number, isText: boolean): boolean {
  return at >= name.length || isDigit(name.charCodeAt(at)) === isText;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

type Compare = (a: string, b: string) => number;

const compareText: Compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

/** By size, whatever the length; of equal ones the longer first. */
const compareNumber: Compare = (a, b) => {
  const [left, right] = [withoutZeros(a), withoutZeros(b)];
  return left.length - right.length || compareText(left, right) || b.length - a.length;
};

function withoutZeros(digits: string): string {
  return digits.replace(/^0+(?=\d)/, '');
}

/** The same positions sorted by a column's pieces; equal ones stay as they are. */
function countingSort(
  order: Uint32Array<ArrayBuffer>,
  { texts, ids }: Column,
  compare: Compare,
): Uint32Array<ArrayBuffer> {
  const sorted = [...texts.keys()].sort(compare);
  if (sorted.length === 1 && !ids.includes(0)) return order;
  const ranks = new Uint32Array(sorted.length + 1);
  for (const [rank, text] of sorted.entries()) ranks[texts.get(text) ?? 0] = rank + 1;
  const starts = new Uint32Array(sorted.length + 2);
  for (const id of ids) starts[(ranks[id] as number) + 1] = (starts[(ranks[id] as number) + 1] as number) + 1;
  for (let rank = 1; rank < starts.length; rank += 1)
    starts[rank] = (starts[rank] as number) + (starts[rank - 1] as number);
  const moved = new Uint32Array(order.length);
  for (const at of order) {
    const rank = ranks[ids[at] as number] as number;
    moved[starts[rank] as number] = at;
    starts[rank] = (starts[rank] as number) + 1;
  }
  return moved;
}

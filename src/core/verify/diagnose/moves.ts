/**
 * Where the experts of a layer came from: `candidates[place]` are the experts of the original that are equal to what
 * stands in that place; null where nothing of the layer is.
 */
export type Candidates = readonly (readonly number[] | null)[];

/** Contents that moved together, and the expert that stands in each place; null where it is not known. */
export interface MoveClass {
  readonly contents: readonly number[];
  readonly from: readonly (number | null)[];
  readonly candidates: Candidates;
}

/** A place, the expert that stands in it, and all places where that expert stands. */
export interface Move {
  readonly place: number;
  readonly from: number;
  readonly holders: readonly number[];
}

/** What became of the experts of one class. */
export interface Moves {
  readonly order: 'text' | 'reverse-text' | null;
  /** Places on closed rounds: every expert is there, in another place. */
  readonly permuted: readonly number[];
  /** Places that hold a second copy of an expert. */
  readonly doubled: readonly Move[];
  /** Places that hold an expert whose own place holds something else. */
  readonly misplaced: readonly Move[];
}

/** Place → expert when experts stand in the order of their numbers as text: 0, 1, 10, 11, 2 … */
export function textOrder(experts: number): number[] {
  return Array.from({ length: experts }, (_, expert) => String(expert))
    .sort()
    .map(Number);
}

/** Groups contents (gate, up, down …) by how their experts moved; those that agree wherever both are known are one class. */
export function moveClasses(contents: readonly Candidates[]): MoveClass[] {
  const classes: { contents: number[]; candidates: (readonly number[] | null)[] }[] = [];
  contents.forEach((candidates, at) => {
    const home = classes.find((each) => agree(each.candidates, candidates));
    if (!home) classes.push({ contents: [at], candidates: [...candidates] });
    else {
      home.contents.push(at);
      home.candidates = home.candidates.map((mine, place) => common(mine, candidates[place] ?? null));
    }
  });
  return classes.map((each) => ({ ...each, from: chooseSources(each.candidates) }));
}

function agree(a: Candidates, b: Candidates): boolean {
  return a.every((mine, place) => common(mine, b[place] ?? null)?.length !== 0);
}

function common(a: readonly number[] | null, b: readonly number[] | null): readonly number[] | null {
  if (!a || !b) return a ?? b;
  if (a === b) return a;
  const other = new Set(b);
  return a.filter((expert) => other.has(expert));
}

/** One expert for each place: its own number, then the text order's, then one that stands nowhere else. */
function chooseSources(candidates: Candidates): (number | null)[] {
  const used = new Set<number>();
  const chosen: (number | null)[] = candidates.map((experts, place) => (experts?.includes(place) ? place : null));
  for (const expert of chosen) if (expert !== null) used.add(expert);
  const text = textOrder(candidates.length);
  candidates.forEach((experts, place) => {
    if (!experts || chosen[place] !== null) return;
    const wanted = [text[place] ?? place, ...experts].find((expert) => experts.includes(expert) && !used.has(expert));
    const expert = wanted ?? experts[0] ?? null;
    chosen[place] = expert;
    if (expert !== null) used.add(expert);
  });
  return chosen;
}

/** Names what a class's map means. */
export function readMoves({ from, candidates }: Pick<MoveClass, 'from' | 'candidates'>): Moves {
  const moved = new Map(
    from.flatMap((expert, place) => (expert === null || expert === place ? [] : [[place, expert]])),
  );
  const order = orderOf(moved, candidates);
  if (order) return { order, permuted: [...moved.keys()], doubled: [], misplaced: [] };
  const permuted = [...moved.keys()].filter((place) => isOnRound(place, moved));
  const rest = [...moved].filter(([place]) => !permuted.includes(place));
  const holdersOf = (expert: number) => from.flatMap((each, place) => (each === expert ? [place] : []));
  const found = rest.map(([place, expert]) => ({ place, from: expert, holders: holdersOf(expert) }));
  return {
    order: null,
    permuted,
    doubled: found.filter((each) => each.holders.length > 1),
    misplaced: found.filter((each) => each.holders.length === 1),
  };
}

function isOnRound(place: number, moved: ReadonlyMap<number, number>): boolean {
  let at = moved.get(place);
  for (let steps = 0; at !== undefined && at !== place && steps < moved.size; steps++) at = moved.get(at);
  return at === place;
}

function orderOf(moved: ReadonlyMap<number, number>, candidates: Candidates): Moves['order'] {
  const text = textOrder(candidates.length);
  const reverse = text.map((_, place) => text.indexOf(place));
  if (follows(text, moved, candidates)) return 'text';
  return follows(reverse, moved, candidates) ? 'reverse-text' : null;
}

/** True when every known place agrees with an order, and at least two of them moved by it. */
function follows(order: readonly number[], moved: ReadonlyMap<number, number>, candidates: Candidates): boolean {
  if (!order.every((expert, place) => candidates[place]?.includes(expert) ?? true)) return false;
  return moved.size >= 2;
}

/** Tensors in natural order as a tree: one node a part of a name between dots, parts that never fork joined to one. */
export interface NameTree {
  /** Nodes in sight, from the top; made once for each question. */
  list(open: OpenNodes): TreeListing;
}

/** Which nodes are open: those listed when `otherwise` is false, all but those listed when it is true. */
export interface OpenNodes {
  /** Ends of nodes' names, their dot included: `model.layers.`. */
  readonly listed: readonly string[];
  readonly otherwise: boolean;
}

/** A node in sight. Places are positions in the tensors that the tree was made of, `end` excluded. */
export interface TreeNode {
  /** The part of the name that it adds. */
  readonly label: string;
  /** The name down to it, with its dot; a leaf's whole name. */
  readonly path: string;
  readonly isLeaf: boolean;
  readonly isOpen: boolean;
  /** 1 at the top. */
  readonly level: number;
  /** Row of the node above; −1 at the top. */
  readonly parent: number;
  readonly position: number;
  readonly siblings: number;
  readonly start: number;
  readonly end: number;
}

export interface TreeListing {
  readonly count: number;
  node(row: number): TreeNode | undefined;
  /** The row of a place's leaf, or of the closed node that hides it. */
  rowOf(place: number): number;
}

/** Numbers kept of each node in sight. */
const FIELDS = 7;

/** `names` are in natural order, so that all below a node stand together; `nameAt` gives the name of a place. */
export function createNameTree(count: number, nameAt: (place: number) => string): NameTree {
  const nodes = (start: number, end: number, length: number): Range[] => {
    const found: Range[] = [];
    for (let at = start; at < end; ) {
      const node = nodeAt(nameAt, at, end, length);
      found.push(node);
      at = node.end;
    }
    return found;
  };
  return {
    list: ({ listed, otherwise }) => {
      const known = new Set(listed);
      const rows: number[] = [];
      const walk = (start: number, end: number, length: number, level: number, parent: number) => {
        const siblings = nodes(start, end, length);
        for (const [at, node] of siblings.entries()) {
          const row = rows.length / FIELDS;
          const path = node.length === LEAF ? '' : nameAt(node.start).slice(0, node.length);
          const isOpen = node.length !== LEAF && known.has(path) !== otherwise;
          rows.push(node.start, node.end, isOpen ? -node.length : node.length, level, parent, at + 1, siblings.length);
          if (isOpen) walk(node.start, node.end, node.length, level + 1, row);
        }
      };
      walk(0, count, 0, 1, -1);
      return listing(Int32Array.from(rows), nameAt);
    },
  };
}

/** Length that represents a whole name. */
const LEAF = 0;

interface Range {
  readonly start: number;
  readonly end: number;
  /** Letters of the names that are the node's path; {@link LEAF} for a tensor. */
  readonly length: number;
}

/** The node that begins at a place, among names that share their first `length` letters. */
function nodeAt(nameAt: (place: number) => string, start: number, end: number, length: number): Range {
  const name = nameAt(start);
  const dot = name.indexOf('.', length);
  if (dot === -1) return { start, end: start + 1, length: LEAF };
  const stop = endOf(nameAt, start, end, name.slice(0, dot + 1));
  if (stop === start + 1) return { start, end: stop, length: LEAF };
  return { start, end: stop, length: sharedLength(name, nameAt(stop - 1)) };
}

/** Where the run of names that start with `path` ends: by doubling steps, then by halving them. */
function endOf(nameAt: (place: number) => string, start: number, end: number, path: string): number {
  let step = 1;
  let last = start;
  const fits = (at: number) => at < end && nameAt(at).startsWith(path);
  while (fits(last + step)) {
    last += step;
    step *= 2;
  }
  for (; step >= 1; step /= 2) if (fits(last + step)) last += step;
  return last + 1;
}

/** Letters that two names share up to a dot, the dot included: what the first and the last of a run share, all do. */
function sharedLength(a: string, b: string): number {
  let shared = 0;
  for (let at = 0; at < a.length && a[at] === b[at]; at += 1) if (a[at] === '.') shared = at + 1;
  return shared;
}

function listing(rows: Int32Array, nameAt: (place: number) => string): TreeListing {
  const count = rows.length / FIELDS;
  const field = (row: number, at: number) => rows[row * FIELDS + at] as number;
  return {
    count,
    node: (row) => {
      if (row < 0 || row >= count) return undefined;
      const [start, length, parent] = [field(row, 0), Math.abs(field(row, 2)), field(row, 4)];
      const above = parent === -1 ? 0 : Math.abs(field(parent, 2));
      const path = length === LEAF ? nameAt(start) : nameAt(start).slice(0, length);
      const label = path.slice(above, length === LEAF ? undefined : -1);
      return {
        label,
        path,
        isLeaf: length === LEAF,
        isOpen: field(row, 2) < 0,
        level: field(row, 3),
        parent,
        position: field(row, 5),
        siblings: field(row, 6),
        start,
        end: field(row, 1),
      };
    },
    rowOf: (place) => {
      let low = 0;
      let high = count - 1;
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if (field(middle, 0) <= place) low = middle;
        else high = middle - 1;
      }
      return low;
    },
  };
}

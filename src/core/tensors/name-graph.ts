/** Parts of a name beyond these are one part: a hostile name of a million dots must not make as many levels. */
const LIMIT_PARTS = 64;

/**
 * Names cut after each dot, and what follows a part kept once however often it occurs: the experts of all layers of a model
 * share one node. Half a million names of a mixture of experts take a thousand edges.
 *
 * Nodes are numbered so that a node comes after all below it; the last is the root. All arrays can be moved to another thread.
 */
export interface NameGraph {
  /** Parts of names, each text once, the dot at its end included. */
  readonly labels: readonly string[];
  /** Where the edges of each node begin; one more than there are nodes. */
  readonly first: Uint32Array<ArrayBuffer>;
  /** For each edge: its label, the node it leads to, and the names of its node that come before it. */
  readonly label: Uint32Array<ArrayBuffer>;
  readonly child: Uint32Array<ArrayBuffer>;
  readonly before: Uint32Array<ArrayBuffer>;
  /** Names below each node. */
  readonly count: Uint32Array<ArrayBuffer>;
  /** What the caller says a name's end is; {@link NO_KIND} for nodes at which no name ends. */
  readonly kind: Int32Array<ArrayBuffer>;
}

/** The kind of a node at which no name ends. */
export const NO_KIND = -1;

interface OpenNode {
  readonly labels: number[];
  readonly children: number[];
  /** Where the part begins that leads to this node's next edge. */
  readonly from: number;
}

/** Makes the graph of names in the order given; `kindOf` says for each place what its end is, 0 or more. */
export function nameGraph(names: Iterable<string>, kindOf: (place: number) => number): NameGraph {
  const made = builder();
  let open: OpenNode[] = [{ labels: [], children: [], from: 0 }];
  let before: { readonly name: string; readonly kind: number } | null = null;
  const close = (keep: number) => {
    if (before === null) return;
    let child = made.leaf(before.kind);
    let end = before.name.length;
    for (let at = open.length - 1; at >= 0; at -= 1) {
      const node = open[at] as OpenNode;
      node.labels.push(made.label(before.name.slice(node.from, end)));
      node.children.push(child);
      if (at < keep) break;
      child = made.node(node);
      end = node.from;
    }
    open = open.slice(0, Math.max(1, keep));
  };
  let place = 0;
  for (const name of names) {
    const shared = before === null ? 0 : sharedLength(before.name, name);
    let keep = 1;
    while (keep < open.length && (open[keep] as OpenNode).from <= shared) keep += 1;
    close(keep);
    let from = (open.at(-1) as OpenNode).from;
    for (let dot = name.indexOf('.', from); dot !== -1 && open.length < LIMIT_PARTS; dot = name.indexOf('.', from)) {
      from = dot + 1;
      open.push({ labels: [], children: [], from });
    }
    before = { name, kind: kindOf(place) };
    place += 1;
  }
  close(0);
  return made.graph(before === null ? (open[0] as OpenNode) : null);
}

function sharedLength(a: string, b: string): number {
  let at = 0;
  while (at < a.length && a.charCodeAt(at) === b.charCodeAt(at)) at += 1;
  return at;
}

/** Gives equal labels, ends and nodes one number each. */
function builder() {
  const labels = new Map<string, number>();
  const known = new Map<string, number>();
  const first: number[] = [0];
  const label: number[] = [];
  const child: number[] = [];
  const before: number[] = [];
  const count: number[] = [];
  const kind: number[] = [];
  const add = (key: string, sort: number, names: number) => {
    known.set(key, kind.length);
    kind.push(sort);
    count.push(names);
    first.push(label.length);
    return kind.length - 1;
  };
  const node = (open: Pick<OpenNode, 'labels' | 'children'>) => {
    const key = `${open.labels.join()} ${open.children.join()}`;
    const same = known.get(key);
    if (same !== undefined) return same;
    let names = 0;
    for (const [at, each] of open.children.entries()) {
      label.push(open.labels[at] as number);
      child.push(each);
      before.push(names);
      names += count[each] as number;
    }
    return add(key, NO_KIND, names);
  };
  return {
    label: (text: string) => {
      const id = labels.get(text) ?? labels.size;
      labels.set(text, id);
      return id;
    },
    leaf: (sort: number) => known.get(`${sort}`) ?? add(`${sort}`, sort, 1),
    node,
    graph: (root: OpenNode | null): NameGraph => {
      if (root) node(root);
      const array = (values: readonly number[]) => Uint32Array.from(values);
      return {
        labels: [...labels.keys()],
        first: array(first),
        label: array(label),
        child: array(child),
        before: array(before),
        count: array(count),
        kind: Int32Array.from(kind),
      };
    },
  };
}

/** The name at a place. */
export function nameAt({ labels, first, label, child, before, count }: NameGraph, place: number): string {
  let node = count.length - 1;
  let left = place;
  let name = '';
  while ((first[node] as number) < (first[node + 1] as number)) {
    let [low, high] = [first[node] as number, (first[node + 1] as number) - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((before[middle] as number) <= left) low = middle;
      else high = middle - 1;
    }
    name += labels[label[low] as number];
    left -= before[low] as number;
    node = child[low] as number;
  }
  return name;
}

/** The buffers of a graph, for a message that moves them. */
export function buffersOfGraph({ first, label, child, before, count, kind }: NameGraph): ArrayBuffer[] {
  return [first, label, child, before, count, kind].map(({ buffer }) => buffer);
}

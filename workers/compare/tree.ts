import {
  type CompareEntry,
  type Correspondence,
  comparePlace,
  entryFacts,
  isDifference,
  STATUSES,
} from '../../src/core/index.ts';
import type { CompareQuery, CompareRow, CompareShow, Proof } from './protocol.ts';

/** What the tree lists: entries as they stand after the comparison of values, and what is proven of each. */
export interface TreeSubject extends Pick<Correspondence, 'entries' | 'prefixes'> {
  proofOf(index: number): Proof;
}

interface Layer {
  readonly key: string;
  readonly label: string;
  readonly layer: number | null;
  /** Entries outside of experts. */
  readonly others: number[];
  readonly experts: Map<string, number[]>;
}

/** Layers, their experts and pairs, as rows: made once for a correspondence, listed for each query. */
export function createCompareTree({ entries, prefixes }: Pick<Correspondence, 'entries' | 'prefixes'>) {
  const layers = layersOf(entries, prefixes);
  const keys = new Map<string, readonly number[]>();
  for (const layer of layers) {
    keys.set(layer.key, [...layer.others, ...[...layer.experts.values()].flat()]);
    for (const [key, own] of layer.experts) keys.set(key, own);
    for (const index of layer.others) keys.set(`#${index}`, [index]);
  }
  return {
    /** Entries under a row. */
    entriesOf: (key: string): readonly number[] => keys.get(key) ?? entryOf(key, entries.length),
    list: (subject: TreeSubject, query: CompareQuery) => list(layers, subject, query),
  };
}

export type CompareTree = ReturnType<typeof createCompareTree>;

function entryOf(key: string, count: number): readonly number[] {
  const index = Number(key.slice(1));
  return key.startsWith('#') && Number.isInteger(index) && index < count ? [index] : [];
}

function layersOf(entries: readonly CompareEntry[], prefixes: Correspondence['prefixes']): Layer[] {
  const layers = new Map<string, Layer>();
  const places = entries.map((entry) => comparePlace(entry, prefixes));
  const stacks = new Set(places.flatMap(({ stack, layer }) => (layer === null ? [] : [stack])));
  for (const [index, entry] of entries.entries()) {
    const { stack, layer } = places[index] ?? { stack: '', layer: null };
    const key = `${stack} ${layer ?? '-'}`;
    const home: Layer = layers.get(key) ?? {
      key,
      label: layer === null ? 'Outside of layers' : `Layer ${layer}${stacks.size > 1 ? ` of ${stack}` : ''}`,
      layer,
      others: [],
      experts: new Map(),
    };
    layers.set(key, home);
    if (!entry.slot) home.others.push(index);
    else {
      const expert = `${entry.slot.group}.${entry.slot.expert}`;
      const own = home.experts.get(expert);
      if (own) own.push(index);
      else home.experts.set(expert, [index]);
    }
  }
  return [...layers.values()];
}

/** A row that has not been made yet: cheap, there may be forty thousand. */
interface Node {
  readonly key: string;
  readonly kind: CompareRow['kind'];
  readonly level: CompareRow['level'];
  readonly label: string;
  readonly layer: number | null;
  readonly parent: number;
  readonly isOpen: boolean;
  readonly indices: readonly number[];
}

function list(layers: readonly Layer[], subject: TreeSubject, { show, open }: CompareQuery): readonly Node[] {
  const nodes: Node[] = [];
  const opened = open === 'all' ? null : new Set(open);
  const isOpen = (key: string) => opened === null || opened.has(key);
  const passes = (index: number) => matches(subject.entries[index], show);
  for (const { key, label, layer, others, experts } of layers) {
    const own = others.filter(passes);
    const groups = [...experts].map(([expert, indices]) => [expert, indices.filter(passes)] as const);
    const all: readonly number[] = [...own, ...groups.flatMap(([, indices]) => indices)];
    if (all.length === 0) continue;
    const parent = nodes.length;
    nodes.push({ key, kind: 'layer', level: 1, label, layer, parent: -1, isOpen: isOpen(key), indices: all });
    if (!isOpen(key)) continue;
    const entryNode = (index: number, level: 2 | 3, above: number): Node => {
      const about = { label: '', layer, parent: above, isOpen: false, indices: [index] };
      return { key: `#${index}`, kind: 'entry', level, ...about };
    };
    for (const index of own) nodes.push(entryNode(index, 2, parent));
    for (const [expert, indices] of groups) {
      if (indices.length === 0) continue;
      const at = nodes.length;
      const name = `Expert ${expert.slice(expert.indexOf('.') + 1)}`;
      nodes.push({
        key: expert,
        kind: 'expert',
        level: 2,
        label: name,
        layer,
        parent,
        isOpen: isOpen(expert),
        indices,
      });
      if (isOpen(expert)) for (const index of indices) nodes.push(entryNode(index, 3, at));
    }
  }
  return nodes;
}

function matches(entry: CompareEntry | undefined, show: CompareShow): boolean {
  if (!entry) return false;
  return show === 'all' || (show === 'differences' ? isDifference(entry) : entry.status === show);
}

/** A row as it is sent. */
export function rowOf(node: ReturnType<CompareTree['list']>[number], subject: TreeSubject): CompareRow {
  const { indices, kind, ...about } = node;
  const { isOpen, key, label, layer, level, parent } = about;
  const entry = subject.entries[indices[0] ?? -1];
  const sums = { leftBytes: 0, rightBytes: 0 };
  for (const index of indices) {
    sums.leftBytes += subject.entries[index]?.left?.bytes ?? 0;
    sums.rightBytes += subject.entries[index]?.right?.bytes ?? 0;
  }
  return {
    ...{ key, kind, level, label, parent, isOpen, layer },
    ...sums,
    status: worstOf(indices, subject),
    proof: leastOf(indices, subject),
    pairs: indices.length,
    differences: indices.filter((index) => isDifferent(subject.entries[index])).length,
    group: kind === 'layer' ? null : (entry?.slot?.group ?? null),
    expert: kind === 'layer' ? null : (entry?.slot?.expert ?? null),
    facts: kind === 'entry' && entry ? entryFacts(entry, subject.prefixes) : null,
  };
}

function isDifferent(entry: CompareEntry | undefined): boolean {
  return entry !== undefined && isDifference(entry);
}

function worstOf(indices: readonly number[], { entries }: TreeSubject): CompareRow['status'] {
  let worst = 0;
  for (const index of indices) worst = Math.max(worst, STATUSES.indexOf(entries[index]?.status ?? 'same'));
  return STATUSES[worst] ?? 'same';
}

/** What is known of all pairs among some entries: different as soon as one is, otherwise the least. */
export function leastOf(
  indices: readonly number[],
  { entries, proofOf }: Pick<TreeSubject, 'entries' | 'proofOf'>,
): Proof {
  const known = new Set<Proof>();
  for (const index of indices) if (entries[index]?.left && entries[index]?.right) known.add(proofOf(index));
  return ORDER.find((proof) => known.has(proof)) ?? 'none';
}

const ORDER: readonly Proof[] = ['different', 'none', 'skipped', 'cast', 'equal'];

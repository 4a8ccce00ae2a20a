import type { Projection } from '../../layouts/types.ts';
import type { Readers } from '../byte-compare.ts';
import type { ByteDifference } from '../matrix.ts';
import type { Content, GroupPair, Slot, SlotPair } from '../pairs.ts';
import { type Candidates, textOrder } from './moves.ts';
import { bundleOf, type Probe, probeSlot } from './probe.ts';
import { keyOf, type Print, type PrintTable, printGroup } from './tables.ts';
import { TRANSFORMS, type Transform } from './transforms.ts';

/** Where in the original something was found. */
export interface Origin {
  readonly prefix: string;
  readonly index: number | null;
  readonly expert: number;
  readonly projection: Projection;
}

/** What a differing matrix turned out to be; `transform` null and `origin` null: nothing of the original. */
export interface Explanation {
  readonly pair: SlotPair;
  /** How it stands there if it is of this layer. */
  readonly transform: Transform | null;
  /** Experts of the layer that it is equal to after the transform, but for the damage. */
  readonly sources: readonly number[];
  readonly damage: ByteDifference | null;
  /** Every byte is 0. */
  readonly zeros: boolean;
  /** Found in another layer. */
  readonly origin: Origin | null;
}

interface Tables {
  readonly left: PrintTable;
  readonly right: PrintTable;
}

/** What is known of one layer that differs. */
export interface LayerFindings {
  readonly group: GroupPair;
  readonly explanations: readonly Explanation[];
  /** For each content of the group where its experts came from; null when the layer was not hashed. */
  readonly candidates: readonly Candidates[] | null;
  readonly tables: Tables | null;
}

/** Up to so many differing matrices of a layer are looked at one by one before the whole layer is hashed. */
const FEW = 8;

/** Finds out what happened to the differing matrices of one layer, from this layer's own values. */
export async function searchLayer(slots: readonly SlotPair[], readers: Readers): Promise<LayerFindings> {
  const group = (slots[0] as SlotPair).slot.group;
  if (slots.length <= FEW) {
    const explanations = await flipsAndZeros(slots, readers);
    if (explanations.every((each) => each.transform !== null || each.zeros))
      return { group, explanations, candidates: null, tables: null };
  }
  const left = await printGroup(readers.left, group.left, group.contents, readers);
  const right = await printGroup(readers.right, group.right, group.contents, readers);
  const tables = { left, right };
  const index = indexPrints(left, group.contents);
  const explained = slots.map((pair) => byHash(pair, right, index) ?? unexplained(pair));
  const explanations: Explanation[] = [];
  const seen: Transform[] = [];
  for (const each of explained) {
    const answer = isExplained(each) ? each : await byProbing(each.pair, explained, tables, seen, readers);
    const { transform, damage } = answer;
    if (transform && !damage && !seen.includes(transform)) seen.unshift(transform);
    explanations.push(answer);
  }
  const candidates = group.contents.map((content) => candidatesOf(content, group, explanations, right, index));
  return { group, explanations, candidates, tables };
}

/**
 * What to try, in order: that which the layer has shown already, then what only rearranges the source's bytes.
 *
 * With two rows, alternating and divided are the same; the layout says which is meant.
 */
function likelyTransforms(
  slot: Slot,
  source: number,
  { left, right }: Tables,
  seen: readonly Transform[],
): Transform[] {
  const sum = (table: PrintTable, contents: readonly Content[], expert: number) =>
    contents.reduce((total, content) => total + (printAt(table, content, expert)?.sum ?? Number.NaN), 0);
  const same = (contents: readonly Content[]) => sum(left, contents, source) === sum(right, contents, slot.expert);
  const [own, bundle] = [same([slot]), same(bundleOf(slot))];
  const last = slot.group.right.fusion === 'interleaved' ? 'interleaved' : 'deinterleaved';
  const rest = TRANSFORMS.filter((transform) => transform === 'none' || (transform === 'transposed' ? own : bundle));
  const ordered = rest.sort((a, b) => Number(a === last) - Number(b === last));
  return [...seen, ...ordered.filter((transform) => !seen.includes(transform))];
}

export function isExplained({ transform, zeros, origin }: Explanation): boolean {
  return transform !== null || zeros || origin !== null;
}

function unexplained(pair: SlotPair): Explanation {
  return { pair, transform: null, sources: [], damage: null, zeros: false, origin: null };
}

/** The cheap answers: one byte differs from what should be there, or nothing is there. */
async function flipsAndZeros(slots: readonly SlotPair[], readers: Readers): Promise<Explanation[]> {
  const explanations: Explanation[] = [];
  for (const pair of slots) {
    const probe = await probeSlot(pair, pair.slot.expert, ['none'], readers);
    const { damage } = probe.found ?? {};
    if (damage?.count === 1) explanations.push(asExplanation(pair, probe));
    else explanations.push({ ...unexplained(pair), zeros: probe.zeros });
  }
  return explanations;
}

function asExplanation(pair: SlotPair, { found, source }: Probe): Explanation {
  if (!found) return unexplained(pair);
  return { ...unexplained(pair), transform: found.transform, sources: [source], damage: found.damage };
}

/** Content → hash → the experts whose matrix it is. */
type PrintIndex = ReadonlyMap<string, ReadonlyMap<string, readonly number[]>>;

function indexPrints(table: PrintTable, contents: readonly Content[]): PrintIndex {
  return new Map(
    contents.map((content) => {
      const experts = new Map<string, number[]>();
      (table.get(keyOf(content)) ?? []).forEach((print, expert) => {
        if (!print) return;
        const known = experts.get(print.hash);
        if (known) known.push(expert);
        else experts.set(print.hash, [expert]);
      });
      return [keyOf(content), experts];
    }),
  );
}

function printAt(table: PrintTable, content: Content, expert: number): Print | null {
  return table.get(keyOf(content))?.[expert] ?? null;
}

function byHash(pair: SlotPair, right: PrintTable, index: PrintIndex): Explanation | null {
  const { slot } = pair;
  const print = printAt(right, slot, slot.expert);
  if (!print) return null;
  if (print.zeros) return { ...unexplained(pair), zeros: true };
  const { left, right: converted } = pair.views;
  const sameShape =
    left.rows === converted.rows && left.columns === converted.columns && !slot.group.turned.has(converted.tensor);
  for (const transform of ['none', 'swapped'] as const) {
    const projection = transform === 'none' ? slot.projection : otherHalf(slot.projection);
    const sources = projection && index.get(keyOf({ ...slot, projection }))?.get(print.hash);
    if (!sources) continue;
    if (sameShape) return { ...unexplained(pair), transform, sources };
    if (transform === 'none') return { ...unexplained(pair), transform: 'transposed', sources };
  }
  return null;
}

function otherHalf(projection: Projection): Projection | null {
  return projection === 'down' ? null : projection === 'gate' ? 'up' : 'gate';
}

/** Tries transforms and damage, starting from the experts that may be meant. */
async function byProbing(
  pair: SlotPair,
  siblings: readonly Explanation[],
  tables: Tables,
  seen: readonly Transform[],
  readers: Readers,
): Promise<Explanation> {
  const { slot } = pair;
  let best: Probe | null = null;
  for (const source of likelySources(slot, siblings)) {
    const probe = await probeSlot(pair, source, likelyTransforms(slot, source, tables, seen), readers);
    if (!probe.found) continue;
    if (probe.found.damage === null) return asExplanation(pair, probe);
    if (!best?.found?.damage || probe.found.damage.count < best.found.damage.count) best = probe;
  }
  return best ? asExplanation(pair, best) : unexplained(pair);
}

/** The slot's own expert, those that its other matrices are of, and the text order's where experts moved. */
function likelySources({ group, expert }: Slot, siblings: readonly Explanation[]): Set<number> {
  const near = siblings.filter((each) => each.pair.slot.expert === expert && each.sources.length > 0);
  const sources = new Set([expert, ...near.flatMap((each) => each.sources.slice(0, 1))]);
  const moved = siblings.some(({ sources: own, pair: { slot } }) => own.length > 0 && !own.includes(slot.expert));
  const text = textOrder(group.left.experts ?? 0)[expert];
  return moved && text !== undefined ? sources.add(text) : sources;
}

/** Where each expert's matrix of one content came from. */
function candidatesOf(
  content: Content,
  group: GroupPair,
  explanations: readonly Explanation[],
  right: PrintTable,
  index: PrintIndex,
): Candidates {
  const key = keyOf(content);
  const explained = new Map(
    explanations.filter((each) => keyOf(each.pair.slot) === key).map((each) => [each.pair.slot.expert, each]),
  );
  return Array.from({ length: group.left.experts ?? 0 }, (_, expert) => {
    const each = explained.get(expert);
    if (each) return each.sources.length > 0 ? each.sources : null;
    const print = printAt(right, content, expert);
    return (print && index.get(key)?.get(print.hash)) ?? [expert];
  });
}

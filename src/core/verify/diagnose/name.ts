import type { CheckpointTensor } from '../../checkpoint/types.ts';
import { tensorPlace } from '../../layouts/tensor-place.ts';
import type { MatrixView, Projection } from '../../layouts/types.ts';
import { bitsOf } from '../../safetensors/dtype.ts';
import type { ByteDifference } from '../matrix.ts';
import type { Pair, SlotPair } from '../pairs.ts';
import { MISTAKES, type Mistake, type MistakeKind, type MistakePlace } from './mistakes.ts';
import type { Explanation, LayerFindings } from './search.ts';
import { damageText, expertsName, joined, layerName, type Subject, subjectOf } from './sentence-parts.ts';

/** A mistake, and what it says of each pair that it spoils: the words after the tensor's name. */
export interface Named {
  readonly mistake: Mistake;
  readonly phrases: readonly (readonly [Pair, string])[];
}

/** Explanations of one kind that concern the same experts. */
export interface Region {
  readonly experts: readonly number[];
  readonly projections: readonly Projection[];
  readonly explanations: readonly Explanation[];
}

const ORDER: readonly Projection[] = ['gate', 'up', 'down'];

/** Joins the projections whose explanations concern the same experts. */
export function regionsOf(explanations: readonly Explanation[]): Region[] {
  const regions = new Map<string, Region>();
  for (const projection of ORDER) {
    const own = explanations.filter((each) => each.pair.slot.projection === projection);
    const experts = [...new Set(own.map((each) => each.pair.slot.expert))].sort((a, b) => a - b);
    if (experts.length === 0) continue;
    const key = experts.join();
    const known = regions.get(key);
    const projections = [...(known?.projections ?? []), projection];
    regions.set(key, { experts, projections, explanations: [...(known?.explanations ?? []), ...own] });
  }
  return [...regions.values()];
}

/** A mistake of a layer's experts. `tell` makes the message from the region's words. */
export function layerMistake(
  kind: MistakeKind,
  { group }: LayerFindings,
  region: Region,
  tell: (subject: Subject, experts: string) => string,
  phrase: (explanation: Explanation) => string,
): Named {
  const { prefix, index } = group.left;
  const pairs = region.explanations.map((each) => each.pair);
  const tensors = new Set(pairs.map((pair) => pair.left.name));
  const all = ORDER.filter((projection) => group.contents.some((content) => content.projection === projection));
  const total = group.left.experts ?? 0;
  const subject = subjectOf(region.projections, all, region.experts, total);
  const mistake: Mistake = {
    kind,
    prefix,
    layer: index,
    experts: region.experts,
    projections: region.projections,
    tensor: tensors.size === 1 ? (pairs[0]?.left.name ?? null) : null,
    place: null,
    message: `${layerName(group.left)}: ${tell(subject, expertsName(region.experts, total))}.`,
    cure: MISTAKES[kind].cure,
  };
  return { mistake, phrases: region.explanations.map((each) => [each.pair, phrase(each)] as const) };
}

/** Which kind damage is. */
export function damageKind({ count, left, right, zeros }: ByteDifference): MistakeKind {
  if (count === 1) return Number.isInteger(Math.log2(left ^ right)) ? 'bit-flipped' : 'byte-flipped';
  return zeros ? 'zeros' : 'range-damaged';
}

const DAMAGES: Readonly<Partial<Record<MistakeKind, string>>> = {
  'bit-flipped': 'has one flipped bit',
  'byte-flipped': 'has one flipped byte',
  zeros: 'has zeros instead of values',
};

function damagePhrase(kind: MistakeKind): string {
  return DAMAGES[kind] ?? 'is damaged';
}

/** A damaged range in one expert's matrix. */
export function slotDamage(layer: LayerFindings, pair: SlotPair, damage: ByteDifference): Named {
  const kind = damageKind(damage);
  const { expert, projection, part } = pair.slot;
  const { prefix, index } = layer.group.left;
  const what = `expert ${expert}'s ${projection} ${part === 'weight' ? 'matrix' : part}`;
  const mistake: Mistake = {
    kind,
    prefix,
    layer: index,
    experts: [expert],
    projections: [projection],
    tensor: pair.left.name,
    place: placeOf(pair, damage),
    message: `${layerName(layer.group.left)}: ${what} ${damagePhrase(kind)}: ${damageText(damage)} (${fileText(pair, damage)}).`,
    cure: MISTAKES[kind].cure,
  };
  return { mistake, phrases: [[pair, damagePhrase(kind)]] };
}

/** A damaged range in a tensor that holds no routed expert. */
export function tensorDamage(pair: Pair, damage: ByteDifference): Named {
  const kind = damageKind(damage);
  const message = `${pair.left.name} ${damagePhrase(kind)}: ${damageText(damage)} (${fileText(pair, damage)}).`;
  return { mistake: tensorMistake(kind, pair, message, placeOf(pair, damage)), phrases: [[pair, damagePhrase(kind)]] };
}

export function tensorMistake(
  kind: MistakeKind,
  pair: Pair,
  message: string,
  place: MistakePlace | null = null,
): Mistake {
  const { cure } = MISTAKES[kind];
  const tensor = pair.left.name;
  return {
    kind,
    prefix: null,
    layer: tensorPlace(tensor).layer,
    experts: [],
    projections: [],
    tensor,
    place,
    message,
    cure,
  };
}

function fileText(pair: Pair, damage: ByteDifference): string {
  const { converted } = placeOf(pair, damage);
  return `byte ${converted.byte} of ${converted.file}`;
}

function placeOf({ right, views }: Pair, { first, last }: ByteDifference): MistakePlace {
  const byte = right.start + (views ? byteInTensor(views.right, first) : first);
  return { byte: first, length: last - first + 1, converted: { tensor: right.name, file: right.file, byte } };
}

/** Where a byte of a canonical matrix lies in its tensor. */
function byteInTensor({ base, columns, rowStride, columnStride, dtype }: MatrixView, byte: number): number {
  const bits = bitsOf(dtype);
  if (bits < 8) {
    const perRow = (columns * bits) / 8;
    const row = Math.floor(byte / perRow);
    return ((base + row * rowStride) * bits) / 8 + (byte % perRow);
  }
  const itemBytes = bits / 8;
  const item = Math.floor(byte / itemBytes);
  const element = base + Math.floor(item / columns) * rowStride + (item % columns) * columnStride;
  return element * itemBytes + (byte % itemBytes);
}

/** `[12, 64]`. */
export function shapeText({ shape }: CheckpointTensor): string {
  return `[${shape.join(', ')}]`;
}

/** The reason of a difference: what it is, then what was seen. */
export function withPhrases(phrases: readonly string[], reason: string): string {
  return phrases.length === 0 ? reason : `${joined([...new Set(phrases)])}; ${reason}`;
}

import type { Checkpoint, CheckpointTensor } from '../checkpoint/types.ts';
import { compareText } from '../layouts/bucket.ts';
import { detectLayout } from '../layouts/detect.ts';
import { type TensorPlace, tensorPlace } from '../layouts/tensor-place.ts';
import type { Assumption } from '../layouts/types.ts';
import { refuseUnusable } from '../layouts/usable.ts';
import type { GroupPair, Side } from '../verify/pairs.ts';
import { partialLayers } from '../verify/verify.ts';
import { loneEntry } from './entry.ts';
import { expertEntries, type Seen } from './experts.ts';
import { matchGroups } from './groups.ts';
import { matchByName, memoryName, whole } from './others.ts';
import { matchRoots, rootsOf } from './roots.ts';
import {
  type Correspondence,
  type Entry,
  isDifference,
  type PrefixRule,
  type SideFacts,
  STATUSES,
  type Status,
  type StatusCount,
} from './types.ts';
import { asStored, unpackedSides } from './unpacked.ts';

export interface CorrespondOptions {
  /** Assumptions about each side. A side without a model type gets that of the other side. */
  readonly assume?: { readonly left?: Assumption | undefined; readonly right?: Assumption | undefined } | undefined;
}

/**
 * Matches two checkpoints in any layouts and gives the operations between them. Pure; needs only headers.
 *
 * Experts are matched by layer, number and projection; other tensors by name. Prefixes and the spellings of an
 * architecture are matched by rules for the whole checkpoint. Equal shapes alone never match.
 *
 * @throws LoomError `checkpoint-unusable` for either side; the message starts with the side.
 * @example
 * ```ts
 * import { correspond } from 'moe-loom/compare';
 * import { openCheckpoint } from 'moe-loom/layouts';
 * import { openFolder } from 'moe-loom/node';
 * const left = await openCheckpoint(await openFolder('model'));
 * const right = await openCheckpoint(await openFolder('stacked'));
 * const { equal, entries } = correspond(left, right);
 * console.log(equal, entries.length); // → true 104
 * ```
 */
export function correspond(left: Checkpoint, right: Checkpoint, options: CorrespondOptions = {}): Correspondence {
  refuseUnusable(left, 'Left');
  refuseUnusable(right, 'Right');
  const unpacked = unpackedSides(left, right);
  const { sides, notes } = openSides(unpacked.left.checkpoint, unpacked.right.checkpoint, options);
  const rules = matchRoots(rootsOf(namesOf(sides.left)), rootsOf(namesOf(sides.right)));
  const groups = matchGroups(sides.left, sides.right, rules);
  const seen: Seen = { left: new Set(), right: new Set() };
  const experts = groups.flatMap((pair, at) => expertEntries(pair, at, sides.left, sides.right, seen));
  const open = {
    left: unseen(sides.left.checkpoint, seen.left),
    right: unseen(sides.right.checkpoint, seen.right),
  };
  const others = matchByName(sides.left, sides.right, open, rules);
  const layers = partialLayers(right) ?? partialLayers(left);
  const lost = [
    ...unpacked.left.dropped.map((tensor) => loneEntry(whole(tensor), 'left', null, ACTIVATIONS)),
    ...unpacked.right.dropped.map((tensor) => loneEntry(whole(tensor), 'right', null, ACTIVATIONS)),
  ];
  const entries = inOrder([...others, ...experts, ...lost], rules).map((entry) =>
    outsideOf(asStored(entry, unpacked.left, unpacked.right), layers),
  );
  return {
    left: factsOf({ ...sides.left, checkpoint: left }, entries, 'left'),
    right: factsOf({ ...sides.right, checkpoint: right }, entries, 'right'),
    entries,
    groups,
    prefixes: rules,
    counts: countsOf(entries),
    notes: [...notes, ...expertNotes(groups)],
    layers,
    equal: !entries.some(isDifference),
    unpacked: { left: unpacked.left.packed.size > 0, right: unpacked.right.packed.size > 0 },
  };
}

/** The note for tensors that only a quantised model has. */
const ACTIVATIONS = 'activation scales, which only the quantised side uses';

function openSides(left: Checkpoint, right: Checkpoint, { assume }: CorrespondOptions) {
  const first = {
    left: sideOf(left, assume?.left),
    right: sideOf(right, assume?.right),
  };
  const [a, b] = [first.left.layout.modelType, first.right.layout.modelType];
  if ((a === null) === (b === null)) return { sides: first, notes: [] };
  const blind = a === null ? 'left' : 'right';
  const modelType = a ?? b ?? '';
  const checkpoint = blind === 'left' ? left : right;
  const sides = { ...first, [blind]: sideOf(checkpoint, { ...assume?.[blind], modelType }) };
  const note = `The ${blind} side has no config.json. Its names are read as those of ${modelType}, the model type of the other side.`;
  return { sides, notes: [note] };
}

function sideOf(checkpoint: Checkpoint, assume: Assumption | undefined): Side {
  return { checkpoint, layout: detectLayout(checkpoint, assume ? { assume } : {}) };
}

/** Names without most expert tensors, because one per layer is enough to find roots. */
function namesOf(side: Side): string[] {
  const experts = new Set(side.layout.groups.flatMap((group) => group.expertTensors));
  const rest = [...side.checkpoint.tensors.keys()].filter((name) => !experts.has(name));
  const layers = side.layout.groups.flatMap((group) => group.expertTensors.slice(0, 1));
  return [...rest, ...layers].map((name) => memoryName(name, side));
}

function unseen({ tensors }: Checkpoint, seen: ReadonlySet<string>): CheckpointTensor[] {
  return [...tensors.values()].filter((tensor) => !seen.has(tensor.name));
}

/** The position of an entry: its list of layers, spelled as on the left, and its layer. */
export type Place = Pick<TensorPlace, 'stack' | 'layer'>;

/** The stack and layer of an entry, both sides under one name. */
export function placeOf({ left, right }: Pick<Entry, 'left' | 'right'>, rules: readonly PrefixRule[]): Place {
  const name = left?.tensor.name ?? toLeft(right?.tensor.name ?? '', rules);
  const { stack, layer } = tensorPlace(name);
  return { stack, layer };
}

function toLeft(name: string, rules: readonly PrefixRule[]): string {
  const rule = rules.find((each) => name.startsWith(each.right));
  return rule ? rule.left + name.slice(rule.right.length) : name;
}

/** Sorts entries: tensors outside layers first, then layer by layer, with experts at the end of their layer. */
function inOrder(entries: readonly Entry[], rules: readonly PrefixRule[]): Entry[] {
  const places = new Map<string, { readonly place: Place; readonly entries: Entry[] }>();
  for (const entry of entries) {
    const place = placeOf(entry, rules);
    const key = `${place.stack} ${place.layer}`;
    const home = places.get(key) ?? { place, entries: [] };
    if (home.entries.length === 0) places.set(key, home);
    home.entries.push(entry);
  }
  const sorted = [...places.values()].sort(
    (a, b) => compareText(a.place.stack, b.place.stack) || (a.place.layer ?? -1) - (b.place.layer ?? -1),
  );
  return sorted.flatMap((home) => home.entries);
}

function outsideOf(entry: Entry, layers: readonly number[] | null): Entry {
  if (layers === null || (entry.left && entry.right)) return entry;
  const { layer } = placeOf(entry, []);
  if (layer !== null && layers.includes(layer)) return entry;
  return { ...entry, outside: true, note: 'not in the layers that the partial checkpoint has' };
}

function factsOf({ checkpoint, layout }: Side, entries: readonly Entry[], side: 'left' | 'right'): SideFacts {
  let bytes = 0;
  for (const tensor of checkpoint.tensors.values()) bytes += tensor.end - tensor.start;
  const lone = new Set<string>();
  for (const entry of entries) {
    const piece = entry[side];
    if (!piece || (entry.left && entry.right)) continue;
    lone.add(piece.stored?.codes.name ?? piece.tensor.name);
    if (piece.stored?.scales) lone.add(piece.stored.scales.name);
  }
  return {
    identity: checkpoint.identity,
    modelType: layout.modelType,
    layout: layout.layout,
    tensors: checkpoint.tensors.size,
    bytes,
    paired: checkpoint.tensors.size - lone.size,
  };
}

/** Entries and bytes of each status. */
export function countsOf(entries: readonly Entry[]): Record<Status, StatusCount> {
  const counts = Object.fromEntries(
    STATUSES.map((status) => [status, { entries: 0, leftBytes: 0, rightBytes: 0 }]),
  ) as Record<Status, { entries: number; leftBytes: number; rightBytes: number }>;
  for (const { status, left, right } of entries) {
    const count = counts[status];
    count.entries += 1;
    count.leftBytes += left?.bytes ?? 0;
    count.rightBytes += right?.bytes ?? 0;
  }
  return counts;
}

/** One sentence for all layers whose numbers of experts differ in the same way. */
function expertNotes(groups: readonly GroupPair[]): string[] {
  const unequal = new Map<string, string[]>();
  for (const { left, right } of groups) {
    if (left.experts === right.experts) continue;
    const counts = `${left.experts} experts on the left and ${right.experts} on the right`;
    unequal.set(counts, [...(unequal.get(counts) ?? []), left.prefix]);
  }
  return [...unequal].map(([counts, prefixes]) => {
    const [first] = prefixes;
    const where = prefixes.length === 1 ? `${first} has` : `${prefixes.length} layers (first: ${first}) have`;
    return `${where} ${counts}. Experts are matched by number, so the match is wrong if experts were removed and renumbered.`;
  });
}

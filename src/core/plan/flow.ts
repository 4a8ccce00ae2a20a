import type { Checkpoint } from '../checkpoint/types.ts';
import { type LayerStrip, layerStrip, type StripBox } from '../layouts/drawing/layer-strip.ts';
import { namesOf, type Role } from '../layouts/drawing/role.ts';
import { type Strips, stripsOf } from '../layouts/drawing/strips.ts';
import type { CheckpointLayout, LayerGroup } from '../layouts/types.ts';
import { numbersBytes, partBytes, spansOf } from './parts.ts';
import type { ConversionPlan, OutputTensor, Part, Span } from './types.ts';

/** Bytes of a stored tensor that go into a piece. */
export interface FlowSource extends Span {
  /** What these bytes are of: `gate-up` where gate's and up's numbers alternate inside the run. */
  readonly role: Role;
  readonly part: string | null;
  readonly tensor: string;
}

/** A run of bytes that a plan writes for one expert and projection, and where its values come from. */
export interface FlowPiece {
  /** Null where the plan joined the values of several experts. */
  readonly expert: number | null;
  /** What is written: `gate-up` where gate's and up's numbers alternate inside the run. */
  readonly role: Role;
  readonly part: string | null;
  /** `copy`: the bytes of its one source in their order. Else the numbers are rearranged, unpacked or worked out. */
  readonly kind: Part['kind'];
  readonly sources: readonly FlowSource[];
  /** The tensor and the file that it is written to, from byte 0 of the file. */
  readonly tensor: string;
  readonly file: string;
  readonly start: number;
  readonly end: number;
}

/** What a plan does with the experts of one layer, in the order of the bytes that it writes. */
export interface LayerFlow {
  readonly prefix: string;
  readonly index: number | null;
  readonly experts: number | null;
  readonly pieces: readonly FlowPiece[];
}

/** The layers of one plan, by their place in the layout. */
export interface Flows {
  /** Null for a layer that has no experts, or that the plan does not write. @throws RangeError for a place that is not there. */
  layer(at: number): LayerFlow | null;
}

interface Planned {
  readonly file: string;
  readonly tensor: OutputTensor;
}

/** Every range comes from the plan's parts and shards; the layout only names what lies there. It is the layout of the files as they are. */
export function createFlows(
  plan: Pick<ConversionPlan, 'shards'>,
  checkpoint: Pick<Checkpoint, 'tensors' | 'shards'>,
  layout: Pick<CheckpointLayout, 'groups'>,
): Flows {
  let known: { readonly strips: Strips; readonly byGroup: ReadonlyMap<number, readonly Planned[]> } | null = null;
  return {
    layer: (at) => {
      const group = layout.groups[at];
      if (!group) throw new RangeError(`There is no group ${at}.`);
      if (!known) {
        const strips = stripsOf(checkpoint, layout);
        known = { strips, byGroup: outputsByGroup(plan, strips) };
      }
      const outputs = known.byGroup.get(at) ?? [];
      if (outputs.length === 0) return null;
      const boxes = boxFinder(layerStrip(known.strips, group, at), partsByName(group));
      const pieces = outputs.flatMap((planned) => piecesOf(planned, boxes, group));
      return { prefix: group.prefix, index: group.index, experts: group.experts, pieces };
    },
  };
}

/** Tensors of experts that are written, by the layer that their first byte comes from. */
function outputsByGroup({ shards }: Pick<ConversionPlan, 'shards'>, strips: Strips): Map<number, Planned[]> {
  const byGroup = new Map<number, Planned[]>();
  const files = new Map(strips.files.map((file) => [file.file, file]));
  for (const { file, tensors } of shards) {
    for (const tensor of tensors) {
      const origin = tensor.expert ? originOf(tensor.parts[0]) : undefined;
      const strip = origin && files.get(origin.file);
      if (!strip) continue;
      const at = strips.group[lastUpTo(strips.start, origin.start, strip.from, strip.to)] ?? -1;
      const same = byGroup.get(at);
      if (same) same.push({ file, tensor });
      else byGroup.set(at, [{ file, tensor }]);
    }
  }
  return byGroup;
}

function originOf(part: Part | undefined): Span | undefined {
  if (part?.kind === 'bytes') return part.origin;
  return part && spansOf(part)[0];
}

/** Place of the last number that is not above `value`, between `from` and before `to`. */
function lastUpTo(numbers: Float64Array, value: number, from: number, to: number): number {
  let [low, high] = [from, to];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((numbers[middle] ?? 0) <= value) low = middle;
    else high = middle;
  }
  return low;
}

/** What tensors of one expert each hold of their projection. */
function partsByName({ members, experts }: LayerGroup): ReadonlyMap<string, string> {
  const apart = members.filter(({ template }) => template.includes('{i}'));
  return new Map(apart.flatMap((member) => namesOf(member, experts).map(([, name]) => [name, member.part])));
}

/** The runs of a layer that a span touches. */
type BoxFinder = (span: Span) => readonly StripBox[];

function boxFinder({ files }: LayerStrip, parts: ReadonlyMap<string, string>): BoxFinder {
  const byFile = new Map(
    files.map(({ file, boxes }) => [
      file,
      boxes.map((box) => ({ ...box, part: box.part ?? parts.get(box.name) ?? null })),
    ]),
  );
  return ({ file, start, end }) => {
    const boxes = byFile.get(file) ?? [];
    let [low, high] = [0, boxes.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((boxes[middle]?.end ?? 0) <= start) low = middle + 1;
      else high = middle;
    }
    const found: StripBox[] = [];
    for (let at = low; at < boxes.length; at += 1) {
      const box = boxes[at];
      if (!box || box.start >= end) break;
      found.push(box);
    }
    return found;
  };
}

function piecesOf({ file, tensor }: Planned, boxes: BoxFinder, group: LayerGroup): FlowPiece[] {
  let start = tensor.start as number;
  return tensor.parts.flatMap((part): FlowPiece[] => {
    const end = start + partBytes(part);
    const place = { kind: part.kind, tensor: tensor.name, file };
    const pieces =
      part.kind === 'copy'
        ? copiedPieces(part.span, boxes, start).map((piece) => ({ ...place, ...piece }))
        : [{ ...place, start, end, ...madePiece(part, boxes, group) }];
    start = end;
    return pieces;
  });
}

/** A copy may bring several experts along: one piece for each run that it touches. */
function copiedPieces(span: Span, boxes: BoxFinder, start: number): Omit<FlowPiece, 'kind' | 'tensor' | 'file'>[] {
  return boxes(span).map((box) => {
    const source = clipped(box, span);
    const from = start + source.start - span.start;
    return {
      expert: box.expert,
      role: box.role,
      part: box.part,
      sources: [source],
      start: from,
      end: from + source.end - source.start,
    };
  });
}

function clipped({ role, part, name, start, end }: StripBox, span: Span): FlowSource {
  const within = { start: Math.max(start, span.start), end: Math.min(end, span.end) };
  return { role, part, tensor: name, file: span.file, ...within } as FlowSource;
}

type Made = Pick<FlowPiece, 'expert' | 'role' | 'part' | 'sources'>;

function madePiece(part: Exclude<Part, { kind: 'copy' }>, boxes: BoxFinder, group: LayerGroup): Made {
  const spans = part.kind === 'bytes' ? [part.origin] : part.spans;
  const found = spans.map((span) => ({ span, boxes: boxes(span) }));
  const sources = found.flatMap(({ span, boxes: touched }) => touched.map((box) => clipped(box, span)));
  const box = found[0] && fullest(found[0].span, found[0].boxes);
  if (part.kind === 'bytes') {
    // Such values are one for gate and up, and of all experts that follow each other.
    return { expert: null, role: box?.role === 'down' ? 'down' : 'gate-up', part: box?.part ?? null, sources };
  }
  const role = box ? madeRole(part, { box, sources }, group) : 'other';
  return { expert: box?.expert ?? null, role, part: box?.part ?? null, sources };
}

function fullest(span: Span, boxes: readonly StripBox[]): StripBox | undefined {
  const shared = (box: StripBox) => Math.min(box.end, span.end) - Math.max(box.start, span.start);
  return boxes.reduce<StripBox | undefined>(
    (best, box) => (best && shared(best) >= shared(box) ? best : box),
    undefined,
  );
}

interface From {
  readonly box: StripBox;
  readonly sources: readonly FlowSource[];
}

function madeRole(
  part: Exclude<Part, { kind: 'copy' | 'bytes' }>,
  { box, sources }: From,
  { fusion }: Pick<LayerGroup, 'fusion'>,
): Role {
  const roles = new Set(sources.map(({ role }) => role));
  if (!takesPart(part, sources)) return roles.size > 1 ? 'gate-up' : box.role;
  if (box.role !== 'gate-up') return box.role;
  const leads = part.spans[0]?.start === box.start && (baseOf(part) ?? 0) === 0;
  return leads === (fusion !== 'up-first') ? 'gate' : 'up';
}

function baseOf(part: Exclude<Part, { kind: 'copy' | 'bytes' }>): number | undefined {
  return part.kind === 'gather' ? part.bases[0] : part.gather?.bases[0];
}

/** True where a part writes fewer numbers than the runs hold that it reads: gate or up out of both. */
function takesPart(part: Exclude<Part, { kind: 'copy' | 'bytes' }>, sources: readonly FlowSource[]): boolean {
  if (part.kind === 'dequantise')
    return partBytes(part) < part.packed.reduce((sum, rows) => sum + numbersBytes(rows), 0);
  return partBytes(part) < sources.reduce((sum, { start, end }) => sum + end - start, 0);
}

import type { LayerGroup, Projection } from '../types.ts';
import { type Band, type GlyphTensor, stackedTensors } from './glyph.ts';
import { ROLES, type Role } from './role.ts';
import { type FileStrip, type Hole, holesOf, type Strips } from './strips.ts';

/** A run of bytes in a file that is one thing's. */
export interface StripBox {
  readonly name: string;
  /** `gate-up` where gate's and up's numbers alternate inside the run. */
  readonly role: Role;
  /** What of the projection; null outside experts. */
  readonly part: string | null;
  readonly expert: number | null;
  /** From byte 0 of the file, half-open. */
  readonly start: number;
  readonly end: number;
}

/** What of one file is a layer's. */
export interface LayerStripFile {
  readonly file: string;
  readonly byteLength: number;
  /** From the layer's first to its last byte in the file, half-open. */
  readonly start: number;
  readonly end: number;
  readonly boxes: readonly StripBox[];
  /** Runs between them that are other layers' tensors, and how many. */
  readonly others: readonly (Hole & { readonly tensors: number })[];
  /** Runs between them that no tensor has. */
  readonly holes: readonly Hole[];
}

/** Where the bytes of one layer lie, in the order of files and offsets. */
export interface LayerStrip {
  readonly prefix: string;
  readonly index: number | null;
  readonly bytes: number;
  readonly files: readonly LayerStripFile[];
}

/** The geometry of a layer in its files, by its group and the group's place in the layout: stacked tensors are taken apart into one run an expert and projection. */
export function layerStrip(strips: Strips, group: LayerGroup, at: number): LayerStrip {
  const stacked = new Map(stackedTensors(group).map((each) => [each.template, each]));
  const places = placesOf(strips).get(at) ?? [];
  const files = strips.files.flatMap((file): LayerStripFile[] => {
    const own = places.filter((tensor) => tensor >= file.from && tensor < file.to);
    return own.length === 0 ? [] : [fileOf(strips, file, own, stacked)];
  });
  const bytes = files.reduce(
    (sum, { boxes }) => sum + boxes.reduce((part, { start, end }) => part + end - start, 0),
    0,
  );
  return { prefix: group.prefix, index: group.index, bytes, files };
}

const known = new WeakMap<Strips, ReadonlyMap<number, readonly number[]>>();

/** Places of the tensors of each group, in their order: gone through once, however many layers are drawn. */
function placesOf(strips: Strips): ReadonlyMap<number, readonly number[]> {
  const before = known.get(strips);
  if (before) return before;
  const places = new Map<number, number[]>();
  strips.group.forEach((group, at) => {
    const own = places.get(group);
    if (own) own.push(at);
    else places.set(group, [at]);
  });
  known.set(strips, places);
  return places;
}

type Stacked = ReadonlyMap<string, GlyphTensor>;

function fileOf(strips: Strips, file: FileStrip, own: readonly number[], stacked: Stacked): LayerStripFile {
  const first = own[0] ?? 0;
  const start = strips.start[first] ?? 0;
  const end = own.reduce((last, tensor) => Math.max(last, strips.end[tensor] ?? 0), 0);
  const boxes = own.flatMap((tensor) => boxesOf(strips, tensor, stacked));
  const others = own.flatMap((tensor, at) => {
    const next = own[at + 1];
    if (next === undefined || next === tensor + 1) return [];
    return [{ start: strips.start[tensor + 1] ?? 0, end: strips.end[next - 1] ?? 0, tensors: next - tensor - 1 }];
  });
  const holes = holesOf(strips, file).filter((hole) => hole.start >= start && hole.end <= end);
  return { file: file.file, byteLength: file.byteLength, start, end, boxes, others, holes };
}

function boxesOf(strips: Strips, tensor: number, stacked: Stacked): StripBox[] {
  const name = strips.names[tensor] ?? '';
  const [start, end] = [strips.start[tensor] ?? 0, strips.end[tensor] ?? 0];
  const role = ROLES[strips.role[tensor] ?? 0] ?? 'other';
  const expert = strips.expert[tensor] ?? -1;
  const kind = stacked.get(name);
  const experts = strips.cut[tensor] ?? 0;
  const each = (end - start) / experts;
  if (!kind || experts === 0)
    return [
      {
        name,
        role,
        part: strips.parts[strips.part[tensor] ?? 0] ?? null,
        expert: expert === -1 ? null : expert,
        start,
        end,
      },
    ];
  return Array.from({ length: experts }, (_, number) =>
    halvesOf(kind, each).map(([part, from, to]) => ({
      name,
      role: part,
      part: kind.part,
      expert: number,
      start: start + number * each + from,
      end: start + number * each + to,
    })),
  ).flat();
}

/** One expert's bytes as runs of gate and of up where they are whole runs, else as one. */
function halvesOf({ bands, projection }: GlyphTensor, bytes: number): readonly (readonly [Role, number, number])[] {
  const whole = bands.every(({ along, every }) => along === 'rows' && every === null);
  if (bands.length < 2 || !whole || !Number.isInteger(bytes / 2)) return [[projection, 0, bytes]];
  return bands.map(({ projection: half, from, to }: Band): readonly [Projection, number, number] => [
    half,
    from * bytes,
    to * bytes,
  ]);
}

import type { Checkpoint } from '../checkpoint/types.ts';
import { detectLayout } from '../layouts/detect.ts';
import { layoutId } from '../layouts/dialects.ts';
import { nameLayers, stackNames, stackOf } from '../layouts/layer-names.ts';
import type { Assumption, CheckpointLayout, LayerGroup, MatrixView } from '../layouts/types.ts';
import { matrixView } from '../layouts/view.ts';
import { isFloatType } from '../safetensors/dtype.ts';
import type { ExpertViews } from './channel-norms.ts';

/** One way to read the layers of a question. */
export interface Candidate {
  /** What `--assume` takes; null for a way that no assumption reads. */
  readonly id: string | null;
  readonly assume: Assumption | null;
  /** What it says, for a sentence. */
  readonly says: string;
  readonly viewsOf: (expert: number) => ExpertViews | null;
}

/** Layers that can be read in the same ways, and the one that is looked at. */
export interface Question {
  readonly layers: string;
  readonly prefix: string;
  readonly experts: number;
  /** Ways that pair the same channels stand together: norms do not tell them apart. */
  readonly ways: readonly (readonly Candidate[])[];
}

type Readable = Pick<Checkpoint, 'tensors' | 'config'>;

/** What is open in a layout and might show in values: names that fit several layouts, and square matrices. */
export function openQuestions(checkpoint: Readable, layout: CheckpointLayout): Question[] {
  const names = stackNames(layout.groups);
  const alike = new Map<string, LayerGroup[]>();
  for (const group of layout.groups) {
    const asked = assumptionsFor(group).map(({ id }) => id);
    if (group.kind !== 'moe' || asked.length === 0) continue;
    const key = `${stackOf(group)} ${asked.join()}`;
    alike.set(key, [...(alike.get(key) ?? []), group]);
  }
  return [...alike.values()].flatMap((groups): Question[] => {
    const group = groups[Math.floor(groups.length / 2)];
    if (!group) return [];
    const read = assumptionsFor(group).map((each) => readAs(checkpoint, layout, group, each));
    const candidates = read.flatMap((each) => each?.candidates ?? []);
    const experts = Math.max(0, ...read.map((each) => each?.experts ?? 0));
    const layers = nameLayers(groups, names.get(stackOf(group)) ?? null);
    return [{ layers, prefix: group.prefix, experts, ways: waysOf(candidates) }];
  });
}

interface Assumed {
  readonly id: string;
  readonly assume: Assumption;
  readonly says: string;
}

function assumptionsFor({ defects, orientation }: LayerGroup): Assumed[] {
  const readings = defects.flatMap((defect) => defect.readings ?? []);
  if (readings.length > 0)
    return readings.map(({ layout, by }) => ({ id: layoutId(layout), assume: { layout }, says: by }));
  if (orientation !== 'ambiguous') return [];
  return [
    { id: 'out-in', assume: { orientation: 'out-in' }, says: 'rows are outputs' },
    { id: 'in-out', assume: { orientation: 'in-out' }, says: 'rows are inputs' },
  ];
}

/** A layer as an assumption reads it, and with a square matrix turned; null where it cannot be read so. */
function readAs(
  checkpoint: Readable,
  { modelType }: CheckpointLayout,
  group: LayerGroup,
  { id, assume, says }: Assumed,
) {
  const wanted = new Set([...group.expertTensors, ...group.router]);
  const tensors = new Map([...checkpoint.tensors].filter(([name]) => wanted.has(name)));
  const known = modelType === null ? assume : { modelType, ...assume };
  const { groups } = detectLayout({ tensors, config: checkpoint.config }, { assume: known });
  const read = groups.find(({ prefix, orientation }) => prefix === group.prefix && orientation !== 'ambiguous');
  if (!read || read.experts === null) return null;
  const viewsOf = (expert: number) => viewsIn(read, expert);
  const views = viewsOf(0);
  if (!views) return null;
  const candidates: Candidate[] = [{ id, assume, says, viewsOf }];
  if (group.orientation === 'ambiguous') candidates.push(...turnedAlone(id, views, viewsOf, tensors));
  return { experts: read.experts, candidates };
}

function viewsIn(group: LayerGroup, expert: number): ExpertViews | null {
  const [gate, up, down] = (['gate', 'up', 'down'] as const).map((each) => matrixView(group, each, expert));
  if (!gate || !up || !down || [gate, up, down].some(({ dtype }) => !isFloatType(dtype))) return null;
  return { gate, up, down };
}

/** The ways in which one square tensor lies otherwise than the other tensor: transformers has turned one without the other. */
function turnedAlone(
  id: string,
  { gate, down }: ExpertViews,
  viewsOf: Candidate['viewsOf'],
  tensors: Checkpoint['tensors'],
): Candidate[] {
  const other = id === 'out-in' ? 'in-out' : 'out-in';
  const make = (says: string, turn: (views: ExpertViews) => ExpertViews): Candidate => ({
    id: null,
    assume: null,
    says,
    viewsOf: (expert) => {
      const views = viewsOf(expert);
      return views && turn(views);
    },
  });
  const width = (view: MatrixView) => tensors.get(view.tensor)?.shape.at(-1) ?? 0;
  const square = (view: MatrixView, matrices: number) => view.rows * view.columns * matrices === width(view) ** 2;
  const joint = gate.tensor === down.tensor ? 0 : 2;
  return [
    ...(square(gate, joint)
      ? [
          make(`gate and up ${other}, down ${id}`, ({ gate: g, up, down: d }) => ({
            gate: turnView(g, width(g)),
            up: turnView(up, width(up)),
            down: d,
          })),
        ]
      : []),
    ...(square(down, 1)
      ? [
          make(`gate and up ${id}, down ${other}`, (views) => ({
            ...views,
            down: turnView(views.down, width(views.down)),
          })),
        ]
      : []),
  ];
}

/** The same place in a square matrix of this width with its dims exchanged. */
function turnView(view: MatrixView, width: number): MatrixView {
  const size = width * width;
  const start = Math.floor(view.base / size) * size;
  const inner = view.base - start;
  const base = start + (inner % width) * width + Math.floor(inner / width);
  const turn = (stride: number) => (stride % width === 0 ? stride / width : stride * width);
  return { ...view, base, rowStride: turn(view.rowStride), columnStride: turn(view.columnStride) };
}

function waysOf(candidates: readonly Candidate[]): Candidate[][] {
  const ways = new Map<string, Candidate[]>();
  for (const candidate of candidates) {
    const views = candidate.viewsOf(0);
    if (!views) continue;
    const place = ({ base, rowStride, columnStride }: MatrixView) => `${base}/${rowStride}/${columnStride}`;
    const key = `${[place(views.gate), place(views.up)].sort().join()} ${place(views.down)}`;
    ways.set(key, [...(ways.get(key) ?? []), candidate]);
  }
  return [...ways.values()];
}

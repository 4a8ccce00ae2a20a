import { type Band, CELL, type ExpertMap, type MapRow, NO_DTYPE, NO_SHARD, type Projection } from '../../core/index.ts';
import type { Inks } from './paint/inks.ts';

/** The whole of a matrix, rows of it, columns of it, or every second of them. */
export function bandOf(projection: Projection, more: Partial<Band> = {}): Band {
  return { projection, along: 'rows', from: 0, to: 1, every: null, ...more };
}

/** Bands of the layouts that there are. */
export const BANDS = {
  three: [[bandOf('gate')], [bandOf('up')], [bandOf('down')]],
  joint: [[bandOf('gate', { to: 0.5 }), bandOf('up', { from: 0.5 })], [bandOf('down')]],
  turned: [
    [bandOf('gate', { along: 'columns', to: 0.5 }), bandOf('up', { along: 'columns', from: 0.5 })],
    [bandOf('down', { along: 'columns' })],
  ],
  interleaved: [[bandOf('gate', { every: 'first' }), bandOf('up', { every: 'second' })], [bandOf('down')]],
  interleavedTurned: [
    [bandOf('gate', { along: 'columns', every: 'first' }), bandOf('up', { along: 'columns', every: 'second' })],
    [bandOf('down', { along: 'columns' })],
  ],
} as const;

/** One row of a map, a MoE layer of as many experts as said. */
export function rowOf(index: number | null, experts: number | null, more: Partial<MapRow> = {}): MapRow {
  return {
    group: index ?? 0,
    prefix: `model.layers.${index}.mlp`,
    index,
    kind: experts === null ? 'dense' : 'moe',
    family: experts === null ? null : 'per-expert',
    dialect: experts === null ? null : 'projections',
    experts,
    stacked: false,
    bands: experts === null ? [] : BANDS.three,
    shared: 0,
    router: 1,
    attention: 0,
    bytes: 0,
    defects: [],
    ...more,
  };
}

/** A map of rows, every expert present in the first of two shards unless `state` says otherwise. */
export function mapOf(rows: readonly MapRow[], state: Readonly<Record<number, number>> = {}): ExpertMap {
  const columns = Math.max(0, ...rows.map(({ experts }) => experts ?? 0));
  const cells = rows.length * columns;
  const isThere = (cell: number) => cell % columns < (rows[Math.floor(cell / columns)]?.experts ?? 0);
  const states = Uint8Array.from({ length: cells }, (_, cell) => state[cell] ?? (isThere(cell) ? CELL.present : 0));
  const isHeld = (cell: number) => states[cell] === CELL.present;
  const held = () => Uint16Array.from(states, (_, cell) => (isHeld(cell) ? 0 : NO_SHARD));
  return {
    rows,
    columns,
    state: states,
    files: { gate: held(), up: held(), down: held(), besides: new Uint16Array(cells).fill(NO_SHARD) },
    bytes: Float64Array.from(states, (_, cell) => (isHeld(cell) ? 1500 : 0)),
    dtype: Uint8Array.from(states, (_, cell) => (isHeld(cell) ? 0 : NO_DTYPE)),
    shards: ['a.safetensors', 'b.safetensors'],
    dtypes: ['BF16'],
    defects: 0,
  };
}

/** Inks that are their own names. */
export const INKS: Inks = {
  surface: 'surface',
  text: 'text',
  quiet: 'quiet',
  line: 'line',
  accent: 'accent',
  accentSoft: 'accentSoft',
  danger: 'danger',
  pending: 'pending',
  hatch: 'hatch',
  lane: 'lane',
  mono: 'mono',
  mark: 'mark',
  markEdge: 'markEdge',
  dangerSoft: 'dangerSoft',
  gate: 'gate',
  up: 'up',
  down: 'down',
  router: 'router',
  shared: 'shared',
  attention: 'attention',
};

/** One call of a drawing context, with the ink that it used. */
export interface Stroke {
  readonly call: string;
  readonly ink: unknown;
  readonly values: readonly unknown[];
}

/** A drawing context that paints nothing and remembers what it was told. */
export function recorder(): { readonly context: CanvasRenderingContext2D; readonly strokes: Stroke[] } {
  const strokes: Stroke[] = [];
  const state: Record<string, unknown> = {};
  const context = new Proxy(state, {
    get: (_, name: string) =>
      name in state
        ? state[name]
        : (...values: unknown[]) => {
            const ink = name.startsWith('stroke') ? state.strokeStyle : state.fillStyle;
            strokes.push({ call: name, ink, values });
          },
  });
  return { context: context as unknown as CanvasRenderingContext2D, strokes };
}

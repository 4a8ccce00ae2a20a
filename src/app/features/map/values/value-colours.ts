import type { ExpertMap } from '../../../../core/index.ts';
import { mixed, packed, RAMP } from '../../../grid/paint/palette.ts';
import type { LegendItem } from '../colours.ts';
import {
  formatStatistic,
  type Layer,
  type Measured,
  type ProjectionId,
  STATISTICS,
  type StatisticId,
  statisticsAt,
} from './statistics.ts';

/** Blue, pale, orange: apart with every kind of colour blindness, lightest where the value is zero. */
const SIGNED = ['#08519c', '#4292c6', '#9ecae1', '#f2f0eb', '#fdae6b', '#e6550d', '#a63603'] as const;
/** The colour of values outside of a scale. */
const NEUTRAL = '#8b8b8b';
const STEPS = 256;
/** From so many cells on, the outermost hundredth on each side shares the end's colour: one outlier would wash out the rest. */
const ROBUST_FROM = 100;
const TAIL = 0.01;

/** One value a cell, NaN where nothing is measured. */
export function valuesOf(
  map: ExpertMap,
  measured: Measured,
  id: StatisticId,
  projection: ProjectionId | null,
): Float64Array {
  const values = new Float64Array(map.rows.length * map.columns).fill(Number.NaN);
  for (const [row, { prefix, experts }] of map.rows.entries()) {
    const layer = measured.get(prefix);
    if (!layer) continue;
    const known = layerValues(layer, id, projection, Math.min(experts ?? 0, map.columns));
    values.set(known, row * map.columns);
  }
  return values;
}

/** Layers that are whole do not change: while others are measured, their values are not worked out again. */
const layers = new WeakMap<readonly unknown[], Map<string, Float64Array>>();

function layerValues(layer: Layer, id: StatisticId, projection: ProjectionId | null, experts: number): Float64Array {
  const cache = layers.get(layer) ?? new Map<string, Float64Array>();
  layers.set(layer, cache);
  const key = `${id} ${projection} ${experts}`;
  const known = cache.get(key);
  if (known) return known;
  const values = Float64Array.from({ length: experts }, (_, expert) => {
    const statistics = statisticsAt(new Map([['', layer]]), '', expert, projection);
    return statistics ? STATISTICS[id].of(statistics) : Number.NaN;
  });
  cache.set(key, values);
  return values;
}

/** Maps values to colours, with the texts of the legend. */
export interface ColourScale {
  /** A place from 0 to 1 on the ramp, null for what lies outside of it. */
  readonly place: (value: number) => number | null;
  readonly colours: readonly string[];
  readonly least: string;
  readonly most: string;
  readonly items: readonly LegendItem[];
  readonly note: string;
}

/** The scale that fits the values; null when there are none. */
export function scaleOf(values: Float64Array, id: StatisticId): ColourScale | null {
  const known = values.filter((value) => !Number.isNaN(value)).sort();
  if (known.length === 0) return null;
  const { scale, about } = STATISTICS[id];
  const text = (value: number) => formatStatistic(id, value);
  if (scale === 'signed') {
    const bound = ends(known.map(Math.abs).sort())[1];
    const place = (value: number) => (bound === 0 ? 0.5 : clamp((value / bound + 1) / 2));
    return { place, colours: SIGNED, least: text(-bound), most: text(bound), items: [], note: about };
  }
  const outside = scale === 'share' ? [] : known.filter((value) => value <= 0);
  const [least, most] = scale === 'share' ? [0, ends(known)[1]] : ends(known.subarray(outside.length));
  const logarithmic = scale !== 'share';
  const note = logarithmic && most > least ? `${about}, logarithmic` : about;
  const items = outside.length > 0 ? [{ colour: NEUTRAL, text: text(0) }] : [];
  const place = logarithmic
    ? (value: number) => (value > 0 ? clamp(portion(Math.log2(value), Math.log2(least), Math.log2(most))) : null)
    : (value: number) => clamp(portion(value, least, most));
  return { place, colours: RAMP, least: text(least), most: text(most), items, note };
}

/** Ends of a sorted list, without its outermost hundredth where it is long. */
function ends(sorted: Float64Array): [number, number] {
  const cut = sorted.length >= ROBUST_FROM ? Math.floor(sorted.length * TAIL) : 0;
  return [sorted[cut] ?? 0, sorted[sorted.length - 1 - cut] ?? 0];
}

function portion(value: number, least: number, most: number): number {
  return most === least ? 0.5 : (value - least) / (most - least);
}

const clamp = (share: number) => Math.min(1, Math.max(0, share));

/** One RGBA pixel a cell; cells that are not measured stay clear. */
export function valuePixels(values: Float64Array, scale: ColourScale | null): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint32Array(values.length);
  if (!scale) return new Uint8ClampedArray(pixels.buffer);
  const colours = Array.from({ length: STEPS }, (_, step) => packed(mixed(scale.colours, step / (STEPS - 1))));
  const neutral = packed(NEUTRAL);
  for (const [cell, value] of values.entries()) {
    if (Number.isNaN(value)) continue;
    const place = scale.place(value);
    pixels[cell] = place === null ? neutral : (colours[Math.round(place * (STEPS - 1))] ?? neutral);
  }
  return new Uint8ClampedArray(pixels.buffer);
}

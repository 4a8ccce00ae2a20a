import type { Family, MapRow } from '../../../core/index.ts';
import { mixed, packed } from './palette.ts';

/**
 * One colour for each family of layouts, 3 to 1 from both grounds. All are muted, so that none is taken for a difference
 * or for gate, up or down. The legend names each, and rows also differ by their lines.
 */
const COLOURS: Readonly<Record<Family, string>> = {
  'per-expert': '#5b7796',
  stacked: '#8f5e33',
  'gate-up': '#879a3d',
  'gate-up-transposed': '#5f8f88',
  'gate-up-interleaved': '#a0677a',
  flat: '#6b7684',
  unknown: '#868686',
};

/** Every family that has a colour. */
export const FAMILIES = Object.keys(COLOURS) as readonly Family[];

/** The colour of a layer's layout. */
export function layoutColour({ family }: Pick<MapRow, 'family'>): string {
  return COLOURS[family ?? 'unknown'];
}

/** One expert's pixel: where experts are tensors of their own every second one is lighter, so that they stand apart. */
export function layoutPixel(row: Pick<MapRow, 'family' | 'stacked'>, expert: number): number {
  const colour = layoutColour(row);
  return packed(row.stacked || expert % 2 === 0 ? colour : mixed([colour, '#ffffff'], 0.35));
}

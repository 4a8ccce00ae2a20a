import type { Family, MapRow } from '../../../../core/index.ts';
import { mixed, packed } from '../../../grid/paint/palette.ts';

/** One colour for each family of layouts; none is used for a difference. The legend names each, and rows also differ by their lines. */
const COLOURS: Readonly<Record<Family, string>> = {
  'per-expert': '#2f6fb5',
  stacked: '#1f8f6e',
  'gate-up': '#7d8f2a',
  'gate-up-transposed': '#4f8f96',
  'gate-up-interleaved': '#8a6a4a',
  flat: '#6b7684',
  unknown: '#9a9a9a',
};

/** The colour of a layer's layout. */
export function layoutColour({ family }: Pick<MapRow, 'family'>): string {
  return COLOURS[family ?? 'unknown'];
}

/** One expert's pixel: where experts are tensors of their own every second one is lighter, so that they stand apart. */
export function layoutPixel(row: Pick<MapRow, 'family' | 'stacked'>, expert: number): number {
  const colour = layoutColour(row);
  return packed(row.stacked || expert % 2 === 0 ? colour : mixed([colour, '#ffffff'], 0.35));
}

import type { PlacedPicture } from '../../../workers/ranks/protocol.ts';
import { TEN } from '../grid/paint/palette.ts';

/** Ranks that share a node: what clusters are usually built of. */
export const NODE_RANKS = 8;

type Rgb = readonly [number, number, number];

/** A colour written as `#rrggbb`. */
export function rgbOf(hex: string): Rgb {
  const value = Number.parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/** Between white (1) and nearly black (−1), the hue itself at 0. */
function shade([red, green, blue]: Rgb, by: number): Rgb {
  const towards = by > 0 ? 255 : 16;
  const mix = (channel: number) => Math.round(channel + (towards - channel) * Math.abs(by));
  return [mix(red), mix(green), mix(blue)];
}

/** One rank's colour: nodes by hue, ranks of a node by shade; a hue each where there is one node alone. */
export function rankRgb(rank: number, world: number): Rgb {
  if (world <= NODE_RANKS) return rgbOf(TEN[rank % TEN.length] ?? '#808080');
  const hue = rgbOf(TEN[Math.floor(rank / NODE_RANKS) % (TEN.length - 1)] ?? '#808080');
  return shade(hue, 0.56 - ((rank % NODE_RANKS) / (NODE_RANKS - 1)) * 1.0);
}

/** The same as text. */
export function rankColour(rank: number, world: number): string {
  return `#${rankRgb(rank, world)
    .map((channel) => channel.toString(16).padStart(2, '0'))
    .join('')}`;
}

/** The rank whose colour a cell has, −1 where there is no expert. */
export function rankOfCell({ holders, width }: PlacedPicture, row: number, expert: number): number {
  return holders[row * width + expert] ?? -1;
}

/** One RGBA pixel a cell. A plain loop: it runs before it is compiled. */
export function pixelsOf({ holders, mesh }: Pick<PlacedPicture, 'holders' | 'mesh'>): Uint8ClampedArray<ArrayBuffer> {
  const colours: Rgb[] = [];
  const pixels = new Uint8ClampedArray(holders.length * 4);
  for (let cell = 0; cell < holders.length; cell++) {
    const rank = holders[cell] ?? -1;
    if (rank < 0) continue;
    const colour = colours[rank] ?? rankRgb(rank, mesh.world);
    colours[rank] = colour;
    const at = cell * 4;
    pixels[at] = colour[0];
    pixels[at + 1] = colour[1];
    pixels[at + 2] = colour[2];
    pixels[at + 3] = 255;
  }
  return pixels;
}

/** The cells of one rank as far as the picture alone knows them: redundant copies come with its detail. */
export function cellsOfRank({ holders, twins }: PlacedPicture, rank: number): Uint8Array {
  const first = twins[rank];
  return Uint8Array.from(holders, (holder) => (holder === first ? 1 : 0));
}

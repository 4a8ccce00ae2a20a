import type { PlacedPicture } from '../../../../workers/ranks-protocol.ts';
import { TEN } from '../map/colours.ts';

/** Ranks that share a node: what clusters are usually built of. */
export const NODE_RANKS = 8;

type Rgb = readonly [number, number, number];

function rgbOf(hex: string): Rgb {
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

/** The first rank of every expert-parallel coordinate and stage: whose colour a cell has. */
export function firstRanks({ ep, rankEp, rankStage, stages }: PlacedPicture): Int32Array {
  const first = new Int32Array(ep * Math.max(1, stages.length)).fill(-1);
  for (let rank = rankEp.length - 1; rank >= 0; rank--) first[(rankStage[rank] ?? 0) * ep + (rankEp[rank] ?? 0)] = rank;
  return first;
}

/** The rank whose colour a cell has, −1 where there is no expert. */
export function rankOfCell(placed: PlacedPicture, first: Int32Array, row: number, expert: number): number {
  const owner = placed.owners[row * placed.width + expert] ?? -1;
  return owner < 0 ? -1 : (first[(placed.rows[row]?.stage ?? 0) * placed.ep + owner] ?? -1);
}

/** One RGBA pixel a cell. */
export function pixelsOf(placed: PlacedPicture): Uint8ClampedArray<ArrayBuffer> {
  const first = firstRanks(placed);
  const colours = Array.from(first, (rank) => rankRgb(Math.max(0, rank), placed.mesh.world));
  const pixels = new Uint8ClampedArray(placed.owners.length * 4);
  for (const [row, { stage }] of placed.rows.entries()) {
    for (let expert = 0; expert < placed.width; expert++) {
      const at = row * placed.width + expert;
      const owner = placed.owners[at] ?? -1;
      const colour = owner < 0 ? undefined : colours[stage * placed.ep + owner];
      if (!colour) continue;
      pixels.set(colour, at * 4);
      pixels[at * 4 + 3] = 255;
    }
  }
  return pixels;
}

/** The cells of one rank as far as the picture alone knows them: redundant copies come with its detail. */
export function cellsOfRank(placed: PlacedPicture, rank: number): Uint8Array {
  const cells = new Uint8Array(placed.owners.length);
  const [ep, stage] = [placed.rankEp[rank], placed.rankStage[rank]];
  for (const [row, facts] of placed.rows.entries()) {
    if (facts.stage !== stage) continue;
    for (let at = row * placed.width; at < (row + 1) * placed.width; at++) if (placed.owners[at] === ep) cells[at] = 1;
  }
  return cells;
}

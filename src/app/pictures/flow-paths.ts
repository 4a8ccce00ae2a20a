import { type FlowMove, type Ink, moveAt } from '../../core/index.ts';

/** The inks that a flow's pieces are ever painted with: those on their way, and those that have arrived. */
export function inksOf(moves: readonly FlowMove[]): readonly Ink[] {
  return [...new Set(moves.flatMap(({ ink, landed }) => [ink, landed]))];
}

/** All pieces at a time from 0 to 1 as one path an ink: a frame sets a few attributes, however many experts there are. */
export function pathsAt(moves: readonly FlowMove[], t: number): ReadonlyMap<Ink, string> {
  const paths = new Map<Ink, string>();
  for (const move of moves) {
    const rect = moveAt(move, t);
    if (!rect) continue;
    const ink = rect === move.to ? move.landed : move.ink;
    const [width, height] = [short(rect.width), short(rect.height)];
    const box = `M${short(rect.x)} ${short(rect.y)}h${width}v${height}h-${width}z`;
    paths.set(ink, (paths.get(ink) ?? '') + box);
  }
  return paths;
}

function short(value: number): number {
  return Math.round(value * 100) / 100;
}

/** How many pieces have arrived at a time. */
export function arrivedAt(moves: readonly FlowMove[], t: number): number {
  return moves.reduce((count, { ends }) => (t >= Math.min(1, ends) ? count + 1 : count), 0);
}

/** The time at which the next piece, or the one before, has just arrived. */
export function stepFrom(moves: readonly FlowMove[], t: number, by: 1 | -1): number {
  const ends = [...new Set(moves.map((move) => Math.min(1, move.ends)))];
  if (by === 1) return ends.find((end) => end > t + 1e-6) ?? 1;
  return ends.findLast((end) => end < t - 1e-6) ?? 0;
}

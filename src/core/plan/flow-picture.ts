import type { Mark, Picture } from '../layouts/drawing/picture.ts';
import type { FlowMove, FlowScene, Rect } from './flow-scene.ts';

/** Experts whose way is drawn as a line in the still picture. */
const LINED = 3;

/** Where a piece is at a time from 0 to 1; null before it sets out. */
export function moveAt({ from, to, starts, ends }: FlowMove, t: number): Rect | null {
  if (t >= ends) return to;
  if (t <= starts) return null;
  const part = (t - starts) / (ends - starts);
  const eased = part * part * (3 - 2 * part);
  const between = (a: number, b: number) => a + (b - a) * eased;
  return {
    x: between(from.x, to.x),
    y: between(from.y, to.y),
    width: between(from.width, to.width),
    height: between(from.height, to.height),
  };
}

/** A layer's flow at a time from 0, when nothing is written, to 1, when everything is. */
export function flowPicture(scene: FlowScene, t: number): Picture {
  return pictureOf(
    scene,
    scene.moves.flatMap((move) => markOf(move, moveAt(move, Math.min(1, Math.max(0, t))))),
  );
}

/** What is stored above and what is written below, with the ways of a few experts as lines between them. */
export function flowStill(scene: FlowScene): Picture {
  const placed = scene.moves.flatMap((move) => markOf(move, move.to));
  return pictureOf(scene, [...placed, ...flowLines(scene)]);
}

/** The ways of the first expert, the last, and one between them. */
export function flowLines({ moves }: Pick<FlowScene, 'moves'>): Mark[] {
  const experts = [...new Set(moves.flatMap(({ expert }) => expert ?? []))].sort((a, b) => a - b);
  const at = Array.from({ length: LINED }, (_, place) => Math.round((place / (LINED - 1)) * (experts.length - 1)));
  const shown = new Set(at.map((place) => experts[place]));
  const bottom = Math.max(...moves.map(({ from }) => from.y + from.height));
  const top = Math.min(...moves.map(({ to }) => to.y));
  return moves
    .filter(({ expert, ink }) => expert !== null && shown.has(expert) && ink !== 'companion')
    .map(
      ({ from, to, ink }): Mark => ({
        kind: 'line',
        from: [from.x + from.width / 2, bottom],
        to: [to.x + to.width / 2, top],
        ink: ink === 'gate-up' ? 'gate' : ink,
      }),
    );
}

function markOf({ ink, landed, to, title, expert }: FlowMove, rect: Rect | null): Mark[] {
  if (!rect) return [];
  return [{ kind: 'box', ...rect, ink: rect === to ? landed : ink, title, ...(expert === null ? {} : { expert }) }];
}

function pictureOf({ width, height, title, description, marks }: FlowScene, moving: readonly Mark[]): Picture {
  return { width, height, title, description, marks: [...marks, ...moving] };
}

import type { Axis, Coords, Cuts, Mesh, Part, RankPlace } from './types.ts';

const WHOLE: Part = { index: 0, of: 1 };

/** A mesh of row-major grids over the same ranks; every grid's sizes multiply to the world. */
export function meshOf(grids: readonly (readonly Axis[])[], folds: Mesh['folds'] = []): Mesh {
  const [first = []] = grids;
  return { world: product(first), grids, folds };
}

/** The same grids over each of several runs of a world; ranks outside of them hold nothing. */
export function meshInRuns(mesh: Mesh, world: number, starts: readonly number[]): Mesh {
  return { ...mesh, world, runs: { starts, length: mesh.world } };
}

export function axis(name: string, size: number): Axis {
  return { name, size };
}

function product(axes: readonly Axis[]): number {
  return axes.reduce((sum, each) => sum * each.size, 1);
}

/** Size of an axis of any grid or fold; 1 when there is none of that name. */
export function axisSize(mesh: Mesh, name: string | null): number {
  const fold = mesh.folds.find((each) => each.name === name);
  if (fold) return fold.of.reduce((size, part) => size * axisSize(mesh, part), 1);
  for (const grid of mesh.grids) {
    const found = grid.find((each) => each.name === name);
    if (found) return found.size;
  }
  return 1;
}

/** A rank's coordinate in every axis of every grid and fold; none where it stands in no run. */
export function coordsOf(mesh: Mesh, rank: number): Coords {
  const at = placeInRun(mesh, rank);
  if (at === null) return {};
  const coords: Record<string, number> = {};
  for (const grid of mesh.grids) {
    for (const each of grid) coords[each.name] ??= -1;
    let rest = at;
    for (const each of [...grid].reverse()) {
      coords[each.name] = rest % each.size;
      rest = Math.floor(rest / each.size);
    }
  }
  for (const fold of mesh.folds) {
    coords[fold.name] = fold.of.reduce((at, name) => at * axisSize(mesh, name) + (coords[name] ?? 0), 0);
  }
  return coords;
}

function placeInRun({ runs }: Mesh, rank: number): number | null {
  if (runs === undefined) return rank;
  const start = runs.starts.find((first) => rank >= first && rank < first + runs.length);
  return start === undefined ? null : rank - start;
}

/** Every rank with its place in the axes that cut weights. */
export function placeRanks(mesh: Mesh, cuts: Cuts): RankPlace[] {
  return Array.from({ length: mesh.world }, (_, rank) => {
    const coords = coordsOf(mesh, rank);
    const part = (name: string | null): Part =>
      name === null ? WHOLE : { index: coords[name] ?? 0, of: axisSize(mesh, name) };
    return {
      rank,
      coords,
      ep: placeInRun(mesh, rank) === null ? -1 : (coords[cuts.ep] ?? 0),
      inner: part(cuts.inner),
      etp: part(cuts.etp),
      stage: part(cuts.pp),
      fsdp: part(cuts.fsdp),
      tp: part(cuts.tp),
      attn: part(hasAxis(mesh, cuts.attn) ? cuts.attn : cuts.tp),
    };
  });
}

function hasAxis({ grids }: Mesh, name: string | undefined): name is string {
  return name !== undefined && grids.some((grid) => grid.some((each) => each.name === name));
}

/** Half-open interval of `length` things that a part keeps, as `torch.chunk` deals them: equal but for the last ones. */
export function chunk(length: number, part: Part): readonly [number, number] {
  const size = Math.ceil(length / part.of);
  const start = Math.min(part.index * size, length);
  return [start, Math.min(start + size, length)];
}

import type { Shape } from '../safetensors/types.ts';

/** Sizes of one expert: intermediate I and hidden H. */
export interface Sizes {
  readonly intermediate: number;
  readonly hidden: number;
}

export type Way = 'out-in' | 'in-out';

/** Sizes of an expert if its gate-up [a, b] and down [c, d] matrices lie this way; null when the shapes cannot. */
export function fusedSizes(gateUp: Shape, down: Shape, way: Way): Sizes | null {
  const [a, b] = gateUp;
  const [c, d] = down;
  if (a === undefined || b === undefined || c === undefined || d === undefined) return null;
  const [double, hidden] = way === 'out-in' ? [a, b] : [b, a];
  const [out, inner] = way === 'out-in' ? [c, d] : [d, c];
  return double === 2 * inner && hidden === out ? { intermediate: inner, hidden } : null;
}

/**
 * Which ways a fused pair of matrices can lie, by shape alone and by what the config says about H and I.
 *
 * Both matrices are taken to lie the same way.
 */
export function possibleWays(gateUp: Shape, down: Shape, known: Partial<Sizes>): readonly Way[] {
  return (['out-in', 'in-out'] as const).filter((way) => {
    const sizes = fusedSizes(gateUp, down, way);
    if (!sizes) return false;
    const { hidden = sizes.hidden, intermediate = sizes.intermediate } = known;
    return hidden === sizes.hidden && intermediate === sizes.intermediate;
  });
}

export function isSquare(matrix: Shape): boolean {
  return matrix.length === 2 && matrix[0] === matrix[1];
}

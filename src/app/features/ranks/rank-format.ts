import type { PlacedPicture, RankRow } from '../../../../workers/ranks/protocol.ts';

/** `0–2, 7`: half-open intervals as a person reads them. */
export function formatIntervals(intervals: readonly (readonly [number, number])[]): string {
  if (intervals.length === 0) return 'none';
  return intervals.map(([start, end]) => (end - start === 1 ? `${start}` : `${start}–${end - 1}`)).join(', ');
}

/** How many numbers half-open intervals hold. */
export function countOf(intervals: readonly (readonly [number, number])[]): number {
  return intervals.reduce((sum, [start, end]) => sum + end - start, 0);
}

/** A layer as it is called. */
export function layerName({ index, prefix }: RankRow): string {
  return index === null ? prefix : `Layer ${index}`;
}

/** `dp 1 · tp 3`: a rank's coordinates in axes that have more than one place. */
export function coordsText(placed: PlacedPicture, rank: number): string {
  const { axes, coords, mesh } = placed;
  const parts = axes.flatMap((name, at) =>
    (mesh.dims[name] ?? 1) > 1 ? [`${name} ${coords[rank * axes.length + at] ?? 0}`] : [],
  );
  return parts.length > 0 ? parts.join(' · ') : 'alone';
}

/** Bytes that a rank holds altogether. */
export function totalOf({ held }: PlacedPicture, rank: number): number {
  return held.subarray(rank * 4, rank * 4 + 4).reduce((sum, bytes) => sum + bytes, 0);
}

/** A factor with two decimals: `1.33×`. */
export function formatFactor(value: number): string {
  return `${value.toFixed(2)}×`;
}

/** `EP 8 of 64 ranks`: which placement a drawing is of. */
export function sizeText({ ep, mesh }: PlacedPicture): string {
  return `EP ${ep} of ${mesh.world} ranks`;
}

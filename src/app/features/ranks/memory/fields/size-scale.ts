/** Steps of a slider for each doubling: fine enough that sizes such as 12 and 96 have different positions. */
const STEPS = 12;

/** A slider's scale: doublings from `least` to `most`. It depends on the field alone, never on the model. */
export interface SizeScale {
  readonly least: number;
  readonly most: number;
  /** Values that are printed below the slider. */
  readonly marks: readonly number[];
}

/** The slider's last step. */
export function lastStep({ least, most }: SizeScale): number {
  return stepOf({ least, most }, most);
}

/** The step that is nearest to a value; values outside of the scale stand at its ends. */
export function stepOf({ least, most }: Pick<SizeScale, 'least' | 'most'>, value: number): number {
  const inside = Math.min(most, Math.max(least, value));
  return Math.round(Math.log2(inside / least) * STEPS);
}

/** The allowed value whose place is nearest to a step; undefined where none is allowed. */
export function nearestValue(scale: SizeScale, values: readonly number[], step: number): number | undefined {
  const apart = (value: number) => Math.abs(stepOf(scale, value) - step);
  return values.reduce<number | undefined>(
    (best, value) => (best === undefined || apart(value) < apart(best) ? value : best),
    undefined,
  );
}

/** The allowed value that a key of a slider leads to; undefined for other keys, and where there is none in that direction. */
export function valueByKey(key: string, values: readonly number[], value: number): number | undefined {
  const above = values.filter((each) => each > value);
  const below = values.filter((each) => each < value);
  switch (key) {
    case 'ArrowRight':
    case 'ArrowUp':
      return above[0];
    case 'ArrowLeft':
    case 'ArrowDown':
      return below.at(-1);
    case 'PageUp':
      return above.find((each) => each >= value * 4) ?? above.at(-1);
    case 'PageDown':
      return below.findLast((each) => each <= value / 4) ?? below[0];
    case 'Home':
      return below[0];
    case 'End':
      return above.at(-1);
    default:
      return undefined;
  }
}

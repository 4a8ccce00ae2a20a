import type { LayerStrip, StripBox } from '../layouts/drawing/layer-strip.ts';

/** The positions of one kind of values of one expert on both sides. */
export interface Ribbon {
  readonly expert: number;
  readonly left: RibbonEnd;
  readonly right: RibbonEnd;
}

/** A run of bytes of a layer's strip. */
export interface RibbonEnd {
  /** Place of the file among those of the strip, and of the run in the file. */
  readonly file: number;
  readonly at: number;
  readonly box: StripBox;
}

/** Matches the bytes of a layer in two checkpoints by expert, projection and part. */
export function ribbonsOf(left: LayerStrip, right: LayerStrip): readonly Ribbon[] {
  const [mine, theirs] = [byExpert(left), byExpert(right)];
  const parts = { left: partsOf(left), right: partsOf(right) };
  return [...mine].flatMap(([expert, ends]) => {
    const others = theirs.get(expert) ?? [];
    return ends.flatMap((end) =>
      others.filter((other) => means(end.box, other.box, parts)).map((other) => ({ expert, left: end, right: other })),
    );
  });
}

interface Parts {
  readonly left: ReadonlySet<string | null>;
  readonly right: ReadonlySet<string | null>;
}

/** Matches parts that only one side has (codes and scales) with those that only the other has (plain weights). */
function means(left: StripBox, right: StripBox, parts: Parts): boolean {
  if (!overlap(left.role, right.role)) return false;
  if (left.part === right.part) return true;
  return !parts.right.has(left.part) && !parts.left.has(right.part);
}

function overlap(left: StripBox['role'], right: StripBox['role']): boolean {
  if (left === right) return true;
  const halves: ReadonlySet<string> = new Set(['gate', 'up']);
  return (left === 'gate-up' && halves.has(right)) || (right === 'gate-up' && halves.has(left));
}

function partsOf({ files }: LayerStrip): ReadonlySet<string | null> {
  return new Set(files.flatMap(({ boxes }) => boxes.flatMap(({ expert, part }) => (expert === null ? [] : [part]))));
}

function byExpert({ files }: LayerStrip): ReadonlyMap<number, RibbonEnd[]> {
  const found = new Map<number, RibbonEnd[]>();
  files.forEach(({ boxes }, file) => {
    boxes.forEach((box, at) => {
      if (box.expert === null) return;
      const own = found.get(box.expert);
      if (own) own.push({ file, at, box });
      else found.set(box.expert, [{ file, at, box }]);
    });
  });
  return found;
}

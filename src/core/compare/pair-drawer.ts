import type { Checkpoint } from '../checkpoint/types.ts';
import { detectLayout } from '../layouts/detect.ts';
import { layerName, layoutName } from '../layouts/drawing/draw.ts';
import { glyphOf } from '../layouts/drawing/glyph.ts';
import { glyphPicture } from '../layouts/drawing/glyph-picture.ts';
import { type LayerStrip, layerStrip } from '../layouts/drawing/layer-strip.ts';
import type { Picture } from '../layouts/drawing/picture.ts';
import { stripsOf } from '../layouts/drawing/strips.ts';
import type { LayerGroup } from '../layouts/types.ts';
import { type PairSide, pairPicture } from './pair-picture.ts';
import type { Correspondence } from './types.ts';

/** A layer of two checkpoints as it is stored in the files. */
export interface LayerPair {
  readonly left: { readonly group: LayerGroup; readonly strip: LayerStrip };
  readonly right: { readonly group: LayerGroup; readonly strip: LayerStrip };
}

/** Draws pairs of layers by their place in {@link Correspondence.groups}. @throws RangeError for a place that it does not have. */
export interface PairDrawer {
  layers(at: number): LayerPair;
  /** `width`: of the strips. */
  picture(at: number, width?: number): Picture;
}

/** The positions of the stored tensors of both sides are computed once, for the first drawing. */
export function createPairDrawer(
  found: Pick<Correspondence, 'groups' | 'unpacked'>,
  left: Checkpoint,
  right: Checkpoint,
): PairDrawer {
  const sides = { left: sideOf(found, left, 'left'), right: sideOf(found, right, 'right') };
  const layers = (at: number): LayerPair => {
    if (!found.groups[at]) throw new RangeError(`There is no pair ${at}.`);
    return { left: sides.left(at), right: sides.right(at) };
  };
  return {
    layers,
    picture: (at, width) => {
      const pair = layers(at);
      const [mine, theirs] = [layerName(pair.left.group), layerName(pair.right.group)];
      return pairPicture(
        mine === theirs ? mine : `${mine} and ${theirs}`,
        partOf(pair.left),
        partOf(pair.right),
        width,
      );
    },
  };
}

function partOf({ group, strip }: LayerPair['left']): PairSide {
  const glyph = glyphOf(group);
  return { layout: layoutName(group), strip, glyph: glyph && glyphPicture(glyph, '') };
}

function sideOf(
  { groups, unpacked }: Parameters<typeof createPairDrawer>[0],
  side: Checkpoint,
  name: 'left' | 'right',
) {
  const made = { strips: null as ReturnType<typeof stripsOf> | null, groups: [] as readonly LayerGroup[] };
  return (at: number): LayerPair['left'] => {
    if (!made.strips) {
      const stored = groups.map((pair) => pair[name]);
      made.groups = unpacked[name] ? asStored(side, stored) : stored;
      made.strips = stripsOf(side, { groups: made.groups });
    }
    const group = made.groups[at];
    if (!group) throw new RangeError(`There is no pair ${at}.`);
    return { group, strip: layerStrip(made.strips, group, at) };
  };
}

/** The groups of the stored tensors instead of those of the unpacked values. */
function asStored(side: Checkpoint, groups: readonly LayerGroup[]): readonly LayerGroup[] {
  const own = new Map(detectLayout(side).groups.map((group) => [group.prefix, group]));
  return groups.map((group) => own.get(group.prefix) ?? group);
}

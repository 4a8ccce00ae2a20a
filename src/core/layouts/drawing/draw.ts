import type { Checkpoint } from '../../checkpoint/types.ts';
import { LoomError } from '../../errors.ts';
import { formatBytes, formatInteger, plural } from '../../units.ts';
import { nameLayers } from '../layer-names.ts';
import { layerPrefix } from '../tensor-place.ts';
import type { CheckpointLayout, LayerGroup } from '../types.ts';
import { glyphOf } from './glyph.ts';
import { glyphPicture } from './glyph-picture.ts';
import { layerStrip } from './layer-strip.ts';
import type { Picture } from './picture.ts';
import { expertReads, layerReads } from './reads.ts';
import { layerStripPicture } from './strip-picture.ts';
import { type Strips, stripsOf } from './strips.ts';

/** What can be drawn of a layer: its kinds of tensors, or where their bytes lie. */
export const DRAWINGS = ['glyph', 'strip'] as const;
export type Drawing = (typeof DRAWINGS)[number];

/** A picture with what it should say below itself. */
export interface DrawnLayer {
  readonly picture: Picture;
  readonly notes: readonly string[];
}

/**
 * Index in `layout.groups` of the layer with this number; with null, of the first layer that has experts.
 *
 * @throws LoomError `usage` where there is none.
 * @example
 * ```ts
 * import { detectLayout, groupToDraw, openCheckpoint } from 'moe-loom/layouts';
 * import { openFolder } from 'moe-loom/node';
 * const layout = detectLayout(await openCheckpoint(await openFolder('model')));
 * console.log(groupToDraw(layout, null), groupToDraw(layout, 2)); // → 0 2
 * ```
 */
export function groupToDraw(layout: Pick<CheckpointLayout, 'groups'>, layer: number | null): number {
  const { groups } = layout;
  const sparse = groups.flatMap((group, at) => (group.kind === 'dense' ? [] : [at]));
  const at = layer === null ? sparse[0] : groups.findIndex(({ index }) => index === layer);
  if (at !== undefined && at !== -1) return at;
  throw new LoomError(
    'usage',
    layer === null
      ? 'No layer with experts was found, so there is nothing to draw.'
      : `There is no layer ${layer}. Layers with experts: ${nameLayers(
          sparse.flatMap((each) => groups[each] ?? []),
          null,
        )}.`,
  );
}

type Drawn = Pick<Checkpoint, 'tensors' | 'shards' | 'config'>;

/** Draws the layers of one checkpoint, by their place in the layout. @throws RangeError for a place that it does not have. */
export interface LayerDrawer {
  /** Null for a layer without experts, or whose experts are not known. */
  glyph(at: number): Picture | null;
  strip(at: number): Picture;
  /** Every file, tensor by tensor. */
  strips(): Strips;
  /** What a picture of the layer should say below itself. */
  notes(at: number): readonly string[];
}

/** Where all tensors lie is found once, when all files are asked for; before that, a layer is drawn from its own files alone. */
export function createLayerDrawer(checkpoint: Drawn, layout: Pick<CheckpointLayout, 'groups'>): LayerDrawer {
  let known: Strips | null = null;
  const strips = () => {
    known ??= stripsOf(checkpoint, layout);
    return known;
  };
  const near = (group: LayerGroup) => {
    const layer = layerPrefix(`${group.prefix}.`);
    return layer === '' ? strips() : stripsOf(checkpoint, layout, `${layer}.`);
  };
  const groupAt = (at: number): LayerGroup => {
    const group = layout.groups[at];
    if (!group) throw new RangeError(`There is no group ${at}.`);
    return group;
  };
  return {
    glyph: (at) => {
      const group = groupAt(at);
      const glyph = glyphOf(group);
      return glyph && glyphPicture(glyph, titleOf(group));
    },
    strip: (at) => {
      const group = groupAt(at);
      return layerStripPicture(layerStrip(known ?? near(group), group, at), titleOf(group));
    },
    strips,
    notes: (at) => readsNotes(checkpoint, groupAt(at)),
  };
}

/**
 * One layer of a checkpoint, drawn.
 *
 * @throws LoomError `usage` where its experts are not known, so that no glyph of them can be drawn.
 * @example
 * ```ts
 * import { detectLayout, drawLayer, groupToDraw, openCheckpoint } from 'moe-loom/layouts';
 * import { openFolder } from 'moe-loom/node';
 * const checkpoint = await openCheckpoint(await openFolder('model'));
 * const layout = detectLayout(checkpoint);
 * const { picture } = drawLayer(checkpoint, layout, groupToDraw(layout, 2), 'strip');
 * console.log(picture.title); // → Layer 2: per-expert (projections), 12 experts
 * ```
 */
export function drawLayer(
  checkpoint: Drawn,
  layout: Pick<CheckpointLayout, 'groups'>,
  at: number,
  drawing: Drawing,
): DrawnLayer {
  const drawer = createLayerDrawer(checkpoint, layout);
  const picture = drawing === 'strip' ? drawer.strip(at) : drawer.glyph(at);
  if (picture) return { picture, notes: drawer.notes(at) };
  const title = layout.groups[at] ? titleOf(layout.groups[at]) : '';
  throw new LoomError(
    'usage',
    `${title} has no experts of a known layout. \`--what strip\` draws where its bytes lie.`,
  );
}

function titleOf(group: LayerGroup): string {
  return group.layout ? `${layerName(group)}: ${layoutName(group)}` : `${layerName(group)}, dense`;
}

/** `Layer 5`, or the prefix of a layer without a number. */
export function layerName({ index, prefix }: Pick<LayerGroup, 'index' | 'prefix'>): string {
  return index === null ? prefix : `Layer ${index}`;
}

/** `per-expert (projections), 128 experts`. */
export function layoutName({ layout, experts }: Pick<LayerGroup, 'layout' | 'experts'>): string {
  if (!layout) return 'dense';
  const dialect = layout.dialect === null ? '' : ` (${layout.dialect})`;
  return `${layout.family}${dialect}${experts === null ? '' : `, ${formatInteger(experts)} experts`}`;
}

/** How many reads an expert takes, said once for all of a layer. */
function readsNotes(checkpoint: Drawn, group: LayerGroup): string[] {
  const { experts, fewest, most, split } = layerReads(checkpoint, group);
  if (experts === 0) return [];
  const first = expertReads(checkpoint, group, 0);
  const count = fewest === most ? `${most}` : `${fewest} to ${most}`;
  const between =
    first.between === 0 ? '' : ` Between the reads of expert 0 lie ${formatBytes(first.between)} of other tensors.`;
  return [
    `${formatBytes(first.bytes)} per expert, in ${count} ${most === 1 ? 'read' : 'reads'}.${between}`,
    ...(split === 0 ? [] : [`${plural(split, 'expert')} ${split === 1 ? 'has' : 'have'} bytes in more than one file.`]),
  ];
}

import type { Checkpoint, CheckpointTensor } from '../checkpoint/types.ts';
import type { Emitted } from '../embed/emitted.ts';
import { detectLayout } from '../layouts/detect.ts';
import { drawLayer } from '../layouts/drawing/draw.ts';
import type { Picture } from '../layouts/drawing/picture.ts';
import { svgOf } from '../layouts/drawing/svg.ts';
import type { Assumption, CheckpointLayout } from '../layouts/types.ts';
import { PICTURE_FILES } from '../plan/side-files.ts';
import type { ConversionPlan } from '../plan/types.ts';

/** One of the files beside a model card that draw a layer. */
export interface CardPicture {
  readonly file: (typeof PICTURE_FILES)[number];
  readonly svg: Emitted<'svg'>;
  /** What it shows, for who does not see it. */
  readonly words: string;
}

interface PictureFacts {
  readonly plan: ConversionPlan;
  readonly checkpoint: Checkpoint;
  /** The source's layout. */
  readonly layout: CheckpointLayout;
  readonly assume?: Assumption;
  /** `org/name`, or null for files of one's own. */
  readonly source: { readonly repo: string | null; readonly revision: string | null };
}

/** The first converted layer as it was and as it is, one file each; none where a side's experts cannot be drawn. */
export function cardPictures({ plan, checkpoint, layout, assume, source }: PictureFacts): readonly CardPicture[] {
  const step = plan.groups.find(({ kind, to }) => kind === 'moe' && to !== null) ?? plan.groups.find(({ to }) => to);
  if (!step) return [];
  const output = plannedCheckpoint(plan, checkpoint);
  const made = detectLayout(output, assume ? { assume } : {});
  const from = layout.groups.findIndex(({ prefix }) => prefix === step.prefix);
  const to = made.groups.findIndex(({ index, kind }) => index === step.index && kind === step.kind);
  if (!layout.groups[from]?.layout || !made.groups[to]?.layout) return [];
  const origin =
    source.repo === null ? [] : [source.revision === null ? source.repo : `${source.repo}@${source.revision}`];
  const before = drawLayer(checkpoint, layout, from, 'glyph');
  const after = drawLayer(output, made, to, 'glyph');
  const file = (name: CardPicture['file'], picture: Picture, notes: readonly string[]): CardPicture => ({
    file: name,
    svg: svgOf(picture, { scheme: 'light', notes }),
    words: `${picture.title}. ${picture.description}`,
  });
  const [first, second] = PICTURE_FILES;
  return [
    file(first, before.picture, [...origin, 'Before the conversion.', ...before.notes]),
    file(second, after.picture, [...origin, `After the conversion to ${plan.target}.`, ...after.notes]),
  ];
}

/** What a plan writes, as if it were there. */
function plannedCheckpoint(plan: ConversionPlan, source: Checkpoint): Checkpoint {
  const tensors = new Map<string, CheckpointTensor>();
  for (const { file, tensors: outputs } of plan.shards)
    for (const { name, dtype, shape, start, byteLength } of outputs)
      tensors.set(name, { name, dtype, shape, file, start, end: (start + byteLength) as CheckpointTensor['end'] });
  const shards = plan.shards.map(({ file, byteLength, header, tensors: outputs }) => ({
    ...{ file, byteLength, tensors: outputs.length, metadata: null },
    dataStart: header.byteLength as CheckpointTensor['start'],
  }));
  const config: Checkpoint['config'] = plan.config ? JSON.parse(plan.config.text) : source.config;
  return { ...source, tensors, shards, config, findings: [] };
}

/** `moe-loom/layouts`: a checkpoint from its headers, how it stores its experts, and drawings of that. */
export type { OpenOptions, OpenProgress } from '../core/checkpoint/open.ts';
export type { Checkpoint, CheckpointTensor, Finding, Shard } from '../core/checkpoint/types.ts';
export { detectLayout } from '../core/layouts/detect.ts';
export { layoutId } from '../core/layouts/dialects.ts';
export { type Drawing, type DrawnLayer, drawLayer, groupToDraw } from '../core/layouts/drawing/draw.ts';
export type { Scheme } from '../core/layouts/drawing/inks.ts';
export type { Mark, Picture } from '../core/layouts/drawing/picture.ts';
export { type SvgOptions, svgOf } from '../core/layouts/drawing/svg.ts';
export { type InspectedLayer, type Inspection, inspectCheckpoint } from '../core/layouts/inspect.ts';
export { type TensorPlace, tensorPlace } from '../core/layouts/tensor-place.ts';
export type { Assumption, CheckpointLayout, LayerGroup } from '../core/layouts/types.ts';
export { openCheckpoint } from '../core/programs/opening.ts';

/**
 * Every defect of how experts are stored, with what it means. One of a layer keeps that layer from being converted; those
 * of multi-token prediction and of zero-computation experts are of the whole checkpoint, and keep nothing.
 */
export const DEFECTS = {
  'expert-missing': 'An expert between 0 and the highest number is missing, or one of its projections is.',
  'expert-extra': 'There are more experts than the config says.',
  'expert-unused': 'Tensors of zero-computation experts are stored; no program uses them.',
  'expert-duplicate': 'One expert is stored twice under different spellings of its number.',
  'expert-shape-unequal': 'Experts of one layer differ in shape.',
  'expert-dtype-unequal': 'Experts of one layer differ in dtype.',
  'expert-spelling': 'An expert’s name is spelled differently from those of the other experts of its layer.',
  'families-mixed': 'One layer holds its experts in two layouts at once.',
  'expert-leftover': 'A tensor has the name prefix of the experts but belongs to no layout.',
  'config-mismatch': 'The tensors and config.json disagree.',
  'tensor-missing': 'The model needs a tensor outside the routed experts, or a whole layer, that is missing.',
  'layout-unknown': 'This program does not know how these experts are stored.',
  'layout-ambiguous':
    'The names fit several layouts, and nothing in the files decides between them. Choose the layout in the view Convert, or with `--assume`.',
  'names-wrapped':
    'Tensor names contain the name of a wrapper class, so programs do not find them. A conversion removes it.',
  'orientation-ambiguous':
    'The matrices are square, so their shapes do not show whether the rows are inputs or outputs. Choose it in the view Convert, or with `--assume`.',
  'mtp-absent': 'The config announces layers of multi-token prediction, but they are missing.',
  'mtp-unpromised': 'The checkpoint has layers of multi-token prediction that the config does not announce.',
  'mtp-layout-differs':
    'Layers of multi-token prediction store their experts in a different layout from the other layers.',
  'mtp-shard-missing': 'Tensors of multi-token prediction are in a shard that is missing.',
  'expert-scale-missing': 'A scale, or another tensor without which quantised numbers cannot be known, is missing.',
  'input-scale-missing-some': 'Some experts have no scale for their activations, others have.',
  'input-scale-missing-all': 'No expert has a scale for its activations, which the config says are quantised.',
  'bf16-not-ignored': 'Experts of a layer are not quantised, and the config does not list them as such.',
  'quantised-but-ignored': 'The config lists quantised experts as not quantised.',
  'ignore-too-wide':
    'By the rule of some program, an entry of the config also takes quantised experts for unquantised ones.',
  'scheme-mixed-in-experts': 'Experts of one layer are quantised differently.',
  'config-format-mismatch': 'The config names another format of quantisation than the tensors are in.',
  'packed-stack-unread': 'Experts are packed into stacks whose names no program reads.',
  'e8m0-as-linear': 'Scales that are exponents of one byte are stored as numbers.',
  'format-unread': 'Programs do not read quantised experts in this form.',
} as const;

export type DefectTag = keyof typeof DEFECTS;

/**
 * Every defect of how experts are stored, with what it means. One of a layer keeps that layer from being converted; those
 * of multi-token prediction and of zero-computation experts are of the whole checkpoint, and keep nothing.
 */
export const DEFECTS = {
  'expert-missing': 'An expert between 0 and the highest number, or a projection of one, is not there.',
  'expert-extra': 'There are more experts than the config says.',
  'expert-unused': 'Tensors of zero-computation experts are stored; no program uses them.',
  'expert-duplicate': 'One expert is stored twice under different spellings of its number.',
  'expert-shape-unequal': 'Experts of one layer differ in shape.',
  'expert-dtype-unequal': 'Experts of one layer differ in dtype.',
  'expert-spelling': 'An expert’s name is spelled otherwise than those of the other experts of its layer.',
  'families-mixed': 'One layer holds its experts in two layouts at once.',
  'expert-leftover': 'A tensor under the experts belongs to no layout.',
  'config-mismatch': 'The tensors say otherwise than the config.',
  'tensor-missing': 'A tensor outside the routed experts, or a whole layer, that the model has is not there.',
  'layout-unknown': 'The experts are stored in a way that is not known here.',
  'layout-ambiguous': 'The names fit several layouts, and nothing in the files says which; `--assume` does.',
  'names-wrapped':
    'Names carry the segment of a wrapper class; no program looks for them so. A conversion takes it out.',
  'orientation-ambiguous': 'Square matrices, and nothing says which way round they are stored.',
  'mtp-absent': 'The config promises layers of multi-token prediction that are not there.',
  'mtp-unpromised': 'There are layers of multi-token prediction that the config does not promise.',
  'mtp-layout-differs': 'Layers of multi-token prediction hold their experts in another layout than the others.',
  'mtp-shard-missing': 'Tensors of multi-token prediction are in a shard that is not there.',
} as const;

export type DefectTag = keyof typeof DEFECTS;

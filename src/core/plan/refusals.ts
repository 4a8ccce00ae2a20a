/** Every reason why a plan cannot be run, with what it means. */
export const REFUSALS = {
  'no-experts': 'The checkpoint has no routed experts.',
  'layers-unknown': 'A chosen layer is not in the checkpoint.',
  'layers-dense': 'None of the chosen layers has experts.',
  'group-defective': 'A layer’s experts are incomplete or do not agree; its defect says how.',
  'layout-unknown': 'A layer’s experts are stored in a way that is not known to this program.',
  'checkpoint-defective': 'The checkpoint has a finding of severity error.',
  'layout-ambiguous':
    'The names fit several layouts, and nothing in the files decides between them. Choose the layout in the view Convert, or with `--assume`.',
  'orientation-ambiguous':
    'The matrices are square, so their shapes do not show whether the rows are inputs or outputs. Choose it in the view Convert, or with `--assume`.',
  'target-unsupported': 'The target has no form for this architecture.',
  'companion-unsupported': 'Scales or other companions of quantised weights cannot be converted exactly.',
  'dtype-unsupported': 'The weights are not quantised, or this program cannot unpack their format exactly.',
  'name-collision': 'Two tensors of the output would have one name.',
} as const;

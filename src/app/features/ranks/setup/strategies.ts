/** Labels of the placement strategies. */
export const STRATEGIES = {
  linear: 'Linear blocks',
  'round-robin': 'Round-robin',
  'ep-aware': 'EP-aware redundancy',
  hierarchical: 'EPLB, by node',
  global: 'EPLB, global',
  custom: 'Custom, from a file',
} as const;

/** How a way to deal experts is called on screen. */
export const STRATEGIES = {
  linear: 'Linear blocks',
  'round-robin': 'Round-robin',
  'ep-aware': 'EP-aware redundancy',
  hierarchical: 'EPLB, by node',
  global: 'EPLB, global',
  custom: 'A custom map',
} as const;

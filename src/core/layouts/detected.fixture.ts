import { expect } from 'vitest';
import { checkpointOf, type Headers } from './checkpoints.fixture.ts';
import { detectLayout } from './detect.ts';
import type { Entry } from './rows.fixture.ts';
import type { LayerGroup } from './types.ts';

export const headers = (entries: readonly Entry[]): Headers =>
  Object.fromEntries(entries.map(([name, shape, dtype = 'BF16']) => [name, { dtype, shape }]));

/** Experts apart with I = 4, H = 6. */
export function apart(prefix: string, experts: readonly (number | string)[]): Entry[] {
  return experts.flatMap((i): Entry[] => [
    [`${prefix}.experts.${i}.gate_proj.weight`, [4, 6]],
    [`${prefix}.experts.${i}.up_proj.weight`, [4, 6]],
    [`${prefix}.experts.${i}.down_proj.weight`, [6, 4]],
  ]);
}

export function detect(entries: readonly Entry[], config: Record<string, unknown> | null = null) {
  return detectLayout(checkpointOf(headers(entries), config));
}

export function only(entries: readonly Entry[], config: Record<string, unknown> | null = null): LayerGroup {
  const { groups } = detect(entries, config);
  expect(groups).toHaveLength(1);
  return groups[0] as LayerGroup;
}

export const tags = (group: LayerGroup) => group.defects.map((defect) => defect.tag);
export const P = 'model.layers.0.mlp';

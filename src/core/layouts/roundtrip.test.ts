import { describe, expect, test } from 'vitest';
import { ARCHITECTURES } from './architecture-table.ts';
import { checkpointOf, type Headers } from './checkpoints.fixture.ts';
import { detectLayout } from './detect.ts';
import { syntheticConfig, syntheticHeaders } from './rows.fixture.ts';
import { asTarget } from './target.ts';
import type { LayerGroup, TargetLayout } from './types.ts';

const TARGETS: readonly TargetLayout[] = [
  'per-expert',
  'stacked',
  'gate-up',
  'gate-up-transposed',
  'gate-up-interleaved',
  'switch-mlp',
  'qwen3-moe-fused',
];
/** I and H: unequal, I = H (square down), 2I = H (square gate-up). */
const SIZES = [
  [4, 6],
  [4, 4],
  [4, 8],
] as const;

function headersOf({ members, experts }: LayerGroup): Headers {
  const entries = members.flatMap(({ template, dtype, shape }) => {
    const count = template.includes('{i}') ? (experts ?? 0) : 1;
    return Array.from({ length: count }, (_, i) => [template.replace('{i}', String(i)), { dtype, shape }] as const);
  });
  return Object.fromEntries(entries);
}

const ROWS = ARCHITECTURES.filter((row) => row.unsupported === null).flatMap((row) =>
  row.disk.map((disk, at) => [row.modelTypes[0] ?? '', disk.dialect, row, at] as const),
);

describe.each(SIZES)(
  'I = %i, H = %i: a target is refused, or detected as what it was made to be',
  (intermediate, hidden) => {
    test.each(ROWS)('%s from %s', (modelType, _, row, at) => {
      const config = syntheticConfig(row, modelType);
      const entries = syntheticHeaders(row, at, intermediate, hidden).map(([name, shape, dtype = 'BF16']) => [
        name,
        { dtype, shape },
      ]);
      const [group] = detectLayout(checkpointOf(Object.fromEntries(entries), config)).groups;
      if (!group || group.reason !== null) throw new Error('The row is not detected.');
      for (const target of TARGETS) {
        const answer = asTarget(group, target, modelType);
        if ('refusal' in answer) continue;
        const [detected] = detectLayout(checkpointOf(headersOf(answer.group), config)).groups;
        expect(detected, target).toEqual(answer.group);
      }
    });
  },
);

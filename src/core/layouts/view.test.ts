import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkpointOf, type Headers } from './checkpoints.fixture.ts';
import { detectLayout } from './detect.ts';
import { DIALECTS, dialectOf } from './dialects.ts';
import { asTarget } from './target.ts';
import type { ExpertMember, LayerGroup, MatrixView, Projection, TargetLayout } from './types.ts';
import { matrixView } from './view.ts';

/** A group of any dialect with sizes that no rule of shapes could tell apart, made from the table alone. */
function groupOf(id: string, experts: number, intermediate: number, hidden: number, biased = false): LayerGroup {
  const [family, dialect] = id.split('/');
  const spec = DIALECTS.find((row) => row.family === family && row.dialect === dialect);
  if (!spec) throw new Error(id);
  const members = Object.entries(spec.stems).flatMap(([projection, stem]): ExpertMember[] => {
    const [out, input] =
      projection === 'down'
        ? [hidden, intermediate]
        : [projection === 'gate-up' ? 2 * intermediate : intermediate, hidden];
    const way = projection === 'down' ? (spec.downOrientation ?? spec.orientation) : spec.orientation;
    const matrix = way === 'out-in' ? [out, input] : [input, out];
    const stack = (inner: number[]) =>
      spec.family === 'per-expert'
        ? inner
        : spec.family === 'flat'
          ? [experts * (inner[0] ?? 0), ...inner.slice(1)]
          : [experts, ...inner];
    const weight = {
      projection: projection as Projection,
      part: 'weight',
      template: stem,
      dtype: 'BF16',
      shape: stack(matrix),
    } as const;
    const bias = { ...weight, part: 'bias', template: `${stem}_bias`, shape: stack([out]) };
    return biased && spec.family !== 'flat' ? [weight, bias] : [weight];
  });
  return {
    prefix: 'model.layers.0.mlp',
    index: 0,
    kind: 'moe',
    layout: { family: spec.family, dialect: spec.dialect },
    reason: null,
    experts,
    orientation: spec.orientation,
    fusion: spec.fusion,
    intermediate,
    hidden,
    members,
    expertTensors: [],
    router: [],
    shared: [],
    defects: [],
  };
}

function elements(view: MatrixView): number[] {
  const all: number[] = [];
  for (let row = 0; row < view.rows; row += 1) {
    for (let column = 0; column < view.columns; column += 1)
      all.push(view.base + row * view.rowStride + column * view.columnStride);
  }
  return all;
}

/** Dialects of experts with a gate whose weights are plain matrices. */
const IDS = DIALECTS.filter(({ blocks, stems }) => !blocks && (stems.gate ?? stems['gate-up']) !== undefined).map(
  (row) => `${row.family}/${row.dialect}`,
);
const SIZES = [fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 })] as const;

describe.each(IDS)('%s', (id) => {
  test('the views of all experts and projections hold every element of every tensor once', () => {
    fc.assert(
      fc.property(...SIZES, fc.boolean(), (experts, intermediate, hidden, biased) => {
        const group = groupOf(id, experts, intermediate, hidden, biased);
        const seen = new Map<string, Set<number>>();
        for (const part of biased ? ['weight', 'bias'] : ['weight']) tile(group, part, seen);
        for (const member of group.members) {
          const count = member.shape.reduce((product, dim) => product * dim, 1);
          const tensors = member.template.includes('{i}') ? experts : 1;
          for (let i = 0; i < tensors; i += 1) {
            const held = seen.get(member.template.replace('{i}', String(i)));
            expect(held?.size).toBe(count);
            expect(Math.max(...(held ?? []))).toBe(count - 1);
          }
        }
      }),
      { numRuns: 40 },
    );
  });

  test('views are [out, in]: gate and up I × H, down H × I', () => {
    const group = groupOf(id, 3, 4, 6);
    expect(matrixView(group, 'gate', 2)).toMatchObject({ rows: 4, columns: 6, dtype: 'BF16' });
    expect(matrixView(group, 'up', 0)).toMatchObject({ rows: 4, columns: 6 });
    expect(matrixView(group, 'down', 1)).toMatchObject({ rows: 6, columns: 4 });
    expect(matrixView(group, 'gate', 3)).toBeNull();
    expect(matrixView(group, 'gate', 0, 'weight_scale_inv')).toBeNull();
  });
});

function tile(group: LayerGroup, part: string, seen: Map<string, Set<number>>): void {
  for (let expert = 0; expert < (group.experts ?? 0); expert += 1) {
    for (const projection of ['gate', 'up', 'down'] as const) {
      const view = matrixView(group, projection, expert, part);
      if (!view) continue;
      const held = seen.get(view.tensor) ?? new Set();
      seen.set(view.tensor, held);
      const own = elements(view);
      const before = held.size;
      for (const element of own) held.add(element);
      expect(held.size - before).toBe(own.length);
      expect(Math.min(...own)).toBeGreaterThanOrEqual(0);
    }
  }
}

test.each<[string, Projection, Partial<MatrixView>]>([
  ['stacked/plain', 'gate', { base: 48, rowStride: 6, columnStride: 1 }],
  ['gate-up/plain', 'gate', { base: 96, rowStride: 6, columnStride: 1 }],
  ['gate-up/plain', 'up', { base: 120, rowStride: 6, columnStride: 1 }],
  ['gate-up-transposed/plain', 'gate', { base: 96, rowStride: 1, columnStride: 8 }],
  ['gate-up-transposed/plain', 'up', { base: 100, rowStride: 1, columnStride: 8 }],
  ['gate-up-interleaved/gpt-oss', 'gate', { base: 96, rowStride: 2, columnStride: 8 }],
  ['gate-up-interleaved/gpt-oss', 'up', { base: 97, rowStride: 2, columnStride: 8 }],
  ['gate-up-interleaved/inkling', 'up', { base: 102, rowStride: 12, columnStride: 1 }],
  ['flat/dbrx', 'down', { base: 48, rowStride: 1, columnStride: 6 }],
  ['per-expert/joint', 'up', { base: 24, rowStride: 6, columnStride: 1 }],
])('%s: the %s of expert 2 of I = 4, H = 6', (id, projection, view) => {
  expect(matrixView(groupOf(id, 3, 4, 6), projection, 2)).toMatchObject(view);
});

/** What the model types read, so that every target is wanted by one. */
const CONSUMERS: readonly (readonly [TargetLayout, string])[] = [
  ['per-expert', 'qwen3_moe'],
  ['per-expert', 'mixtral'],
  ['stacked', 'qwen3_moe'],
  ['gate-up', 'mixtral'],
  ['gate-up', 'jetmoe'],
  ['gate-up-transposed', 'llama4_text'],
  ['gate-up-transposed', 'aria_text'],
  ['gate-up-interleaved', 'gpt_oss'],
  ['switch-mlp', 'qwen3_moe'],
  ['qwen3-moe-fused', 'qwen3_moe'],
];

test.each(CONSUMERS)(
  '%s for %s: what it becomes is what would be detected, and has the same matrices',
  (target, modelType) => {
    fc.assert(
      fc.property(fc.constantFrom(...IDS), ...SIZES, fc.boolean(), (id, experts, intermediate, hidden, biased) => {
        const from = groupOf(id, experts, intermediate, hidden, biased);
        const answer = asTarget(from, target, modelType);
        if ('refusal' in answer) throw new Error(answer.refusal.message);
        const { group } = answer;
        const [detected] = detectLayout(
          checkpointOf(headersOf(group), { model_type: modelType, hidden_size: hidden }),
        ).groups;
        expect(detected).toMatchObject({
          layout: group.layout,
          orientation: group.orientation,
          fusion: group.fusion,
          experts,
          intermediate,
          hidden,
          defects: [],
        });
        for (const projection of ['gate', 'up', 'down'] as const) {
          for (const part of biased && !id.startsWith('flat') ? ['weight', 'bias'] : ['weight']) {
            const [before, after] = [
              matrixView(from, projection, experts - 1, part),
              matrixView(group, projection, experts - 1, part),
            ];
            expect(after).toMatchObject({ rows: before?.rows, columns: before?.columns, dtype: 'BF16' });
          }
        }
      }),
    );
  },
);

function headersOf(group: LayerGroup): Headers {
  const apart = dialectOf(group.layout)?.family === 'per-expert';
  const entries = group.members.flatMap(({ template, dtype, shape }) =>
    Array.from(
      { length: apart ? (group.experts ?? 0) : 1 },
      (_, i) => [template.replace('{i}', String(i)), { dtype, shape }] as const,
    ),
  );
  return Object.fromEntries(entries);
}

import { describe, expect, test } from 'vitest';
import { apart, detect, only, P, tags } from './detected.fixture.ts';
import type { Entry } from './rows.fixture.ts';

describe('a sign of experts that are not known', () => {
  const router: Entry = ['model.layers.0.mlp.gate.weight', [8, 6]];

  test.each<[string, readonly Entry[], RegExp]>([
    ['a router alone', [router], /gate\.weight \[8, 6\] looks like a router among 8 experts/],
    ['what stands beside it', [router, ['model.layers.0.mlp.bank.weight', [8, 4]]], /The layer has: mlp\.bank\.weight/],
    ['a word', [['model.layers.0.mlp.expert_bank.weight', [8, 4]]], /expert_bank\.weight mentions experts/],
  ])('makes the layer unknown: %s', (_, entries, reason) => {
    const group = only(entries);
    expect(group).toMatchObject({ kind: 'moe', layout: { family: 'unknown' }, reason: expect.stringMatching(reason) });
    expect(detect(entries).layout).toBe('unknown');
  });

  test.each<[string, readonly Entry[], Record<string, unknown> | null]>([
    [
      'a gate beside up and down',
      ['gate', 'up', 'down'].map((word): Entry => [`model.layers.0.mlp.${word}.weight`, [8, 6]]),
      null,
    ],
    ['one row', [['model.layers.0.mlp.gate.weight', [1, 6]]], null],
    ['an attention’s gate', [['model.layers.0.self_attn.gate.weight', [8, 6]]], null],
    [
      'a word where the config says dense',
      [['model.layers.0.block_sparse_moe.mlp.w1.weight', [8, 6]]],
      { model_type: 'deepseek_v3', first_k_dense_replace: 1 },
    ],
  ])('is none: %s', (_, entries, config) => {
    expect(detect(entries, config).layout).toBe('dense');
  });

  test('does not hide the family of the other layers', () => {
    const layout = detect([...apart('model.layers.1.mlp', [0, 1]), router]);
    expect(layout.groups.map(({ layout: own }) => own?.family)).toEqual(['unknown', 'per-expert']);
    expect(layout.defects).toEqual([]);
  });
});

test('an expert whose name is spelled otherwise is a defect', () => {
  const entries = apart(P, [0, 1, '02']);
  expect(tags(only(entries))).toContain('expert-spelling');
  const wrapped = entries.map(([name, shape]): Entry => [name.replace('experts.1.', 'experts.1._orig_mod.'), shape]);
  expect(tags(only(wrapped))).toContain('expert-spelling');
});

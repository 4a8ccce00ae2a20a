import { expect, it } from 'vitest';
import { byName, byPatternOrEnd, createIgnoreTest, ignoreEntries } from './ignored.ts';

const EXPERT = 'model.layers.10.mlp.experts.3.gate_proj';

it.each([
  ['model.layers.10', true],
  ['model.layers.10.mlp.experts', true],
  ['experts', true],
  ['model.layers.1', false],
  ['mlp.gate', false],
  ['gate', false],
  ['*.experts.*', true],
  ['model.layers.10*', true],
  ['model.layers.1.*', false],
  ['re:.*experts.*', true],
  ['re:model\\.layers\\.10', true],
  ['re:experts', false],
  // A pattern that cannot be tried, or that could take for ever.
  ['re:(', false],
  ['re:(a+)+$', false],
  [`${'*'.repeat(60)}x`, false],
  [`re:${'.*'.repeat(60)}x`, false],
])('by name, %s takes an expert of layer 10: %s', (entry, takes) => {
  expect(byName(entry)(EXPERT)).toBe(takes);
});

it('by the rule of transformers, an entry takes more', () => {
  expect(byPatternOrEnd('model.layers.1')(EXPERT)).toBe(true);
  expect(byPatternOrEnd('_proj')(EXPERT)).toBe(true);
  expect(byPatternOrEnd('mlp.gate')(EXPERT)).toBe(false);
});

it('reads the lists of every quantiser, and nothing else', () => {
  const quantization_config = {
    ignore: ['lm_head', 7, ''],
    modules_to_not_convert: 'all',
    dynamic: { '-:.*attn.*': {}, '+:.*experts.*': { bits: 8 } },
    extra_config: { a: { bits: 16 }, b: { bits: 4 }, c: null },
  };
  expect(ignoreEntries({ quantization_config })).toEqual([
    { key: 'ignore', entry: 'lm_head' },
    { key: 'dynamic', entry: 're:.*attn.*' },
    { key: 'extra_config', entry: 'a' },
  ]);
  expect(ignoreEntries(null)).toEqual([]);
  expect(createIgnoreTest(ignoreEntries({ quantization_config }))('model.layers.0.self_attn')?.key).toBe('dynamic');
});

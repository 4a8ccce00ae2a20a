import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seriesOf } from './series.ts';

const named = (...names: string[]) => names.map((name) => `${name}.safetensors`);

describe('series of shards by their names', () => {
  it.each([
    ['unpadded', named('model-1-of-3', 'model-3-of-3'), named('model-2-of-3')],
    ['padded', named('model-00001-of-00003', 'model-00003-of-00003'), named('model-00002-of-00003')],
    [
      'totals longer than numbers',
      named('model-00001-of-000003', 'model-00002-of-000003'),
      named('model-00003-of-000003'),
    ],
    ['from 0', named('model-0-of-3', 'model-2-of-3'), named('model-1-of-3')],
    ['from 0 to the total', named('model-00000-of-00002', 'model-00002-of-00002'), named('model-00001-of-00002')],
    ['underscores', named('model_1_of_3', 'model_2_of_3'), named('model_3_of_3')],
    [
      'a name that ends in safetensors',
      named('model.safetensors-00002-of-00002'),
      named('model.safetensors-00001-of-00002'),
    ],
    ['a variant before', named('model.fp16-00002-of-00002'), named('model.fp16-00001-of-00002')],
    ['a variant behind', named('model-00002-of-00002.fp16'), named('model-00001-of-00002.fp16')],
    ['parts', named('model-part-1-of-2'), named('model-part-2-of-2')],
    ['no total', named('layers-0', 'layers-1', 'layers-3'), named('layers-2')],
    ['padding that only the total shows', named('model-10-of-0011'), 10],
  ])('%s', (_, files, missing) => {
    const [series, ...others] = seriesOf(files);
    expect(others).toEqual([]);
    expect(series?.files).toEqual(files);
    if (typeof missing === 'number') expect(series?.missing).toHaveLength(missing);
    else expect(series?.missing).toEqual(missing);
  });

  it.each([
    ['steps of training', named('checkpoint-500', 'checkpoint-1000')],
    ['a number of the model', named('model-v2')],
    ['what a model is called', named('qwen3-30b-a3b')],
    ['one file with a number', named('layer-0')],
  ])('none: %s', (_, files) => {
    expect(seriesOf(files)).toEqual([]);
  });

  it('keeps splits apart that lie side by side', () => {
    const found = seriesOf(
      named('model-00001-of-00002', 'model-00001-of-00003', 'model-00002-of-00002', 'ema-00001-of-00002'),
    );
    expect(found.map(({ stem, total, missing }) => [stem, total, missing.length])).toEqual([
      ['model-', 2, 0],
      ['model-', 3, 2],
      ['ema-', 2, 1],
    ]);
  });

  it('names at most 10,000 files of a total that nobody has', () => {
    expect(seriesOf(named('model-1-of-999999999999'))[0]?.missing).toHaveLength(10_000);
  });

  it('finds every gap, however numbers are spelt', () => {
    const spelling = fc.record({
      stem: fc.constantFrom('model', 'model.safetensors', 'pytorch_model', 'model.fp16', 'consolidated', 'v2'),
      before: fc.constantFrom('-', '_', '.'),
      of: fc.constantFrom('-of-', '_of_', '.of.', '-OF-'),
      tail: fc.constantFrom('', '.fp16', '-bf16'),
      width: fc.integer({ min: 1, max: 6 }),
      first: fc.constantFrom(0, 1),
      total: fc.integer({ min: 2, max: 40 }),
    });
    fc.assert(
      fc.property(spelling, fc.array(fc.boolean(), { minLength: 40, maxLength: 40 }), (spelt, coins) => {
        const { stem, before, of, tail, width, first, total } = spelt;
        const write = (at: number) =>
          `${stem}${before}${String(at).padStart(width, '0')}${of}${String(total).padStart(width, '0')}${tail}.safetensors`;
        const all = Array.from({ length: total }, (_, at) => write(at + first));
        // The first one shows where numbers begin, and how they are padded.
        const lost = all.filter((_, at) => at > 0 && coins[at]);
        const kept = all.filter((name) => !lost.includes(name));
        const [series, ...others] = seriesOf(kept);
        expect(others).toEqual([]);
        expect(series?.files).toEqual(kept);
        expect(series?.missing).toEqual(lost);
      }),
      { numRuns: 300 },
    );
  });
});

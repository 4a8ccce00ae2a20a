import { describe, expect, it } from 'vitest';
import type { FloatType } from '../../safetensors/dtype.ts';
import { allCodes, bytesOfWords, tellingF32, weights } from '../cases.fixture.ts';
import { decode } from '../plain.fixture.ts';
import { words16, words32 } from '../word-views.ts';
import { type StatisticsSpec, statisticsCpu } from './cpu.ts';
import { statisticsKernel } from './kernel.ts';
import { ABSOLUTE_BOUND, RELATIVE_BOUND, summarise } from './summary.ts';

function statistics(spec: StatisticsSpec, bytes: Uint8Array) {
  const output = new Uint8Array(statisticsKernel.outputBytes(spec));
  statisticsCpu(spec, [bytes], output);
  return summarise(spec, output);
}

function numbersOf(dtype: FloatType, bytes: Uint8Array): number[] {
  return [...(dtype === 'F32' ? words32(bytes) : words16(bytes))].map((code) => decode(dtype, code));
}

function plainly(values: readonly number[]) {
  const finite = values.filter((value) => Number.isFinite(value));
  const taken = finite.filter((value) => Math.abs(value) < 2 ** 57);
  const mean = (list: readonly number[]) => list.reduce((sum, value) => sum + value, 0) / Math.max(1, list.length);
  return {
    count: values.length,
    maxAbs: finite.reduce((most, value) => Math.max(most, Math.abs(value)), 0),
    mean: mean(taken),
    rms: Math.sqrt(mean(taken.map((value) => value * value))),
    zeros: values.filter((value) => value === 0).length,
    nan: values.filter((value) => Number.isNaN(value)).length,
    infinite: values.filter((value) => Math.abs(value) === Number.POSITIVE_INFINITY).length,
    huge: finite.length - taken.length,
  };
}

function expectClose(given: ReturnType<typeof plainly>, expected: ReturnType<typeof plainly>) {
  const bound = RELATIVE_BOUND * expected.rms + ABSOLUTE_BOUND;
  expect(Math.abs(given.mean - expected.mean)).toBeLessThanOrEqual(bound);
  expect(Math.abs(given.rms - expected.rms)).toBeLessThanOrEqual(bound);
  expect({ ...given, mean: 0, rms: 0 }).toEqual({ ...expected, mean: 0, rms: 0 });
}

describe('statistics on the CPU', () => {
  it.each(['F32', 'BF16', 'F16'] as const)('are those of float64 within the stated bound, over every %s', (dtype) => {
    const bytes = bytesOfWords(dtype === 'F32' ? tellingF32() : allCodes());
    const values = numbersOf(dtype, bytes);
    const [given] = statistics({ dtype, segments: 1, count: values.length }, bytes);
    if (given) expectClose(given, plainly(values));
    expect(given?.nan).toBeGreaterThan(0);
  });

  it.each(['F32', 'BF16', 'F16'] as const)('are those of each segment, whatever its length, in %s', (dtype) => {
    for (const count of [1, 7, 16384, 16385, 40_003]) {
      const bytes = weights(dtype, 3 * count, count);
      const values = numbersOf(dtype, bytes);
      const given = statistics({ dtype, segments: 3, count }, bytes);
      expect(given).toHaveLength(3);
      for (const [segment, each] of given.entries()) {
        expectClose(each, plainly(values.slice(segment * count, (segment + 1) * count)));
      }
    }
  });

  it('are none for nothing', () => {
    expect(statistics({ dtype: 'BF16', segments: 1, count: 0 }, new Uint8Array(0))).toEqual([plainly([])]);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createBudget } from '../budget.ts';
import { openCheckpoint } from '../checkpoint/open.ts';
import { createEngine } from '../kernels/engine.ts';
import { decode } from '../kernels/plain.fixture.ts';
import { ABSOLUTE_BOUND, RELATIVE_BOUND } from '../kernels/statistics/summary.ts';
import { detectLayout } from '../layouts/detect.ts';
import type { Projection } from '../layouts/types.ts';
import { matrixView } from '../layouts/view.ts';
import type { FileSet } from '../source/types.ts';
import { allTensors, countingFiles, filesOf, openFixture, safetensorsBytes } from '../testing.fixture.ts';
import { MIB } from '../units.ts';
import { findInValues, VALUE_FINDINGS } from './findings.ts';
import { briefly, type Change, PLANTED_FINDINGS, plantedFaults, plantedFiles } from './planted.fixture.ts';
import { chosenExperts } from './scope.ts';
import { type StatisticsOptions, statisticsCost, statisticsOf } from './statistics.ts';

async function measure(files: FileSet, options: Partial<StatisticsOptions> = {}) {
  const checkpoint = await openCheckpoint(files);
  const engine = createEngine({ engine: 'cpu' });
  const given = { budget: createBudget(64 * MIB), engine, ...options };
  return statisticsOf(checkpoint, detectLayout(checkpoint), files, given);
}

/** Mean, RMS and largest size in float64, through strides, one element after another. */
function plainly(values: readonly number[]) {
  const mean = (list: readonly number[]) => list.reduce((sum, value) => sum + value, 0) / list.length;
  return {
    maxAbs: Math.max(...values.map(Math.abs)),
    mean: mean(values),
    rms: Math.sqrt(mean(values.map((value) => value * value))),
    zeros: values.filter((value) => value === 0).length,
  };
}

describe('statistics of a checkpoint', () => {
  it.each(['qwen3_moe', 'mixtral', 'llama4_text', 'granitemoe', 'jamba', 'deepseek_v3', 'gpt_oss'])(
    'are those of float64 for every matrix of %s, whichever way it is stored',
    async (architecture) => {
      const { files, checkpoint } = await openFixture(architecture);
      const { groups } = detectLayout(checkpoint);
      const tensors = await allTensors(files);
      const counted = countingFiles(files);
      const { matrices, unreadable, bytes } = await measure(counted.files);
      expect(unreadable).toEqual([]);
      const experts = groups.reduce((sum, group) => sum + (group.experts ?? 0), 0);
      expect(matrices).toHaveLength(3 * experts);
      for (const matrix of matrices) {
        const group = groups.find(({ prefix }) => prefix === matrix.prefix);
        const view = group && matrixView(group, matrix.projection, matrix.expert);
        const stored = view && tensors.get(view.tensor)?.bytes;
        if (!view || !stored) throw new Error(`${matrix.prefix} has no ${matrix.projection}`);
        const words = new Uint16Array(stored.slice().buffer);
        const values = Array.from({ length: view.rows * view.columns }, (_, i) => {
          const [row, column] = [Math.floor(i / view.columns), i % view.columns];
          return decode('BF16', words[view.base + row * view.rowStride + column * view.columnStride] ?? 0);
        });
        const expected = plainly(values);
        const bound = RELATIVE_BOUND * expected.rms + ABSOLUTE_BOUND;
        expect(Math.abs(matrix.mean - expected.mean)).toBeLessThanOrEqual(bound);
        expect(Math.abs(matrix.rms - expected.rms)).toBeLessThanOrEqual(bound);
        expect(matrix).toMatchObject({ count: values.length, maxAbs: expected.maxAbs, zeros: expected.zeros, nan: 0 });
      }
      expect(bytes).toBe(matrices.reduce((sum, { count }) => sum + 2 * count, 0));
      const data = counted.reads.filter(({ start }) => start > 0).reduce((sum, { start, end }) => sum + end - start, 0);
      expect(data).toBeLessThanOrEqual(bytes + 2 * matrices.length);
    },
  );

  it.each(['qwen3_moe', 'granitemoe', 'gpt_oss'])(
    'of %s cost as many bytes as was said before',
    async (architecture) => {
      const { files, checkpoint } = await openFixture(architecture);
      const cost = statisticsCost(checkpoint, detectLayout(checkpoint));
      const { matrices, bytes } = await measure(files);
      expect(cost).toMatchObject({ matrices: matrices.length, bytes, unreadable: [] });
      expect(() => statisticsCost(checkpoint, detectLayout(checkpoint), { layers: [99] })).toThrow('layer 99');
    },
  );

  it('reads only the chosen layers, reports every byte, and refuses layers without experts', async () => {
    const { files, checkpoint } = await openFixture('qwen3_moe');
    const seen: number[] = [];
    const layer = detectLayout(checkpoint).groups.findLast(({ experts }) => experts !== null)?.index ?? -1;
    const { matrices, bytes } = await measure(files, {
      layers: [layer],
      onProgress: ({ done, total }) => seen.push(done / total),
    });
    expect(new Set(matrices.map((matrix) => matrix.layer))).toEqual(new Set([layer]));
    expect([seen[0], seen.at(-1)]).toEqual([0, 1]);
    expect(bytes).toBeGreaterThan(0);
    await expect(measure(files, { layers: [layer, 99] })).rejects.toMatchObject({ tag: 'usage' });
    await expect(measure(files, { signal: AbortSignal.abort() })).rejects.toMatchObject({ tag: 'cancelled' });
  });
});

describe('a scope of statistics', () => {
  it.each(['qwen3_moe', 'granitemoe', 'gpt_oss'])('reads one expert of %s, and no bytes of others', async (name) => {
    const { files, checkpoint } = await openFixture(name);
    const layout = detectLayout(checkpoint);
    const layer = layout.groups.findLast(({ experts }) => experts !== null)?.index ?? -1;
    const all = await measure(files);
    const counted = countingFiles(files);
    const { matrices, bytes } = await measure(counted.files, { layers: [layer], experts: [1] });
    expect(matrices).toEqual(all.matrices.filter((matrix) => matrix.layer === layer && matrix.expert === 1));
    expect(statisticsCost(checkpoint, layout, { layers: [layer], experts: [1] })).toMatchObject({
      experts: 1,
      matrices: 3,
      bytes,
    });
    const read = counted.reads.filter(({ start }) => start > 0).reduce((sum, { start, end }) => sum + end - start, 0);
    expect(read).toBeLessThanOrEqual(bytes + 2 * matrices.length);
  });

  it('samples every so many experts, counted through the layers', async () => {
    const files = filesOf(plantedFiles((value) => value, 2));
    const { matrices } = await measure(files, { every: 5 });
    const places = matrices.filter(({ projection }) => projection === 'up').map((one) => [one.layer, one.expert]);
    expect(places).toEqual([
      [0, 0],
      [0, 5],
      [0, 10],
      [1, 3],
      [1, 8],
    ]);
    const checkpoint = await openCheckpoint(files);
    const cost = statisticsCost(checkpoint, detectLayout(checkpoint), { every: 5 });
    expect(cost).toMatchObject({ experts: 5, ofExperts: 24, matrices: 15 });
  });

  it('chooses all, some, or every so many experts of layers', () => {
    expect(chosenExperts([2, 3], {})).toEqual([null, null]);
    expect(chosenExperts([2, 3], { experts: [2] })).toEqual([new Set(), new Set([2])]);
    expect(chosenExperts([3, 0, 4], { every: 3 })).toEqual([new Set([0]), new Set(), new Set([0, 3])]);
  });
});

const PROJECTIONS: readonly Projection[] = ['gate', 'up', 'down'];
const planted = (change: Change): FileSet => filesOf(plantedFiles(change));

describe('findings in values', () => {
  it('are none in noise', async () => {
    expect((await measure(planted((value) => value))).findings).toEqual([]);
  });

  it('name planted dead, twin, NaN and outlier experts, and nobody else', async () => {
    const { findings } = await measure(planted(plantedFaults));
    expect(findings.map(briefly).sort()).toEqual([...PLANTED_FINDINGS].sort());
    expect(findings.find(({ tag }) => tag === 'twin-experts')?.message).toBe(
      'Equal in every matrix: expert 3 of model.layers.0.mlp, expert 7 of model.layers.0.mlp.',
    );
    expect(findings.filter(({ tag }) => tag === 'not-finite').map(({ message }) => message)).toEqual([
      'The gate matrix of expert 6 of model.layers.0.mlp holds 1 NaN.',
      'The gate matrix of expert 8 of model.layers.0.mlp holds 1 infinity.',
      'The up matrix of expert 8 of model.layers.0.mlp holds 1 infinity.',
      'The down matrix of expert 8 of model.layers.0.mlp holds 1 infinity.',
    ]);
  });

  it('name eight twins and count the rest, all of them places', async () => {
    const { findings } = await measure(planted((_, expert, _projection, i) => (expert === 0 ? 0.1 : i / 7)));
    const [twins] = findings.filter(({ tag }) => tag === 'twin-experts');
    expect(twins?.experts).toHaveLength(11);
    expect(twins?.message).toMatch(
      /^Equal in every matrix: expert 1 of .*expert 8 of model\.layers\.0\.mlp, and 3 more\.$/,
    );
  });

  it('are the same in whatever order matrices come, and none of none', async () => {
    const { findings, matrices } = await measure(planted(plantedFaults));
    const tags = findings.map(({ tag }) => tag);
    expect([...new Set(tags)]).toEqual(Object.keys(VALUE_FINDINGS));
    fc.assert(
      fc.property(fc.shuffledSubarray([...matrices], { minLength: matrices.length }), (shuffled) => {
        expect(findInValues(shuffled)).toEqual(findings);
      }),
      { numRuns: 20 },
    );
    expect(findInValues([])).toEqual([]);
  });
});

describe('statistics of quantised weights', () => {
  const config = (more: object) =>
    JSON.stringify({ model_type: 'qwen3_moe', num_experts: 2, num_hidden_layers: 1, ...more });

  it('are of the numbers that FP8 codes and block scales represent', async () => {
    const [rows, columns] = [160, 136];
    const tensors = [0, 1].flatMap((expert) =>
      PROJECTIONS.flatMap((projection) => {
        const [r, c] = projection === 'down' ? [columns, rows] : [rows, columns];
        const name = `model.layers.0.mlp.experts.${expert}.${projection}_proj`;
        const codes = new Uint8Array(r * c).fill(0x38);
        const scales = Float32Array.of(1, 2, 4, 8);
        return [
          { name: `${name}.weight`, dtype: 'F8_E4M3' as const, shape: [r, c], bytes: codes },
          {
            name: `${name}.weight_scale_inv`,
            dtype: 'F32' as const,
            shape: [2, 2],
            bytes: new Uint8Array(scales.buffer),
          },
        ];
      }),
    );
    const files = filesOf({
      'config.json': config({ quantization_config: { weight_block_size: [128, 128] } }),
      'model.safetensors': safetensorsBytes(tensors),
    });
    const { matrices, unreadable } = await measure(files);
    expect(unreadable).toEqual([]);
    const sum = 128 * 128 * 1 + 128 * 8 * 2 + 32 * 128 * 4 + 32 * 8 * 8;
    expect(matrices.find(({ projection }) => projection === 'gate')).toMatchObject({
      dtype: 'F8_E4M3',
      count: rows * columns,
      maxAbs: 8,
      mean: sum / (rows * columns),
    });
  });

  it('are of the numbers that MXFP4 blocks and scales represent, gate and up apart', async () => {
    const [experts, intermediate, hidden] = [2, 32, 64];
    const blocks = (rows: number, groups: number, value: (row: number) => number) =>
      Uint8Array.from(
        { length: experts * rows * groups * 16 },
        (_, i) => value(Math.floor(i / groups / 16) % rows) * 17,
      );
    const stacked = (stem: string, rows: number, groups: number, bytes: Uint8Array) => [
      {
        name: `model.layers.0.mlp.experts.${stem}_blocks`,
        dtype: 'U8' as const,
        shape: [experts, rows, groups, 16],
        bytes,
      },
      {
        name: `model.layers.0.mlp.experts.${stem}_scales`,
        dtype: 'U8' as const,
        shape: [experts, rows, groups],
        bytes: new Uint8Array(experts * rows * groups).fill(128),
      },
    ];
    const tensors = [
      ...stacked(
        'gate_up_proj',
        2 * intermediate,
        hidden / 32,
        blocks(2 * intermediate, hidden / 32, (row) => (row % 2 === 0 ? 2 : 7)),
      ),
      ...stacked(
        'down_proj',
        hidden,
        intermediate / 32,
        blocks(hidden, intermediate / 32, () => 9),
      ),
    ];
    const files = filesOf({
      'config.json': JSON.stringify({
        model_type: 'gpt_oss',
        num_local_experts: experts,
        num_hidden_layers: 1,
        hidden_size: hidden,
        intermediate_size: intermediate,
      }),
      'model.safetensors': safetensorsBytes(tensors),
    });
    const { matrices, unreadable } = await measure(files);
    expect(unreadable).toEqual([]);
    const of = (projection: Projection) => matrices.find((matrix) => matrix.projection === projection);
    expect(of('gate')).toMatchObject({ count: intermediate * hidden, mean: 2, rms: 2, maxAbs: 2 });
    expect(of('up')).toMatchObject({ count: intermediate * hidden, mean: 12, maxAbs: 12 });
    expect(of('down')).toMatchObject({ count: intermediate * hidden, mean: -1, maxAbs: 1 });
  });

  it('says what it cannot decode', async () => {
    const tensors = [0, 1].flatMap((expert) =>
      PROJECTIONS.map((projection) => ({
        name: `model.layers.0.mlp.experts.${expert}.${projection}_proj.weight`,
        dtype: 'I8' as const,
        shape: [8, 8],
      })),
    );
    const files = filesOf({ 'config.json': config({}), 'model.safetensors': safetensorsBytes(tensors) });
    const { matrices, unreadable } = await measure(files);
    expect(matrices).toEqual([]);
    expect(unreadable.map(({ projection, reason }) => `${projection}: ${reason}`)).toEqual(
      PROJECTIONS.map((projection) => `${projection}: Numbers stored as I8 are not decoded.`),
    );
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TARGETS } from '../plan/targets.ts';
import type { Target } from '../plan/types.ts';
import type { DType } from '../safetensors/dtype.ts';
import { allTensors, filesOf, safetensorsBytes, sameTensor } from '../testing.fixture.ts';
import { convertedTo, edited, setBytes, sideOf, tensorAt } from './planting.fixture.ts';
import { verifyCheckpoints } from './verify.ts';

interface Model {
  readonly layers: number;
  readonly experts: number;
  readonly hidden: number;
  readonly intermediate: number;
  readonly dtype: DType;
  readonly style: 'projections' | 'w123';
}

const model: fc.Arbitrary<Model> = fc.record({
  layers: fc.integer({ min: 1, max: 2 }),
  experts: fc.integer({ min: 2, max: 12 }),
  hidden: fc.integer({ min: 3, max: 8 }),
  intermediate: fc.integer({ min: 2, max: 6 }),
  dtype: fc.constantFrom<DType>('BF16', 'F16', 'F32', 'F8_E4M3'),
  style: fc.constantFrom('projections' as const, 'w123' as const),
});
const target = fc.constantFrom(...(Object.keys(TARGETS) as Target[]));

function sideFor({ layers, experts, hidden, intermediate, dtype, style }: Model) {
  const w123 = style === 'w123';
  const container = w123 ? 'block_sparse_moe' : 'mlp';
  const [gate, up, down] = w123 ? ['w1', 'w3', 'w2'] : ['gate_proj', 'up_proj', 'down_proj'];
  const tensors: { name: string; dtype: DType; shape: number[] }[] = [];
  for (let layer = 0; layer < layers; layer++) {
    const base = `model.layers.${layer}.${container}`;
    tensors.push({ name: `${base}.gate.weight`, dtype, shape: [experts, hidden] });
    for (let expert = 0; expert < experts; expert++) {
      const path = `${base}.experts.${expert}.`;
      tensors.push({ name: `${path}${gate}.weight`, dtype, shape: [intermediate, hidden] });
      tensors.push({ name: `${path}${up}.weight`, dtype, shape: [intermediate, hidden] });
      tensors.push({ name: `${path}${down}.weight`, dtype, shape: [hidden, intermediate] });
    }
  }
  const sizes = { hidden_size: hidden, num_hidden_layers: layers };
  const config = w123
    ? { model_type: 'mixtral', num_local_experts: experts, intermediate_size: intermediate, ...sizes }
    : { model_type: 'qwen3_moe', num_experts: experts, moe_intermediate_size: intermediate, ...sizes };
  return sideOf(filesOf({ 'model.safetensors': safetensorsBytes(tensors), 'config.json': JSON.stringify(config) }));
}

describe('random conversions', () => {
  it('are never accused of anything: 500 clean ones', async () => {
    let clean = 0;
    for (let seed = 1; clean < 500; seed++) {
      for (const [shape, to] of fc.sample(fc.tuple(model, target), { numRuns: 100, seed })) {
        const original = await sideFor(shape);
        const converted = await convertedTo(original, to);
        if (!converted || clean >= 500) continue;
        const { equal, mistakes, differences } = await verifyCheckpoints(original, converted);
        expect({ equal, mistakes, differences }, JSON.stringify([shape, to])).toEqual({
          equal: true,
          mistakes: [],
          differences: [],
        });
        clean++;
      }
    }
    expect(clean).toBe(500);
  }, 60_000);

  it('with one byte changed anywhere name that byte, its tensor and its expert', async () => {
    let seen = 0;
    await fc.assert(
      fc.asyncProperty(model, target, fc.nat(), fc.integer({ min: 1, max: 255 }), async (shape, to, pick, mask) => {
        const original = await sideFor(shape);
        const converted = await convertedTo(original, to);
        if (!converted) return;
        const [shard] = converted.checkpoint.shards;
        if (!shard) throw new Error('no shard');
        const at = shard.dataStart + (pick % (shard.byteLength - shard.dataStart));
        const wrong = await withByte(converted, shard.file, at, mask);
        const { mistakes, differences } = await verifyCheckpoints(original, wrong);
        expect(mistakes).toMatchObject([
          {
            kind: Number.isInteger(Math.log2(mask)) ? 'bit-flipped' : 'byte-flipped',
            place: { length: 1, converted: { file: shard.file, byte: at } },
          },
        ]);
        const [mistake] = mistakes;
        const name = mistake?.tensor ?? '';
        const byte = mistake?.place?.byte ?? -1;
        expect(differences.map((each) => each.tensor)).toEqual([name]);
        const expert = /experts\.(\d+)\./.exec(name)?.[1];
        expect(mistake?.experts).toEqual(expert === undefined ? [] : [Number(expert)]);
        const same = await edited(original, (tensors) =>
          setBytes(
            tensors,
            name,
            tensorAt(tensors, name).bytes.map((value, i) => (i === byte ? value ^ mask : value)),
          ),
        );
        const [a, b] = [await allTensors(wrong.files), await allTensors(((await convertedTo(same, to)) ?? same).files)];
        expect([...a].filter(([own, tensor]) => !sameTensor(tensor, b.get(own))).map(([own]) => own)).toEqual([]);
        seen++;
      }),
      { numRuns: 150 },
    );
    expect(seen).toBeGreaterThan(60);
  }, 60_000);
});

/** The same files with one byte changed. */
async function withByte(side: Awaited<ReturnType<typeof sideOf>>, file: string, at: number, mask: number) {
  const entries: Record<string, Uint8Array> = {};
  for (const { name, byteLength } of await side.files.list()) {
    const bytes = await (await side.files.open(name)).read({ start: 0, end: byteLength });
    if (name === file) bytes[at] = (bytes[at] ?? 0) ^ mask;
    entries[name] = bytes;
  }
  return sideOf(filesOf(entries, 'changed'));
}

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openCheckpoint } from '../checkpoint/open.ts';
import { runPlan } from '../convert/run.ts';
import type { DType } from '../safetensors/dtype.ts';
import { createMemorySink } from '../sink/memory.ts';
import { allTensors, filesOf, safetensorsBytes, sameTensor } from '../testing.fixture.ts';
import { verifyCheckpoints } from '../verify/verify.ts';
import { planConversion } from './conversion.ts';
import { spansOf } from './parts.ts';
import type { ConversionPlan, Target } from './types.ts';

interface Model {
  readonly layers: readonly boolean[];
  readonly experts: number;
  readonly hidden: number;
  readonly intermediate: number;
  readonly dtype: DType;
  readonly style: 'projections' | 'w123';
  readonly shards: number;
}

const model: fc.Arbitrary<Model> = fc.record({
  layers: fc.array(fc.boolean(), { minLength: 1, maxLength: 3 }).map((layers) => [true, ...layers]),
  experts: fc.integer({ min: 2, max: 13 }),
  hidden: fc.integer({ min: 3, max: 9 }),
  intermediate: fc.integer({ min: 2, max: 7 }),
  dtype: fc.constantFrom<DType>('BF16', 'F16', 'F32', 'U8'),
  style: fc.constantFrom('projections' as const, 'w123' as const),
  shards: fc.integer({ min: 1, max: 4 }),
});

/** A small checkpoint of random shape; its experts are dealt over the shards so that layers straddle files. */
function filesFor({ layers, experts, hidden, intermediate, dtype, style, shards }: Model) {
  const container = style === 'w123' ? 'block_sparse_moe' : 'mlp';
  const spell =
    style === 'w123' ? { gate: 'w1', up: 'w3', down: 'w2' } : { gate: 'gate_proj', up: 'up_proj', down: 'down_proj' };
  const tensors: { name: string; dtype: DType; shape: number[] }[] = [
    { name: 'model.embed_tokens.weight', dtype, shape: [5, hidden] },
  ];
  layers.forEach((sparse, layer) => {
    const base = `model.layers.${layer}.`;
    tensors.push({ name: `${base}input_layernorm.weight`, dtype, shape: [hidden] });
    if (!sparse) {
      for (const [projection, shape] of [
        ['gate_proj', [intermediate, hidden]],
        ['up_proj', [intermediate, hidden]],
        ['down_proj', [hidden, intermediate]],
      ] as const) {
        tensors.push({ name: `${base}mlp.${projection}.weight`, dtype, shape: [...shape] });
      }
      return;
    }
    tensors.push({ name: `${base}${container}.gate.weight`, dtype, shape: [experts, hidden] });
    for (let expert = 0; expert < experts; expert++) {
      const path = `${base}${container}.experts.${expert}.`;
      tensors.push({ name: `${path}${spell.gate}.weight`, dtype, shape: [intermediate, hidden] });
      tensors.push({ name: `${path}${spell.up}.weight`, dtype, shape: [intermediate, hidden] });
      tensors.push({ name: `${path}${spell.down}.weight`, dtype, shape: [hidden, intermediate] });
    }
  });
  const entries: Record<string, Uint8Array | string> = {};
  const weightMap: Record<string, string> = {};
  const per = Math.ceil(tensors.length / shards);
  for (let shard = 0; shard * per < tensors.length; shard++) {
    const file = `model-${String(shard + 1).padStart(5, '0')}-of-${String(Math.ceil(tensors.length / per)).padStart(5, '0')}.safetensors`;
    const held = tensors.slice(shard * per, (shard + 1) * per);
    entries[file] = safetensorsBytes(held);
    for (const tensor of held) weightMap[tensor.name] = file;
  }
  entries['model.safetensors.index.json'] = JSON.stringify({ metadata: {}, weight_map: weightMap });
  const config =
    style === 'w123'
      ? { model_type: 'mixtral', num_local_experts: experts, intermediate_size: intermediate }
      : {
          model_type: 'qwen3_moe',
          num_experts: experts,
          moe_intermediate_size: intermediate,
          mlp_only_layers: layers.flatMap((sparse, layer) => (sparse ? [] : [layer])),
        };
  entries['config.json'] = JSON.stringify({ ...config, hidden_size: hidden, num_hidden_layers: layers.length });
  return filesOf(entries);
}

/** Every source byte of the checkpoint's tensors, exactly once. */
function coverage(plan: ConversionPlan): Map<string, { start: number; end: number }[]> {
  const byFile = new Map<string, { start: number; end: number }[]>();
  for (const tensor of plan.shards.flatMap((shard) => shard.tensors)) {
    for (const span of tensor.parts.flatMap(spansOf)) byFile.set(span.file, [...(byFile.get(span.file) ?? []), span]);
  }
  for (const spans of byFile.values()) spans.sort((a, b) => a.start - b.start);
  return byFile;
}

describe('random checkpoints', () => {
  it('plan, convert and verify to equal, whatever their shape, shards and target', async () => {
    await fc.assert(
      fc.asyncProperty(
        model,
        fc.constantFrom<Target>('stacked', 'gate-up'),
        fc.integer({ min: 20, max: 4000 }),
        async (shape, target, maxShardBytes) => {
          const files = filesFor(shape);
          const checkpoint = await openCheckpoint(files);
          const plan = planConversion(checkpoint, target, { maxShardBytes });
          expect(plan.refusals).toEqual([]);
          const sink = createMemorySink();
          await runPlan(structuredClone(plan), { files, sink });
          const converted = await openCheckpoint(sink.files());
          expect(converted.findings).toEqual([]);
          const result = await verifyCheckpoints({ files, checkpoint }, { files: sink.files(), checkpoint: converted });
          expect(result).toMatchObject({ equal: true, tensors: checkpoint.tensors.size, bytes: plan.bytes });
        },
      ),
      { numRuns: 60 },
    );
  });

  it('use every source byte of every tensor exactly once', async () => {
    await fc.assert(
      fc.asyncProperty(model, fc.constantFrom<Target>('stacked', 'gate-up'), async (shape, target) => {
        const checkpoint = await openCheckpoint(filesFor(shape));
        const plan = planConversion(checkpoint, target);
        const used = coverage(plan);
        for (const shard of checkpoint.shards) {
          let at: number = shard.dataStart;
          for (const span of used.get(shard.file) ?? []) {
            expect(span.start).toBe(at);
            at = span.end;
          }
          expect(at).toBe(shard.byteLength);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('come back to the byte: per-expert to a fused form and back is the identity', async () => {
    await fc.assert(
      fc.asyncProperty(model, fc.constantFrom<Target>('stacked', 'gate-up'), async (shape, target) => {
        const files = filesFor(shape);
        const there = createMemorySink();
        await runPlan(planConversion(await openCheckpoint(files), target), { files, sink: there });
        const back = createMemorySink();
        const plan = planConversion(await openCheckpoint(there.files()), 'per-expert');
        expect(plan.refusals).toEqual([]);
        await runPlan(plan, { files: there.files(), sink: back });
        const [before, after] = [await allTensors(files), await allTensors(back.files())];
        expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
        expect(
          [...before].filter(([name, tensor]) => !sameTensor(tensor, after.get(name))).map(([name]) => name),
        ).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });
});

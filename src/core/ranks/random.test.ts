import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openCheckpoint } from '../checkpoint/open.ts';
import { rankManifest } from '../handoff/rank-manifest.ts';
import { planPlacement, type RankOptions } from '../programs/placing.ts';
import type { DType } from '../safetensors/dtype.ts';
import { filesOf, safetensorsBytes } from '../testing.fixture.ts';
import { heldBytes, type RankReads, rankReads } from './bytes.ts';
import { placed } from './facts.fixture.ts';
import { createFileCounter } from './file-bytes.ts';
import { loadingOf } from './loading.ts';
import { type RankModel, rankModel } from './summary.ts';
import type { IndexedTensor } from './tensor-index.ts';
import type { Placement } from './types.ts';

interface Shape {
  readonly layers: number;
  /** Of each layer; the config says as many as the first has. */
  readonly experts: readonly number[];
  readonly hidden: number;
  readonly intermediate: number;
  readonly family: 'per-expert' | 'stacked' | 'gate-up';
  readonly shards: number;
}

const few = fc.integer({ min: 1, max: 12 });

/** Alike in every layer, or pruned layer by layer. */
const experts = fc.oneof(
  few.map((count) => [count, count, count, count]),
  fc.tuple(few, few, few, few),
  fc.tuple(...Array.from({ length: 4 }, () => fc.constantFrom(4, 8, 12))),
);

const shape: fc.Arbitrary<Shape> = fc.record({
  layers: fc.integer({ min: 1, max: 4 }),
  experts,
  hidden: fc.integer({ min: 3, max: 9 }),
  intermediate: fc.integer({ min: 2, max: 7 }),
  family: fc.constantFrom('per-expert' as const, 'stacked' as const, 'gate-up' as const),
  shards: fc.integer({ min: 1, max: 4 }),
});

function tensorsOf({ layers, experts: counts, hidden, intermediate, family }: Shape) {
  const tensors: { name: string; dtype: DType; shape: number[] }[] = [
    { name: 'model.embed_tokens.weight', dtype: 'BF16', shape: [11, hidden] },
  ];
  const add = (name: string, ...dims: number[]) => tensors.push({ name, dtype: 'BF16', shape: dims });
  for (let layer = 0; layer < layers; layer++) {
    const base = `model.layers.${layer}.`;
    const experts = counts[layer] ?? 0;
    add(`${base}self_attn.q_proj.weight`, 8, hidden);
    add(`${base}mlp.gate.weight`, experts, hidden);
    const path = `${base}mlp.experts.`;
    if (family === 'gate-up') add(`${path}gate_up_proj`, experts, 2 * intermediate, hidden);
    if (family === 'stacked') {
      add(`${path}gate_proj`, experts, intermediate, hidden);
      add(`${path}up_proj`, experts, intermediate, hidden);
    }
    if (family !== 'per-expert') add(`${path}down_proj`, experts, hidden, intermediate);
    for (let expert = 0; expert < (family === 'per-expert' ? experts : 0); expert++) {
      add(`${path}${expert}.gate_proj.weight`, intermediate, hidden);
      add(`${path}${expert}.up_proj.weight`, intermediate, hidden);
      add(`${path}${expert}.down_proj.weight`, hidden, intermediate);
    }
    add(`${base}input_layernorm.weight`, hidden);
  }
  add('model.norm.weight', hidden);
  add('lm_head.weight', 11, hidden);
  return tensors;
}

async function modelOf(of: Shape): Promise<RankModel> {
  const tensors = tensorsOf(of);
  const per = Math.ceil(tensors.length / of.shards);
  const count = Math.ceil(tensors.length / per);
  const weightMap: Record<string, string> = {};
  const entries: Record<string, Uint8Array | string> = {};
  for (let shard = 0; shard < count; shard++) {
    const file = `model-${String(shard + 1).padStart(5, '0')}-of-${String(count).padStart(5, '0')}.safetensors`;
    const held = tensors.slice(shard * per, (shard + 1) * per);
    entries[file] = safetensorsBytes(held);
    for (const tensor of held) weightMap[tensor.name] = file;
  }
  entries['model.safetensors.index.json'] = JSON.stringify({ metadata: {}, weight_map: weightMap });
  entries['config.json'] = JSON.stringify({
    model_type: 'qwen3_moe',
    architectures: ['Qwen3MoeForCausalLM'],
    num_experts: of.experts[0],
    moe_intermediate_size: of.intermediate,
    hidden_size: of.hidden,
    num_hidden_layers: of.layers,
    mlp_only_layers: [],
  });
  return rankModel(await openCheckpoint(filesOf(entries)));
}

const degree = fc.constantFrom(1, 2, 3, 4);

/** Options of any framework; many are refused, which is no failure here. */
const options: fc.Arbitrary<RankOptions> = fc.oneof(
  fc.record({ framework: fc.constant('transformers-5' as const), ep: degree, dp: degree }),
  fc.record({ framework: fc.constant('transformers-5' as const), ep: degree, pp: degree }),
  fc.record({
    framework: fc.constant('torchtitan' as const),
    ep: degree,
    dp: degree,
    cp: fc.constantFrom(1, 2),
    pp: fc.constantFrom(1, 2),
  }),
  fc.record({ framework: fc.constant('megatron-core' as const), ep: degree, pp: degree, dp: degree }),
  fc.record({ framework: fc.constant('deepspeed-moe' as const), ep: degree, dp: fc.constantFrom(2, 4, 6, 12) }),
  fc.record({ framework: fc.constant('vllm' as const), ep: fc.integer({ min: 1, max: 7 }), pp: degree }),
  fc.record({ framework: fc.constant('vllm-before-21497' as const), ep: fc.integer({ min: 1, max: 7 }) }),
  fc.record({
    framework: fc.constant('vllm' as const),
    ep: degree,
    redundant: fc.nat({ max: 8 }),
    strategy: fc.constantFrom('linear' as const, 'ep-aware' as const),
  }),
  fc.record({ framework: fc.constant('sglang' as const), ep: degree, redundant: fc.nat({ max: 8 }) }),
);

function isOrdered({ reads }: RankReads): boolean {
  return reads.every((read, at) => {
    const last = reads[at - 1];
    return !last || last.file < read.file || (last.file === read.file && last.offset + last.length < read.offset);
  });
}

/** How often each byte of each file is kept, over all ranks. */
function timesKept(model: RankModel, all: readonly RankReads[]): Map<string, Uint16Array> {
  const times = new Map(model.tensorIndex.files.map((file) => [file.name, new Uint16Array(file.byteLength)]));
  for (const read of all.flatMap((mine) => mine.reads)) {
    const file = times.get(read.file);
    for (const part of read.parts) {
      const copies = 1 + part.also.length;
      for (let byte = part.start; byte < part.end; byte++) if (file) file[byte] = (file[byte] ?? 0) + copies;
    }
  }
  return times;
}

/** Copies of an expert over all ranks: its slots, times the replicas of the mesh. */
function copiesOf(placement: Placement, layer: number, expert: number): number {
  const [first] = placement.ranks;
  const slots = placement.layers[layer]?.slots ?? [];
  const replicas = placement.ranks.length / (slots.length * (first?.inner.of ?? 1) * placement.stages.length);
  return replicas * slots.flat().filter((each) => each === expert).length;
}

/** The first byte of a tensor that is kept more or less often than it should be. */
function countFault(placement: Placement, tensor: IndexedTensor, times: Uint16Array): string | null {
  const { expert } = tensor;
  const cutByTp = (placement.ranks[0]?.tp.of ?? 1) > 1 && placement.dense.kind === 'full';
  const size = (tensor.end - tensor.start) / (expert?.count ?? 1);
  for (let byte: number = tensor.start; byte < tensor.end; byte++) {
    const found = times[byte] ?? 0;
    if (!expert && cutByTp && found > 0) continue;
    const which = expert ? expert.first + Math.floor((byte - tensor.start) / size) : 0;
    const wanted = expert ? copiesOf(placement, expert.layer, which) : denseCopies(placement);
    if (found !== wanted) return `${tensor.name} byte ${byte}: ${found} times, not ${wanted}`;
  }
  return null;
}

function denseCopies(placement: Placement): number {
  const [first] = placement.ranks;
  return placement.ranks.length / ((first?.fsdp.of ?? 1) * placement.stages.length);
}

describe('random checkpoints on random meshes', () => {
  it('keep every expert byte exactly once per replica, in sorted disjoint reads that sum to the bytes held', async () => {
    let [made, uneven] = [0, 0];
    await fc.assert(
      fc.asyncProperty(shape, options, async (of, asked) => {
        const model = await modelOf(of);
        const placement = planPlacement(asked, { ...model.facts, expertGroups: null });
        if ('error' in placement) return;
        made++;
        if (!placement.uniform && placement.ranks.length > 1) uneven++;
        const held = heldBytes(model.tensorIndex, placement);
        const reads = placement.ranks.map(({ rank }) => rankReads(model.tensorIndex, placement, rank));
        const filesOf = createFileCounter(model.tensorIndex, placement);
        expect(placement.layers.map((layer) => layer.experts)).toEqual(of.experts.slice(0, of.layers));
        for (const [rank, mine] of reads.entries()) {
          expect([...filesOf(rank)]).toEqual(mine.perFile);
          const {
            held: kept,
            slices,
            wholeFiles,
            everything,
            filtered,
          } = loadingOf(model.tensorIndex, placement, rank, mine);
          expect(kept).toBe(held[rank]?.total);
          expect(slices).toBe(mine.bytes);
          expect(mine.bytes <= wholeFiles && wholeFiles <= everything).toBe(true);
          expect(mine.bytes <= filtered && filtered <= everything).toBe(true);
          expect(isOrdered(mine)).toBe(true);
          expect(mine.byColumns).toBe(0);
          const twice = mine.reads.flatMap((read) => read.parts);
          const again = twice.reduce((sum, part) => sum + part.also.length * (part.end - part.start), 0);
          expect(mine.bytes + again).toBe(held[rank]?.total);
          expect(mine.perFile.reduce((sum, bytes) => sum + bytes, 0)).toBe(mine.bytes);
        }
        const times = timesKept(model, reads);
        for (const tensor of model.tensorIndex.tensors) {
          const file = times.get(model.tensorIndex.files[tensor.file]?.name ?? '') ?? new Uint16Array();
          const fault = countFault(placement, tensor, file);
          if (fault) expect.fail(fault);
        }
        rankManifest(model, placed(placement), { repo: null, revision: null, indexSha256: null });
      }),
      { numRuns: 300 },
    );
    expect(made).toBeGreaterThan(80);
    expect(uneven).toBeGreaterThan(20);
  });
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openCheckpoint } from '../checkpoint/open.ts';
import { runPlan } from '../convert/run.ts';
import { type RankManifestJson, rankManifest } from '../handoff/rank-manifest.ts';
import { detectLayout } from '../layouts/detect.ts';
import { planConversion } from '../plan/conversion.ts';
import { convertFiles, quantisedFiles } from '../plan/quantised.fixture.ts';
import type { Target } from '../plan/types.ts';
import { planPlacement, ranksOf, summarize } from '../programs/placing.ts';
import { createMemorySink } from '../sink/memory.ts';
import { FIXTURES, openFixture, type PlainTensor, truthOf } from '../testing.fixture.ts';
import { rankTensors } from './bytes.ts';
import { placed } from './facts.fixture.ts';
import { rankModel, rankModelFor, rankModelWithValues } from './summary.ts';

interface HeldTensor {
  readonly global: readonly number[];
  readonly local: readonly number[];
  readonly experts: readonly number[];
}
interface HeldRank {
  readonly rank: number;
  readonly tensors: Readonly<Record<string, HeldTensor>>;
}

/** What ranks of transformers 5.17.0 really held after loading. */
const HELD: { readonly archs: Readonly<Record<string, Readonly<Record<string, readonly HeldRank[]>>>> } = JSON.parse(
  readFileSync(join(FIXTURES, 'expert-parallel.json'), 'utf8'),
);
const CASES = Object.entries(HELD.archs).flatMap(([architecture, worlds]) =>
  Object.entries(worlds).map(([world, ranks]) => [architecture, Number(world), ranks] as const),
);
const NOWHERE = { repo: null, revision: null, indexSha256: null };

async function converted(architecture: string, target: Target) {
  const { files, checkpoint } = await openFixture(architecture);
  const plan = planConversion(checkpoint, target);
  const sink = createMemorySink('converted');
  await runPlan(plan, { files, sink });
  return { source: checkpoint, plan, files: sink.files(), checkpoint: await openCheckpoint(sink.files()) };
}

/** Experts by layer, out of tensors' names. */
function byLayer(rank: HeldRank): Map<string, readonly number[]> {
  return new Map(
    Object.entries(rank.tensors).map(([name, tensor]) => [/layers\.(\d+)\./.exec(name)?.[1] ?? '', tensor.experts]),
  );
}

function expand(intervals: readonly (readonly [number, number])[]): number[] {
  return intervals.flatMap(([start, end]) => Array.from({ length: end - start }, (_, index) => start + index));
}

describe.each(CASES)('%s on %i ranks', (architecture, ep, ranks) => {
  it('holds from hub/ what transformers held', async () => {
    const { checkpoint } = await openFixture(architecture);
    const summary = ranksOf(checkpoint, detectLayout(checkpoint), { framework: 'transformers-5', ep });
    expect(summary.error).toBeNull();
    expect(summary.ranks).toHaveLength(ranks.length);
    for (const truth of ranks) {
      const mine = summary.ranks[truth.rank];
      for (const experts of byLayer(truth).values()) expect(expand(mine?.experts ?? [])).toEqual(experts);
      expect(mine?.layers).toBeNull();
    }
  });

  it('holds from a converted output the very tensors that transformers held', async () => {
    const source = (await openFixture(architecture)).checkpoint;
    const own = architecture === 'gpt_oss';
    const output = own ? { checkpoint: source } : await converted(architecture, 'gate-up');
    const model = rankModel(output.checkpoint);
    const placement = placed(planPlacement({ framework: 'transformers-5', ep }, model.facts));
    for (const truth of ranks) {
      const shares = rankTensors(model.tensorIndex, placement, truth.rank).filter((share) => share.experts !== null);
      const mine = Object.fromEntries(
        shares.map((share): [string, HeldTensor] => [
          share.tensor.name,
          { global: share.tensor.shape, local: share.shape, experts: share.experts ?? [] },
        ]),
      );
      expect(mine).toEqual(truth.tensors);
    }
  });

  it.runIf(architecture !== 'gpt_oss')('plans the same before converting as it finds after', async () => {
    for (const target of ['gate-up', 'stacked'] as const) {
      const output = await converted(architecture, target);
      const planned = ranksOf(output.source, detectLayout(output.source), {
        framework: 'transformers-5',
        ep,
        to: target,
      });
      const found = ranksOf(output.checkpoint, detectLayout(output.checkpoint), { framework: 'transformers-5', ep });
      expect(planned).toEqual(found);
    }
  });
});

type Part = RankManifestJson['ranks'][number]['reads'][number]['parts'][number];

/** What a loader puts together that knows the manifest and the files, and nothing else. */
async function follow(manifest: RankManifestJson, files: Awaited<ReturnType<typeof converted>>['files'], rank: number) {
  const tensors = new Map<string, { shape: readonly number[]; bytes: Uint8Array }>();
  const entry = manifest.ranks[rank];
  let read = 0;
  for (const each of entry?.reads ?? []) {
    const source = await files.open(manifest.files[each.file]?.name ?? '');
    const bytes = await source.read({ start: each.offset, end: each.offset + each.length });
    read += bytes.byteLength;
    let at = 0;
    for (const part of each.parts) {
      const data = keptColumns(part, bytes.subarray(at, at + part.length));
      at += part.length;
      const size = part.shape.reduce((product, dim) => product * dim, ITEM[part.dtype] ?? 0);
      const into = tensors.get(part.tensor) ?? { shape: part.shape, bytes: new Uint8Array(size) };
      tensors.set(part.tensor, into);
      for (const to of [part.dst_offset, ...(part.also ?? [])]) into.bytes.set(data, to);
    }
  }
  return { tensors, read, bytes: entry?.bytes ?? -1 };
}

/** What is left of whole rows. */
function keptColumns({ columns, shape, dtype }: Part, data: Uint8Array): Uint8Array {
  if (!columns) return data;
  const item = ITEM[dtype] ?? 0;
  const rows = shape.at(-2) ?? 1;
  const row = data.byteLength / rows;
  const width = (columns[1] - columns[0]) * item;
  const out = new Uint8Array(rows * width);
  for (let at = 0; at < rows; at++)
    out.set(data.subarray(at * row + columns[0] * item, at * row + columns[1] * item), at * width);
  return out;
}

const ITEM: Readonly<Record<string, number>> = { BF16: 2, F16: 2, F32: 4, I64: 8 };

/** Rows of the first dim, in an order. */
function rowsOf(tensor: PlainTensor, rows: readonly number[]): Uint8Array {
  const size = tensor.bytes.byteLength / (tensor.shape[0] ?? 1);
  const out = new Uint8Array(rows.length * size);
  for (const [at, row] of rows.entries()) out.set(tensor.bytes.subarray(row * size, (row + 1) * size), at * size);
  return out;
}

const same = (a: Uint8Array | undefined, b: Uint8Array) => a !== undefined && Buffer.compare(a, b) === 0;

describe('a loader that follows the manifest', () => {
  const layouts = [
    ['linear blocks', { framework: 'transformers-5', ep: 4 }],
    ['EP and FSDP on one dim', { framework: 'transformers-5', ep: 2, dp: 2 }],
    ['uneven blocks', { framework: 'vllm', ep: 5 }],
    ['redundant experts', { framework: 'vllm', ep: 4, redundant: 4 }],
    [
      'experts twice on one rank',
      { framework: 'custom', ep: 2, map: [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0, 0, 11, 11]] },
    ],
  ] as const;

  it.each(layouts)('reassembles every rank’s tensors with %s', async (_name, options) => {
    const output = await converted('qwen3_moe', 'gate-up');
    const truth = await truthOf('qwen3_moe');
    const model = rankModel(output.checkpoint);
    const placement = placed(planPlacement(options, model.facts));
    const manifest = rankManifest(model, placement, NOWHERE);
    for (const place of placement.ranks) {
      const mine = await follow(manifest, output.files, place.rank);
      expect(mine.read).toBeLessThanOrEqual(mine.bytes);
      const held = rankTensors(model.tensorIndex, placement, place.rank);
      expect([...mine.tensors.keys()].sort()).toEqual(held.map((share) => share.tensor.name).sort());
      for (const share of held) {
        const whole = truth.get(share.tensor.name);
        if (!whole) throw new Error(share.tensor.name);
        const [dim = 1] = whole.shape;
        const start = share.experts ? 0 : place.fsdp.index * Math.ceil(dim / place.fsdp.of);
        const rows = share.experts ?? Array.from({ length: share.shape[0] ?? 0 }, (_, row) => start + row);
        const got = mine.tensors.get(share.tensor.name);
        expect(got?.shape).toEqual(share.shape);
        expect(same(got?.bytes, rowsOf(whole, rows)), `rank ${place.rank} ${share.tensor.name}`).toBe(true);
      }
    }
  });

  it('cuts the rows of experts where they are fewer than ranks, and nothing is lost', async () => {
    const output = await converted('mixtral', 'gate-up');
    const truth = await truthOf('mixtral');
    const model = rankModel(output.checkpoint);
    const placement = placed(planPlacement({ framework: 'torchtitan', ep: 8, dp: 16 }, model.facts));
    const manifest = rankManifest(model, placement, NOWHERE);
    const name = 'model.layers.1.mlp.experts.gate_up_proj';
    const whole = truth.get(name);
    for (const place of placement.ranks) {
      const mine = (await follow(manifest, output.files, place.rank)).tensors.get(name);
      const [, rows = 0, columns = 0] = whole?.shape ?? [];
      const block = (rows * columns * 2) / 2;
      const start = place.ep * rows * columns * 2 + place.inner.index * block;
      expect(mine?.shape).toEqual([1, rows / 2, columns]);
      expect(same(mine?.bytes, (whole?.bytes ?? new Uint8Array()).subarray(start, start + block))).toBe(true);
    }
  });

  it('cuts each half of a fused gate-up where experts themselves are cut', async () => {
    const output = await converted('mixtral', 'gate-up');
    const truth = await truthOf('mixtral');
    const model = rankModel(output.checkpoint);
    const placement = placed(planPlacement({ framework: 'sglang', tp: 4, ep: 2 }, model.facts));
    const manifest = rankManifest(model, placement, NOWHERE);
    const name = 'model.layers.0.mlp.experts.gate_up_proj';
    const whole = truth.get(name) as PlainTensor;
    const [experts = 0, rows = 0, columns = 0] = whole.shape;
    const flat: PlainTensor = { ...whole, shape: [experts * rows, columns] };
    for (const place of placement.ranks) {
      const mine = (await follow(manifest, output.files, place.rank)).tensors.get(name);
      const quarter = rows / 4; // half of each half
      const wanted = placement.layers[0]?.slots[place.ep]?.flatMap((expert) =>
        [0, rows / 2].flatMap((half) =>
          Array.from({ length: quarter }, (_, row) => expert * rows + half + place.etp.index * quarter + row),
        ),
      );
      expect(same(mine?.bytes, rowsOf(flat, wanted ?? []))).toBe(true);
      const down = (await follow(manifest, output.files, place.rank)).tensors.get(DOWN);
      expect(
        same(down?.bytes, halfColumns(truth.get(DOWN), placement.layers[0]?.slots[place.ep] ?? [], place.etp.index)),
      ).toBe(true);
    }
  });
});

const DOWN = 'model.layers.0.mlp.experts.down_proj';

/** The first or second half of every row of some experts' [H, I]. */
function halfColumns(tensor: PlainTensor | undefined, experts: readonly number[], which: number): Uint8Array {
  const [all = 0, rows = 0, columns = 0] = tensor?.shape ?? [];
  const halves: PlainTensor = {
    dtype: 'BF16',
    shape: [all * rows * 2, columns / 2],
    bytes: tensor?.bytes ?? new Uint8Array(),
  };
  return rowsOf(
    halves,
    experts.flatMap((expert) => Array.from({ length: rows }, (_, row) => 2 * (expert * rows + row) + which)),
  );
}

describe('a layout that a conversion cannot write', () => {
  it('is refused with the plan’s words', async () => {
    const { checkpoint } = await openFixture('jamba');
    const model = rankModelFor(checkpoint, 'gate-up-interleaved');
    expect('error' in model && model.error).toMatch(/./);
    const summary = ranksOf(checkpoint, detectLayout(checkpoint), {
      framework: 'custom',
      ep: 2,
      to: 'gate-up-interleaved',
    });
    expect(summary).toMatchObject({ mesh: null, ranks: [], error: expect.any(String) });
  });
});

describe('as if converted, where values of companions decide', () => {
  it('reads them, and says what the files that a conversion writes say', async () => {
    const files = quantisedFiles('nvfp4', undefined, { shards: 1 });
    const checkpoint = await openCheckpoint(files);
    const options = { framework: 'vllm', ep: 2 } as const;
    expect(rankModelFor(checkpoint, 'gate-up')).toMatchObject({ error: expect.stringMatching(/were not read/) });
    const planned = summarize(await rankModelWithValues(checkpoint, files, 'gate-up'), options);
    const { files: written } = await convertFiles(files, 'gate-up');
    const converted = await openCheckpoint(written);
    expect(planned.error).toBeNull();
    expect(planned.ranks).toEqual(ranksOf(converted, detectLayout(converted), options).ranks);
  });
});

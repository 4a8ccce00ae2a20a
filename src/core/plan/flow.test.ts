import { describe, expect, it } from 'vitest';
import { openCheckpoint } from '../checkpoint/open.ts';
import { runPlan } from '../convert/run.ts';
import { detectLayout } from '../layouts/detect.ts';
import { createMemorySink } from '../sink/memory.ts';
import type { FileSet } from '../source/types.ts';
import { filesOf, openFixture, safetensorsBytes } from '../testing.fixture.ts';
import { planConversion } from './conversion.ts';
import { createFlows, type FlowPiece, type LayerFlow } from './flow.ts';
import type { Target } from './types.ts';

async function bytesAt(files: FileSet, { file, start, end }: { file: string; start: number; end: number }) {
  const source = await files.open(file);
  try {
    return await source.read({ start, end });
  } finally {
    await source.dispose?.();
  }
}

/** Converts in memory; the flow of every layer with experts. */
async function flowOf(files: FileSet, target: Target, maxShardBytes?: number) {
  const checkpoint = await openCheckpoint(files);
  const layout = detectLayout(checkpoint);
  const plan = planConversion(checkpoint, target, maxShardBytes === undefined ? {} : { maxShardBytes });
  expect(plan.refusals).toEqual([]);
  const sink = createMemorySink();
  await runPlan(plan, { files, sink });
  const flows = createFlows(plan, checkpoint, layout);
  const layers = layout.groups.flatMap((_, at) => flows.layer(at) ?? []);
  return { layers, plan, layout, output: sink.files() };
}

/** From one matrix an expert, as the architecture's own files would become, to a target. */
async function apartTo(architecture: string, target: Target) {
  const { files } = await openFixture(architecture);
  const first = await openCheckpoint(files);
  const isApart = detectLayout(first).layout === 'per-expert';
  const start = isApart ? files : (await flowOf(files, 'per-expert')).output;
  const found = await flowOf(start, target);
  return { ...found, experts: found.layers[0]?.experts ?? 0 };
}

/** Every piece of every expert's projection, without what several share. */
function countsOf({ pieces }: LayerFlow): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { role, expert } of pieces) if (expert !== null) counts[role] = (counts[role] ?? 0) + 1;
  return counts;
}

async function expectCopies(source: FileSet, output: FileSet, pieces: readonly FlowPiece[]): Promise<number> {
  const copies = pieces.filter(({ kind }) => kind === 'copy');
  for (const piece of copies) {
    const [from] = piece.sources;
    if (!from) throw new Error('A copy has no source.');
    const [stored, written] = [await bytesAt(source, from), await bytesAt(output, piece)];
    expect(Buffer.compare(stored, written), `${piece.tensor} ${piece.expert}`).toBe(0);
  }
  return copies.length;
}

describe('the flow of a layer', () => {
  it.each([
    ['qwen3_moe', 'stacked', 2000],
    ['qwen3_moe', 'gate-up', undefined],
    ['mixtral', 'stacked', undefined],
    ['deepseek_v3', 'gate-up', 5000],
    ['granitemoe', 'per-expert', undefined],
    ['llama4_text', 'per-expert', undefined],
    ['gpt_oss', 'gate-up', undefined],
  ] as const)('%s to %s: what it calls a copy lies byte for byte where it says', async (architecture, target, most) => {
    const { files } = await openFixture(architecture);
    const { layers, plan, output } = await flowOf(files, target, most);
    expect(layers).toHaveLength(plan.groups.length);
    let copies = 0;
    for (const { pieces } of layers) copies += await expectCopies(files, output, pieces);
    if (!['llama4_text', 'gpt_oss'].includes(architecture)) expect(copies).toBeGreaterThan(0);
  });

  it.each([
    ['qwen3_moe', 'stacked', ['gate', 'up', 'down']],
    ['qwen3_moe', 'gate-up', ['gate', 'up', 'down']],
    ['gpt_oss', 'gate-up-interleaved', ['gate-up', 'down']],
    ['llama4_text', 'gate-up-transposed', ['gate-up', 'down']],
  ] as const)(
    '%s, experts apart, to %s: pieces fill the tensors of the target',
    async (architecture, target, roles) => {
      const { layers, plan, experts } = await apartTo(architecture, target);
      const written = new Map(plan.shards.flatMap(({ tensors }) => tensors.map((each) => [each.name, each])));
      for (const layer of layers) {
        const { pieces } = layer;
        expect(Object.keys(countsOf(layer)).sort()).toEqual([...roles].sort());
        for (const name of new Set(pieces.map(({ tensor }) => tensor))) {
          const own = pieces.filter(({ tensor }) => tensor === name);
          const tensor = written.get(name);
          expect(own[0]?.start).toBe(tensor?.start);
          expect(own.at(-1)?.end).toBe((tensor?.start ?? 0) + (tensor?.byteLength ?? 0));
          own.forEach((piece, at) => {
            if (at > 0) expect(piece.start).toBe(own[at - 1]?.end);
          });
          expect([...new Set(own.map(({ expert }) => expert))]).toEqual(Array.from({ length: experts }, (_, at) => at));
        }
      }
    },
  );

  it('takes gate from the first and up from the second of what alternates', async () => {
    const { files } = await openFixture('gpt_oss');
    const { layers, layout } = await flowOf(files, 'per-expert');
    const weights = layers[0]?.pieces.filter(({ part }) => part !== 'bias') ?? [];
    expect(layout.layout).toBe('gate-up-interleaved');
    for (const { role, tensor, kind, sources } of weights) {
      expect(kind).not.toBe('copy');
      expect(tensor).toContain(`${role}_proj`);
      expect(sources[0]?.role).toBe(role === 'down' ? 'down' : 'gate-up');
    }
  });

  it('reads both halves where they are joined', async () => {
    const { layers, experts } = await apartTo('gpt_oss', 'gate-up-interleaved');
    const joined = layers[0]?.pieces.filter(({ role, part }) => role === 'gate-up' && part === 'weight') ?? [];
    expect(joined.map(({ sources }) => sources.map(({ role }) => role).join())).toEqual(Array(experts).fill('gate,up'));
  });

  it('takes at most 5 ms for a layer of 128 experts, once the plan is there', async () => {
    const layers = 24;
    const shape = (projection: string) => (projection === 'down' ? [4, 2] : [2, 4]);
    const tensors = Array.from({ length: layers }, (_, layer) =>
      Array.from({ length: 128 }, (_each, expert) =>
        ['gate', 'up', 'down'].map((projection) => ({
          name: `model.layers.${layer}.mlp.experts.${expert}.${projection}_proj.weight`,
          dtype: 'BF16' as const,
          shape: shape(projection),
        })),
      ).flat(),
    ).flat();
    const routers = Array.from({ length: layers }, (_, layer) => ({
      name: `model.layers.${layer}.mlp.gate.weight`,
      dtype: 'BF16' as const,
      shape: [128, 4],
    }));
    const config = { model_type: 'qwen3_moe', num_experts: 128, moe_intermediate_size: 2, hidden_size: 4 };
    const checkpoint = await openCheckpoint(
      filesOf({
        'model.safetensors': safetensorsBytes([...routers, ...tensors]),
        'config.json': JSON.stringify(config),
      }),
    );
    const layout = detectLayout(checkpoint);
    const flows = createFlows(planConversion(checkpoint, 'stacked'), checkpoint, layout);
    flows.layer(0);
    const took = Array.from({ length: layers }, (_, at) => {
      const before = performance.now();
      expect(flows.layer(at)?.pieces.length).toBe(384);
      return performance.now() - before;
    });
    // The fastest: what the others took longer is the machine’s other work.
    expect(Math.min(...took)).toBeLessThan(5);
  });
});

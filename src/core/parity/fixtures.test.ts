import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openCheckpoint } from '../checkpoint/open.ts';
import { openLocal } from '../source/folder.node.ts';
import { ARCHITECTURES, allTensors, FIXTURES, filesOf, hubFolder, openFixture } from '../testing.fixture.ts';
import { floats, type Plain, tensorsOf, wholes } from './blocks.fixture.ts';
import { compareBlock } from './parity.ts';
import { openRuntime } from './runtime.ts';
import type { ParityReport, ParitySource } from './types.ts';

const runtime = await openRuntime();

interface Truth {
  readonly input: Float32Array;
  readonly output: Float32Array;
  readonly tokens: number;
  readonly indices: number[] | null;
  readonly weights: Float32Array | null;
  readonly logits: Float32Array | null;
}

/** What a float32 forward of transformers 5.17.0 gave for the block of one layer. */
function truthOf(tensors: ReadonlyMap<string, Plain>, prefix: string): Truth {
  const under = (name: string) => tensors.get(`${prefix}.${name}`);
  const input = under('input.0') as Plain;
  const output = (under('output') ?? under('output.0')) as Plain;
  const chosen = under('experts.input.1');
  const weights = under('experts.input.2');
  const logits = under('router.output.1');
  return {
    input: floats(input),
    output: floats(output),
    tokens: input.info.shape.slice(0, -1).reduce((product, dim) => product * dim, 1),
    indices: chosen ? wholes(chosen) : null,
    weights: weights ? floats(weights) : null,
    logits: logits ? floats(logits) : null,
  };
}

/** Prefix and number of every layer whose block was run. */
function layersOf(tensors: ReadonlyMap<string, Plain>): [prefix: string, layer: number][] {
  return [...tensors.keys()].flatMap((name): [string, number][] => {
    const match = /^(.*\.(\d+)\.(?!experts)\w+)\.input\.0$/.exec(name);
    return match ? [[match[1] ?? '', Number(match[2])]] : [];
  });
}

async function withConfig(architecture: string, change: Record<string, unknown>): Promise<ParitySource> {
  const names = readdirSync(hubFolder(architecture));
  const files = filesOf(
    Object.fromEntries(
      names.map((name) => {
        const bytes = new Uint8Array(readFileSync(join(hubFolder(architecture), name)));
        if (name !== 'config.json') return [name, bytes];
        return [name, JSON.stringify({ ...JSON.parse(new TextDecoder().decode(bytes)), ...change })];
      }),
    ),
  );
  return { files, checkpoint: await openCheckpoint(files) };
}

function check(report: ParityReport, truth: Truth, ep: number): void {
  expect(report.runs.map(({ id }) => id)).toEqual(['perExpert', 'stacked', 'gateUp', 'expertParallel']);
  for (const run of report.runs) expect(run.expected, `${run.id}, EP ${ep}`).toBeLessThan(1e-5);
  for (const pair of report.pairs) expect(pair.maxRelative, `${pair.a} and ${pair.b}`).toBeLessThan(1e-5);
  expect(report.verdict).toBe('same');
  const { topK, routing } = report;
  const sorted = (indices: readonly number[], token: number) =>
    indices.slice(token * topK, (token + 1) * topK).sort((a, b) => a - b);
  for (let token = 0; token < truth.tokens; token++) {
    if (truth.indices) expect(sorted(routing.indices, token)).toEqual(sorted(truth.indices, token));
    for (let at = 0; truth.indices && truth.weights && at < topK; at++) {
      const expert = routing.indices[token * topK + at];
      const place = truth.indices.slice(token * topK, (token + 1) * topK).indexOf(expert ?? -1);
      const right = truth.weights[token * topK + place] ?? Number.NaN;
      expect(Math.abs((routing.weights[token * topK + at] ?? 0) - right)).toBeLessThanOrEqual(1e-6);
    }
  }
  expect(report.tokensPerExpert.reduce((sum, count) => sum + count, 0)).toBe(truth.tokens * topK);
  expect(report.tokensPerRank).toHaveLength(ep);
}

const CASES = [
  ...ARCHITECTURES.map((architecture) => ({
    name: architecture,
    architecture,
    file: 'block_io.safetensors',
    change: {},
  })),
  {
    name: 'qwen3_moe, renormalised',
    architecture: 'qwen3_moe',
    file: 'block_io.norm_topk_prob.safetensors',
    change: { norm_topk_prob: true },
  },
];

describe.each(CASES)('the blocks of $name', ({ architecture, file, change }) => {
  it('come out as in transformers in every form, on every number of ranks', async () => {
    const source = await withConfig(architecture, change);
    const tensors = await tensorsOf(join(FIXTURES, 'checkpoints', architecture, file));
    const layers = layersOf(tensors);
    expect(layers.length).toBeGreaterThan(0);
    for (const [prefix, layer] of layers) {
      const truth = truthOf(tensors, prefix);
      const hidden = truth.input.length / truth.tokens;
      const input = { tokens: truth.tokens, hidden, values: truth.input };
      const first = await compareBlock(source, { layer, input, expect: truth.output, runtime, ep: 1 });
      check(first, truth, 1);
      for (let ep = 2; ep <= first.experts; ep++) {
        if (first.experts % ep !== 0) continue;
        check(await compareBlock(source, { layer, input, expect: truth.output, runtime, ep }), truth, ep);
      }
    }
  });
});

describe('a second checkpoint', () => {
  it.each(ARCHITECTURES)('of %s as transformers 5 holds it in memory gives the same', async (architecture) => {
    const source = await openFixture(architecture);
    const state = new Uint8Array(readFileSync(join(FIXTURES, 'checkpoints', architecture, 'state.safetensors')));
    const config = readFileSync(join(hubFolder(architecture), 'config.json'), 'utf8');
    const files = filesOf({ 'model.safetensors': state, 'config.json': config });
    const other = { files, checkpoint: await openCheckpoint(files) };
    const layer = architecture === 'jamba' ? 1 : 2;
    const report = await compareBlock(source, { layer, input: { tokens: 16, seed: 3 }, runtime, other });
    expect(report.runs.at(-1)).toMatchObject({ id: 'other', stored: true });
    expect(report.pairs).toHaveLength(10);
    expect(report.verdict).toBe('same');
    expect(report.faults).toEqual([]);
  });
});

describe('cost', () => {
  it('reads the layer once for all forms, and little besides', async () => {
    const files = await openLocal(hubFolder('mixtral'));
    const checkpoint = await openCheckpoint(files);
    const report = await compareBlock({ files, checkpoint }, { layer: 0, input: { tokens: 4, seed: 1 }, runtime });
    const experts = [...(await allTensors(files))].filter(([name]) =>
      name.startsWith('model.layers.0.block_sparse_moe.'),
    );
    const bytes = experts.reduce((sum, [, tensor]) => sum + tensor.bytes.byteLength, 0);
    // com.microsoft.MoE takes all experts once more
    expect(report.operator.maxRelative).not.toBeNull();
    expect(report.bytesRead).toBeLessThanOrEqual(2 * bytes);
    expect(report.verdict).toBe('same');
  });

  it('keeps to groups of experts that fit a session, and gives the same', async () => {
    const source = await openFixture('qwen3_moe');
    const input = { tokens: 8, seed: 5 };
    const whole = await compareBlock(source, { layer: 0, input, runtime, ep: 3 });
    const steps: string[] = [];
    const parts = await compareBlock(source, {
      layer: 0,
      input,
      runtime,
      ep: 3,
      // five experts of 3 × 48 × 64 numbers
      sessionNumbers: 5 * 9216,
      onProgress: ({ doing }) => steps.at(-1) !== doing && steps.push(doing),
    });
    expect(steps.filter((step) => step.startsWith('expertParallel'))).toEqual([
      'expertParallel, experts 0 to 4 of 12',
      'expertParallel, experts 5 to 9 of 12',
      'expertParallel, experts 10 to 11 of 12',
    ]);
    expect(parts.verdict).toBe('same');
    expect(parts.routing).toEqual(whole.routing);
  });

  it('stops on request', async () => {
    const source = await openFixture('qwen3_moe');
    const stop = new AbortController();
    const run = compareBlock(source, {
      layer: 0,
      input: { tokens: 8, seed: 5 },
      runtime,
      signal: stop.signal,
      onProgress: ({ doing }) => doing.startsWith('stacked') && stop.abort(),
    });
    await expect(run).rejects.toMatchObject({ tag: 'cancelled' });
  });
});

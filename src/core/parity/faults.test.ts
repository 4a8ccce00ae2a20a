import { beforeAll, describe, expect, it } from 'vitest';
import { openCheckpoint } from '../checkpoint/open.ts';
import { allTensors, filesOf, openFixture, type PlainTensor, safetensorsBytes } from '../testing.fixture.ts';
import { dispatchToRanks, type RankShare, type Routing } from './dispatch.ts';
import { compareBlock } from './parity.ts';
import { openRuntime } from './runtime.ts';
import type { ParityReport, ParitySource } from './types.ts';

const runtime = await openRuntime();
const LAYER = 0;
const PREFIX = `model.layers.${LAYER}.mlp`;
let good: ParitySource;
let tensors: Map<string, PlainTensor>;

beforeAll(async () => {
  good = await openFixture('qwen3_moe');
  tensors = await allTensors(good.files);
});

/** The checkpoint with some tensors' bytes taken from elsewhere. */
async function planted(change: (name: string, tensor: PlainTensor) => Uint8Array | undefined): Promise<ParitySource> {
  const changed = [...tensors].map(([name, tensor]) => ({
    name,
    dtype: tensor.dtype as 'BF16',
    shape: tensor.shape,
    bytes: change(name, tensor) ?? tensor.bytes,
  }));
  const config = JSON.stringify(good.checkpoint.config);
  const files = filesOf({ 'model.safetensors': safetensorsBytes(changed), 'config.json': config }, 'planted');
  return { files, checkpoint: await openCheckpoint(files) };
}

const bytesOf = (name: string) => tensors.get(name)?.bytes;
const run = (options: Partial<Parameters<typeof compareBlock>[1]>): Promise<ParityReport> =>
  compareBlock(good, { layer: LAYER, input: { tokens: 32, seed: 11 }, runtime, ep: 4, ...options });

describe('a planted fault fails parity and is named', () => {
  it('none: nothing is named', async () => {
    const report = await run({ other: await planted(() => undefined) });
    expect(report).toMatchObject({ verdict: 'same', faults: [] });
  });

  it('one expert swapped for another', async () => {
    const swap: Record<string, string> = { '3': '5', '5': '3' };
    const other = await planted((name) => {
      const match = /^(.*layers\.0\.mlp\.experts\.)([35])(\..*)$/.exec(name);
      return match ? bytesOf(`${match[1]}${swap[match[2] ?? '']}${match[3]}`) : undefined;
    });
    const report = await run({ other });
    expect(report.verdict).toBe('different');
    expect(report.faults).toEqual([
      { tag: 'experts-swapped', message: expect.stringContaining('expert 3 is expert 5, expert 5 is expert 3') },
    ]);
    expect(pairsWith(report, 'other').every((size) => size > 1e-3)).toBe(true);
    expect(pairsWithout(report, 'other').every((size) => size < 1e-5)).toBe(true);
  });

  it('router rows reordered', async () => {
    const other = await planted((name, { bytes, shape }) => {
      if (name !== `${PREFIX}.gate.weight`) return undefined;
      const row = bytes.byteLength / (shape[0] ?? 1);
      const turned = bytes.slice();
      turned.set(bytes.subarray(0, row), row);
      turned.set(bytes.subarray(row, 2 * row), 0);
      return turned;
    });
    const report = await run({ other });
    expect(report.verdict).toBe('different');
    expect(report.faults.map(({ tag }) => tag)).toEqual(['router-rows-reordered']);
    expect(report.faults[0]?.message).toContain('row 0 is row 1, row 1 is row 0');
  });

  it('gate and up swapped', async () => {
    const other = await planted((name) => {
      if (!name.startsWith(`${PREFIX}.experts.`)) return undefined;
      if (name.includes('gate_proj')) return bytesOf(name.replace('gate_proj', 'up_proj'));
      return name.includes('up_proj') ? bytesOf(name.replace('up_proj', 'gate_proj')) : undefined;
    });
    const report = await run({ other });
    expect(report.verdict).toBe('different');
    expect(report.faults).toEqual([{ tag: 'gate-up-swapped', message: expect.stringContaining('every expert') }]);
  });

  it('one rank missing', async () => {
    const report = await run({
      dispatch: (routing, ep) => dispatchToRanks(routing, ep).filter(({ rank }) => rank !== 2),
    });
    expect(report.verdict).toBe('different');
    expect(report.faults).toEqual([
      { tag: 'rank-missing', message: 'Rank 2 is missing: experts 6 to 8 add nothing to the sum.' },
    ]);
    expect(pairsWith(report, 'expertParallel').every((size) => size > 1e-3)).toBe(true);
    expect(pairsWithout(report, 'expertParallel').every((size) => size < 1e-5)).toBe(true);
  });

  it('a masked expert counted twice', async () => {
    const report = await run({ dispatch: unmasked });
    expect(report.verdict).toBe('different');
    expect(new Set(report.faults.map(({ tag }) => tag))).toEqual(new Set(['expert-counted-twice']));
  });

  it('one number of one expert: seen, and no known mistake is claimed', async () => {
    const other = await planted((name, { bytes }) => {
      if (name !== `${PREFIX}.experts.7.down_proj.weight`) return undefined;
      const copy = bytes.slice();
      copy[1] = (copy[1] ?? 0) ^ 0x40;
      return copy;
    });
    const report = await run({ other });
    expect(report.verdict).toBe('different');
    expect(report.faults).toEqual([{ tag: 'experts-differ', message: '1 of 12 experts differs.' }]);
  });
});

/** Ranks that wrap other ranks' experts onto their own instead of masking them (transformers before #45473). */
function unmasked(routing: Routing, ep: number): RankShare[] {
  return dispatchToRanks(routing, ep).map((share) => ({
    ...share,
    scores: routing.weights,
    indices: routing.indices.map((expert) => expert % (share.to - share.from)),
  }));
}

function pairsWith({ pairs }: ParityReport, id: string): number[] {
  return pairs.filter(({ a, b }) => a === id || b === id).map(({ maxRelative }) => maxRelative);
}

function pairsWithout({ pairs }: ParityReport, id: string): number[] {
  return pairs.filter(({ a, b }) => a !== id && b !== id).map(({ maxRelative }) => maxRelative);
}

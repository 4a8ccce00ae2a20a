import { describe, expect, it } from 'vitest';
import { openCheckpoint } from '../checkpoint/open.ts';
import { detectLayout } from '../layouts/detect.ts';
import { headersOnlyFiles } from '../source/headers-only.ts';
import { countingFiles, filesOf } from '../testing.fixture.ts';
import { type ChannelRun, pairingOf } from './channel-pairs.ts';
import { evidenceCost, readingEvidence } from './reading-evidence.ts';
import { createNormal, type Stored, storedWeights } from './stored-weights.fixture.ts';

async function look(stored: Stored) {
  const counted = countingFiles(filesOf(storedWeights(stored)));
  const checkpoint = await openCheckpoint(counted.files);
  const layout = detectLayout(checkpoint);
  counted.reads.length = 0;
  const found = await readingEvidence(checkpoint, layout, counted.files);
  const bytes = counted.reads.reduce((sum, { start, end }) => sum + end - start, 0);
  return { found, first: found[0], bytes, reads: counted.reads.length, cost: evidenceCost(checkpoint, layout) };
}

const ENGINE = { names: 'w13', trained: 0.4 } as const;
const BIASED = { names: 'fused', gateUp: 'in-out', down: 'in-out', biases: true, trained: 0.4 } as const;
/** 2I = H: the matrix of gate and up is square. Both orientations are on record for the model type. */
const SQUARE = {
  names: 'fused',
  intermediate: 48,
  hidden: 96,
  experts: 8,
  trained: 0.4,
  fusion: 'concatenated',
} as const;
const VL = { config: { model_type: 'qwen3_vl_moe_text' } };

describe('where a channel’s weights are large together', () => {
  it('tells gate and up alternating from halves, in both orientations', async () => {
    expect((await look({ ...ENGINE, fusion: 'interleaved' })).first?.supports).toEqual(['gate-up-interleaved/inkling']);
    expect((await look({ ...BIASED, fusion: 'interleaved' })).first?.supports).toEqual(['gate-up-interleaved/gpt-oss']);
    const halves = (await look({ ...BIASED, fusion: 'concatenated' })).first;
    expect(halves).toMatchObject({
      layers: 'layers 0–2',
      prefix: 'model.layers.1.mlp',
      supports: ['gate-up-transposed/plain'],
      assume: { layout: { family: 'gate-up-transposed', dialect: 'plain' } },
    });
    expect(halves?.message).toMatch(
      /^The values support gate-up-transposed\/plain for layers 0–2\. To read them so, choose this layout in the view Convert, or use --assume gate-up-transposed\/plain\. .* This is an inference from the weights; the files do not say it\.$/,
    );
  });

  it('does not tell gate first from up first, and says so', async () => {
    for (const fusion of ['concatenated', 'up-first'] as const) {
      const { first } = await look({ ...ENGINE, fusion });
      expect(first?.supports).toEqual(['gate-up/w13', 'gate-up/w31']);
      expect(first?.assume).toBeNull();
      expect(first?.message).toContain('do not tell which');
    }
  });

  it('reads nothing where the two are the only readings', async () => {
    const { first, bytes, cost } = await look({
      ...ENGINE,
      fusion: 'concatenated',
      config: { model_type: 'qwen3_moe' },
    });
    expect([first?.supports, bytes, cost]).toEqual([[], 0, 0]);
    expect(first?.message).toBe(
      'The values of layers 0–2 were not read: they cannot distinguish gate-up/w13 from gate-up/w31, because the norms of rows are the same whichever stands first.',
    );
  });

  it('tells which way a square matrix lies, and when one lies otherwise than the other', async () => {
    expect((await look({ ...SQUARE, ...VL })).first).toMatchObject({
      supports: ['out-in'],
      assume: { orientation: 'out-in' },
    });
    const turned = (await look({ ...SQUARE, ...VL, gateUp: 'in-out' })).first;
    expect(turned).toMatchObject({ supports: [], assume: null });
    expect(turned?.message).toMatch(
      /^The values say that layers 0–2 are stored as no assumption reads them: gate and up in-out, down out-in\./,
    );
  });
});

describe('untrained weights', () => {
  it('tell nothing, whatever the question', async () => {
    const questions: Stored[] = [
      { ...ENGINE, trained: 0, fusion: 'interleaved' },
      { ...BIASED, trained: 0, fusion: 'concatenated' },
      { ...SQUARE, ...VL, trained: 0 },
    ];
    for (const [at, question] of questions.entries()) {
      for (let seed = 1; seed <= 4; seed++) {
        const { first } = await look({ ...question, intermediate: 48, hidden: 96, seed: 10 * at + seed });
        expect(first?.supports, first?.message).toEqual([]);
        expect(first?.message).toMatch(
          /^The values do not show how layers 0–2 are read: .* Untrained weights look like this\.$/,
        );
      }
    }
  });

  it('stay far below the threshold: 4,000 layers of random norms, however these are distributed', () => {
    const normal = createNormal(7);
    const shapes = [
      (x: number) => x,
      (x: number) => Math.exp(2 * x),
      (x: number) => (x > 2 ? 1e9 : 0),
      (x: number) => x ** 3,
    ];
    const run = (length: number, shape: (x: number) => number): ChannelRun => ({
      into: Float64Array.from({ length }, () => shape(normal())),
      outOf: Float64Array.from({ length }, () => shape(normal())),
    });
    let most = 0;
    for (let trial = 0; trial < 4000; trial++) {
      const shape = shapes[trial % 4] ?? Math.abs;
      const { deviations } = pairingOf(trial % 2 === 0 ? [run(64, shape)] : [run(32, shape), run(32, shape)]);
      most = Math.max(most, Math.abs(deviations));
    }
    expect(most).toBeLessThan(5);
    expect(most).toBeGreaterThan(3);
  });

  it('are not taken for trained ones where norms drift along the channels', () => {
    const normal = createNormal(3);
    const drift = () => Float64Array.from({ length: 256 }, (_, at) => at / 256 + 0.1 * normal());
    const { correlation, deviations } = pairingOf([{ into: drift(), outOf: drift() }]);
    expect(correlation).toBeGreaterThan(0.8);
    expect(deviations).toBeLessThan(3);
  });
});

describe('what it costs', () => {
  it('is the rows of one expert where that is clear, and never more than was said', async () => {
    // 2 × 64 rows of 96 numbers of gate and up, all 96 rows of 128 of down: 4 bytes each.
    const clear = await look({ ...ENGINE, trained: 0.8, fusion: 'interleaved' });
    expect(clear.first).toMatchObject({ experts: 1, bytes: 4 * (128 * 96 + 96 * 128) });
    expect([clear.bytes, clear.reads]).toEqual([clear.first?.bytes, 3]);
    expect(clear.cost).toBe(4 * clear.bytes);
    const none = await look({ ...ENGINE, trained: 0, fusion: 'interleaved' });
    expect([none.first?.experts, none.bytes]).toEqual([4, none.cost]);
  });

  it('is a sentence where a source has headers alone', async () => {
    const entries = storedWeights({ ...ENGINE, fusion: 'interleaved' });
    const bytes = entries['model.safetensors'] as Uint8Array;
    const held = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
    const sizes = { name: 'model.safetensors', byteLength: bytes.length, held };
    const files = headersOnlyFiles({ identity: 'sample', files: [sizes] }, bytes.slice(0, held));
    const checkpoint = await openCheckpoint(files);
    await expect(readingEvidence(checkpoint, detectLayout(checkpoint), files)).rejects.toMatchObject({
      message: expect.stringMatching(/sample.*headers/i),
    });
  });
});

import { describe, expect, it } from 'vitest';
import { change, convertedTo, edited, fixtureSide, inTarget } from '../verify/planting.fixture.ts';
import type { VerifySide } from '../verify/reading.ts';
import { correspond } from './correspond.ts';
import { compareMarkdown, differenceLines, mistakesOf, verdictOf } from './markdown.ts';
import { compareReport, entriesOfLayers } from './report.ts';
import { STATUSES } from './types.ts';
import { compareValues } from './values.ts';

async function report(left: VerifySide, right: VerifySide, selection?: readonly number[]) {
  const found = correspond(left.checkpoint, right.checkpoint);
  return compareReport(found, await compareValues(found, left, right, { selection }));
}

const flipped = (side: VerifySide) =>
  edited(side, (tensors) =>
    change(tensors, 'model.layers.2.mlp.experts.gate_up_proj', (tensor) => {
      const bytes = tensor.bytes.slice();
      bytes[2 * 96 * 64 * 2] = (bytes[2 * 96 * 64 * 2] ?? 0) ^ 0x40;
      return { ...tensor, bytes };
    }),
  );

describe('compareReport', () => {
  it('says of a conversion by its headers what was compared and what was not', async () => {
    const { original, right } = await inTarget('qwen3_moe', 'gate-up');
    const plain = compareReport(correspond(original.checkpoint, right.checkpoint), null);
    expect(plain).toMatchObject({ equal: true, compared: 'headers', differences: [], values: null });
    expect(verdictOf(plain)).toMatch(/but not values/);
    expect(plain.groups[0]).toEqual({
      left: 'model.layers.0.mlp',
      right: 'model.layers.0.mlp',
      layer: 0,
      leftFamily: 'per-expert',
      rightFamily: 'gate-up',
      experts: [12, 12],
      operations: {
        gate: ['MergeModulelist', 'Concatenate'],
        up: ['MergeModulelist', 'Concatenate'],
        down: ['MergeModulelist'],
      },
    });
    expect(structuredClone(plain)).toEqual(JSON.parse(JSON.stringify(plain)));
  });

  it('says byte-identical once values were compared', async () => {
    const { original, right } = await inTarget('qwen3_moe', 'gate-up');
    const found = await report(original, right);
    expect(found.equal).toBe(true);
    expect(verdictOf(found)).toMatch(
      /^All 104 pairs compared by value \([\d,]+ bytes on the left\): byte-identical\.$/,
    );
  });

  it('turns pairs of other values into differences, and keeps the sums', async () => {
    const { original, right } = await inTarget('qwen3_moe', 'gate-up');
    const found = await report(original, await flipped(right));
    expect(found.equal).toBe(false);
    expect(found.counts['value-changed']).toEqual({ entries: 1, leftBytes: 6144, rightBytes: 6144 });
    expect(found.differences).toMatchObject([
      {
        status: 'value-changed',
        layer: 2,
        expert: 2,
        projection: 'gate',
        left: { tensor: 'model.layers.2.mlp.experts.2.gate_proj.weight', matrix: [48, 64], scattered: false },
        right: { tensor: 'model.layers.2.mlp.experts.gate_up_proj', matrix: [48, 64] },
        note: expect.stringMatching(/^1 of 3072 numbers differ, first at row 0, column 0/),
      },
    ]);
    const [place] = found.differences;
    expect((place?.right?.end ?? 0) - (place?.right?.start ?? 0)).toBe(6144);
    expect(STATUSES.reduce((sum, status) => sum + found.counts[status].leftBytes, 0)).toBe(found.left.bytes);
    expect(mistakesOf(found)).toEqual([expect.stringMatching(/one flipped bit.*Copy or download/)]);
    expect(differenceLines(found)).toHaveLength(1);
  });

  it('says which part was compared where only some layers were', async () => {
    const { original, right } = await inTarget('qwen3_moe', 'gate-up');
    const found = correspond(original.checkpoint, right.checkpoint);
    const one = await report(original, await flipped(right), entriesOfLayers(found, new Set([0])));
    expect(one.equal).toBe(true);
    expect(verdictOf(one)).toMatch(/^45 of 104 pairs compared by value/);
  });
});

describe('the Markdown summary', () => {
  it('says what was compared, how it is stored on both sides, and what lies between', async () => {
    const { original, right } = await inTarget('qwen3_moe', 'gate-up');
    const text = compareMarkdown(await report(original, right));
    expect(text).toContain('| Experts stored as | per-expert | gate-up |');
    expect(text).toContain('gate: MergeModulelist → Concatenate');
    expect(text).toContain('| reshaped | 72 |');
    expect(text).not.toContain('### Differences');
  });

  it('lists what differs, and lets no name break out of its place', async () => {
    const original = await fixtureSide('qwen3_moe');
    const other = await edited((await convertedTo(original, 'stacked')) as VerifySide, (tensors) => {
      const norm = tensors.get('model.norm.weight');
      if (norm) tensors.set('evil`|<script>\nname', norm);
      tensors.delete('model.norm.weight');
    });
    const text = compareMarkdown(await report(original, other));
    expect(text).toContain('only left: `model.norm.weight`');
    expect(text).toContain('only right: <code>evil&#96;&#124;&#60;script&#62;&#92;nname</code>');
    expect(text).not.toContain('<script>');
  });
});

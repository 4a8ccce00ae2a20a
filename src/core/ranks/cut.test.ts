import { describe, expect, it } from 'vitest';
import { detectLayout } from '../layouts/detect.ts';
import { planPlacement, type RankOptions, ranksOf } from '../programs/placing.ts';
import { openFixture } from '../testing.fixture.ts';
import { layerCut } from './cut.ts';
import { createCutDrawer, cutInWords } from './cut-picture.ts';
import { rankModel, rankModelFor } from './summary.ts';

type Span = { readonly file: string; readonly start: number; readonly end: number };

/** Runs that touch as one, in the order of files and offsets. */
function merged(spans: readonly Span[]): Span[] {
  const sorted = [...spans].sort((a, b) => a.file.localeCompare(b.file) || a.start - b.start);
  return sorted.reduce<Span[]>((runs, span) => {
    const last = runs.at(-1);
    if (last && last.file === span.file && last.end === span.start) runs[runs.length - 1] = { ...last, end: span.end };
    else runs.push({ file: span.file, start: span.start, end: span.end });
    return runs;
  }, []);
}

async function cutsOf(architecture: string, target: 'gate-up' | undefined, options: RankOptions) {
  const { checkpoint } = await openFixture(architecture);
  const model = target === undefined ? rankModel(checkpoint) : rankModelFor(checkpoint, target);
  if ('error' in model) throw new Error(model.error);
  const placement = planPlacement(options, model.facts);
  if ('error' in placement) throw new Error(placement.error);
  const summary = ranksOf(checkpoint, detectLayout(checkpoint), { ...options, to: target });
  const cuts = placement.ranks.map(({ rank }) =>
    placement.layers.map((_, row) => layerCut(model, placement, rank, row)),
  );
  return { model, placement, summary, cuts };
}

describe('what a rank reads of a layer', () => {
  it.each([
    ['qwen3_moe', undefined, { framework: 'transformers-5', ep: 4 }],
    ['qwen3_moe', 'gate-up', { framework: 'transformers-5', ep: 4 }],
    ['qwen3_moe', 'gate-up', { framework: 'vllm', tp: 2, ep: 2 }],
    ['gpt_oss', undefined, { framework: 'transformers-5', ep: 2 }],
    ['mixtral', 'gate-up', { framework: 'transformers-5', ep: 2 }],
  ] as const)('%s %s %o: what is drawn is what `ranks --json` says', async (architecture, target, options) => {
    const { model, summary, cuts } = await cutsOf(architecture, target, options);
    expect(summary.ranks.length).toBe(cuts.length);
    for (const { rank, reads } of summary.ranks) {
      const rows = cuts[rank] ?? [];
      rows.forEach((cut, row) => {
        const layer = model.tensorIndex.tensors.filter(({ expert }) => expert?.layer === row);
        const told = reads.flatMap(({ file, offset, length }) =>
          layer.flatMap((tensor) => {
            const start = Math.max(offset, tensor.start);
            const end = Math.min(offset + length, tensor.end);
            return model.tensorIndex.files[tensor.file]?.name === file && start < end ? [{ file, start, end }] : [];
          }),
        );
        expect(merged(cut.ranges)).toEqual(merged(told));
        const drawn = createCutDrawer(model).draw(cut, 700).strip;
        const boxes = drawn.marks.filter((mark) => mark.kind === 'box' && mark.title?.endsWith(`read by rank ${rank}`));
        expect(boxes.length > 0).toBe(cut.ranges.length > 0);
        expect(rangesDrawn(boxes)).toEqual(merged(told));
      });
    }
  });

  it('is the slab of the fused tensor, lit in its stack', async () => {
    const { model, cuts } = await cutsOf('qwen3_moe', 'gate-up', { framework: 'transformers-5', ep: 4 });
    const cut = cuts[1]?.[0];
    if (!cut) throw new Error('No cut.');
    expect([cut.held, cut.ranges.length, cut.inside]).toEqual([[[3, 6]], 2, false]);
    expect(cutInWords(cut)).toMatch(/^Experts 3–5 of 12: .* in 2 ranges of 1 file\.$/);
    const { glyph } = createCutDrawer(model).draw(cut, 700);
    const texts = glyph?.marks.flatMap((mark) => (mark.kind === 'words' ? [mark.text] : [])) ?? [];
    expect(texts.some((text) => text.startsWith('[3:6] of [12, '))).toBe(true);
    const lit = glyph?.marks.filter((mark) => mark.kind === 'box' && mark.ink === 'down');
    expect(lit).toHaveLength(3);
  });
});

/** The ranges that the boxes of a strip say they are. */
function rangesDrawn(boxes: readonly { readonly kind: string }[]): Span[] {
  const spans = boxes.flatMap((box) => {
    const title = 'title' in box && typeof box.title === 'string' ? box.title : '';
    const found = /, (\S+), bytes ([\d,]+) to ([\d,]+), read by/.exec(title);
    const number = (text = '') => Number(text.replaceAll(',', ''));
    return found ? [{ file: found[1] ?? '', start: number(found[2]), end: number(found[3]) }] : [];
  });
  return merged(spans);
}

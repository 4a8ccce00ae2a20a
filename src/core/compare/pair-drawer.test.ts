import { describe, expect, it } from 'vitest';
import type { Checkpoint } from '../checkpoint/types.ts';
import { detectLayout } from '../layouts/detect.ts';
import { layerStrip } from '../layouts/drawing/layer-strip.ts';
import { marksOf } from '../layouts/drawing/picture.ts';
import { stripsOf } from '../layouts/drawing/strips.ts';
import { svgOf } from '../layouts/drawing/svg.ts';
import { TARGETS } from '../plan/targets.ts';
import type { Target } from '../plan/types.ts';
import { qwen3Checkpoint } from '../ranks/qwen3-235b.fixture.ts';
import { ARCHITECTURES } from '../testing.fixture.ts';
import { convertedTo, fixtureSide } from '../verify/planting.fixture.ts';
import { correspond } from './correspond.ts';
import { createPairDrawer } from './pair-drawer.ts';
import { type RibbonEnd, ribbonsOf } from './pair-geometry.ts';
import { entryFacts } from './report.ts';

function expectSound(left: Checkpoint, right: Checkpoint) {
  const found = correspond(left, right);
  const drawer = createPairDrawer(found, left, right);
  for (const at of found.groups.keys()) {
    const layers = drawer.layers(at);
    for (const [side, checkpoint] of [
      ['left', left],
      ['right', right],
    ] as const) {
      const layout = detectLayout(checkpoint);
      const own = layout.groups.findIndex(({ prefix }) => prefix === layers[side].group.prefix);
      const group = layout.groups[own];
      expect(group && layerStrip(stripsOf(checkpoint, layout), group, own)).toEqual(layers[side].strip);
    }
    const ribbons = ribbonsOf(layers.left.strip, layers.right.strip);
    const ends = { left: new Set(ribbons.map(({ left: end }) => end.box)), right: new Set<RibbonEnd['box']>() };
    for (const { right: end } of ribbons) ends.right.add(end.box);
    for (const side of ['left', 'right'] as const)
      for (const { boxes } of layers[side].strip.files)
        for (const box of boxes) if (box.expert !== null) expect(ends[side].has(box), box.name).toBe(true);
    for (const entry of found.entries) {
      if (entry.slot?.group !== at || !entry.left || !entry.right || entry.right.bytes === 0) continue;
      const facts = entryFacts(entry, []);
      const within = (end: RibbonEnd, piece: typeof facts.left) =>
        piece !== null && end.box.name === piece.tensor && end.box.start <= piece.start && piece.end <= end.box.end;
      const partner = ribbons.find(
        (each) =>
          each.expert === entry.slot?.expert && within(each.left, facts.left) && within(each.right, facts.right),
      );
      expect(partner, `${facts.projection} ${facts.part} of expert ${facts.expert}`).toBeDefined();
    }
  }
}

describe('a layer of two checkpoints', () => {
  it.each(ARCHITECTURES)(
    'has %s’s bytes as both files hold them, and a ribbon for every pair',
    async (architecture) => {
      const original = await fixtureSide(architecture);
      for (const target of Object.keys(TARGETS) as Target[]) {
        const converted = await convertedTo(original, target);
        if (converted) expectSound(original.checkpoint, converted.checkpoint);
      }
    },
  );

  it('is drawn of Qwen3-235B and its fused forms, a ribbon for each matrix', () => {
    const original = qwen3Checkpoint('per-expert', 4e9);
    const fused = qwen3Checkpoint('stacked', 5e9);
    const found = correspond(original, fused);
    const drawer = createPairDrawer(found, original, fused);
    drawer.picture(0);
    for (const at of found.groups.keys()) {
      const { left, right } = drawer.layers(at);
      expect(ribbonsOf(left.strip, right.strip)).toHaveLength(384);
    }
  });

  it('says which expert is marked, and draws its ribbons, runs and matrices again', () => {
    const found = correspond(qwen3Checkpoint('per-expert', 4e9), qwen3Checkpoint('gate-up', 5e9));
    const [left, right] = [qwen3Checkpoint('per-expert', 4e9), qwen3Checkpoint('gate-up', 5e9)];
    const picture = createPairDrawer(found, left, right).picture(5);
    expect(picture.title).toBe('Layer 5');
    expect(picture.description).toContain('Left: per-expert (projections), 128 experts, 4.98 GB in');
    expect(picture.description).toContain('Ribbons connect the bytes of 128 experts on the left');
    const marked = marksOf(picture, 7);
    expect(marked.filter(({ kind }) => kind === 'ribbon')).toHaveLength(3);
    expect(marked.filter(({ kind }) => kind === 'box')).toHaveLength(3 + 3 + 3 + 2);
    const svg = svgOf(picture, { scheme: 'light', notes: [], expert: 7 });
    expect(svg).toContain('Expert 7 is marked.');
    expect(svg).not.toContain('undefined');
  });
});

import { describe, expect, it } from 'vitest';
import { HOSTILE } from '../embed/hostile.fixture.ts';
import { detectLayout } from '../layouts/detect.ts';
import { planConversion } from '../plan/conversion.ts';
import { TARGETS } from '../plan/targets.ts';
import type { Target } from '../plan/types.ts';
import { modelCard } from '../programs/loading.ts';
import { ARCHITECTURES, openFixture } from '../testing.fixture.ts';
import { cardPictures } from './layout-pictures.ts';

const SOURCE = { repo: 'org/name', revision: '1234' };

describe('the pictures beside a model card', () => {
  it.each(ARCHITECTURES)('are of a layer of %s before and after, with where it is from', async (architecture) => {
    const { checkpoint } = await openFixture(architecture);
    const layout = detectLayout(checkpoint);
    for (const target of Object.keys(TARGETS) as Target[]) {
      const plan = planConversion(checkpoint, target);
      if (plan.refusals.length > 0 || !plan.groups.some(({ to }) => to !== null)) continue;
      const pictures = cardPictures({ plan, checkpoint, layout, source: SOURCE });
      expect(pictures.map(({ file }) => file)).toEqual(['layout-before.svg', 'layout-after.svg']);
      for (const { svg, words } of pictures) {
        expect(svg).toContain('org/name@1234');
        expect(svg).not.toMatch(/undefined|NaN/);
        expect(words).not.toContain('undefined');
      }
      expect(pictures[0]?.svg).toContain('Before the conversion.');
      expect(pictures[1]?.svg).toContain(`After the conversion to ${target}.`);
    }
  });

  it('are none where nothing is converted', async () => {
    const { checkpoint } = await openFixture('qwen3_moe');
    const plan = { ...planConversion(checkpoint, 'stacked'), groups: [] };
    expect(cardPictures({ plan, checkpoint, layout: detectLayout(checkpoint), source: SOURCE })).toEqual([]);
  });

  it('stay images of two files in the card, whatever their words', async () => {
    const { checkpoint } = await openFixture('qwen3_moe');
    const facts = { layout: detectLayout(checkpoint), config: checkpoint.config, source: SOURCE };
    const plan = planConversion(checkpoint, 'stacked');
    for (const words of HOSTILE) {
      const card = modelCard({ ...facts, plan, pictures: [{ file: 'layout-after.svg', words }] });
      const lines = card.split('\n').filter((line) => line.includes('layout-after.svg'));
      expect(lines).toHaveLength(1);
      expect(lines[0]).toMatch(/^!\[.*\]\(layout-after\.svg\)$/);
    }
  });
});

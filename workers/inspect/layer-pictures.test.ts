import { describe, expect, it } from 'vitest';
import { createLayerDrawer, detectLayout, mapExperts } from '../../src/core/index.ts';
import { openFixture } from '../../src/core/testing.fixture.ts';
import { layerPictures } from './layer-pictures.ts';

describe('pictures of a layer', () => {
  it('are of the layer of the row: kinds of tensors where it has experts, bytes always', async () => {
    const { checkpoint } = await openFixture('deepseek_v3');
    const layout = detectLayout(checkpoint);
    const map = mapExperts(checkpoint, layout, { complete: true });
    const drawer = createLayerDrawer(checkpoint, layout);
    const drawn = map.rows.map((_, row) => layerPictures(drawer, map, row));
    map.rows.forEach(({ kind, index }, row) => {
      expect(drawn[row]?.row).toBe(row);
      expect(drawn[row]?.glyph === null).toBe(kind === 'dense');
      expect(drawn[row]?.strip.title).toContain(`Layer ${index}`);
    });
  });

  it('are none for a layer that the config alone knows', async () => {
    const { checkpoint } = await openFixture('qwen3_moe');
    const none = { ...checkpoint, tensors: new Map() };
    const layout = detectLayout(none);
    const map = mapExperts(none, layout, { complete: false });
    expect(map.rows.length).toBeGreaterThan(0);
    expect(layerPictures(createLayerDrawer(none, layout), map, 0)).toBeNull();
  });
});

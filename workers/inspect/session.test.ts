import { describe, expect, it } from 'vitest';
import { safetensorsBytes } from '../../src/core/testing.fixture.ts';
import type { InspectEvent, SourceDescriptor } from './protocol.ts';
import { openSession } from './session.ts';

const INDEX = 'model.safetensors.index.json';

function dropped(files: Readonly<Record<string, string | Uint8Array>>): SourceDescriptor {
  const named = Object.entries(files).map(([path, content]) => ({
    path,
    file: new File([content as BlobPart], path),
  }));
  return { kind: 'files', name: 'dropped', files: named };
}

async function findings(source: SourceDescriptor) {
  const events: InspectEvent[] = [];
  const session = await openSession(source, (event) => events.push(event), new AbortController().signal);
  await session.dispose();
  const last = events.findLast((event) => event.type === 'map');
  return last?.type === 'map' ? last.summary.findings.map(({ tag }) => tag) : null;
}

describe('opening in the app', () => {
  it('names a stale index, and reads the shards without it where asked', async () => {
    const shard = safetensorsBytes([{ name: 'norm.weight', dtype: 'F32', shape: [2] }]);
    const source = dropped({
      'config.json': '{}',
      'model-00001-of-00001.safetensors': shard,
      [INDEX]: JSON.stringify({ weight_map: { 'norm.weight': 'model-00001-of-00002.safetensors' } }),
    });
    expect(await findings(source)).toEqual(['index-stale']);
    expect(await findings({ ...source, withoutIndex: true })).toEqual(['index-ignored']);
  });

  it('draws the layer that is looked at before it reads the index', async () => {
    const names = [3, 4].flatMap((layer) =>
      ['gate', 'up', 'down'].map((projection) => `model.layers.${layer}.mlp.experts.0.${projection}_proj.weight`),
    );
    const shard = safetensorsBytes(names.map((name) => ({ name, dtype: 'F32', shape: [2, 2] })));
    const file = 'model-00001-of-00001.safetensors';
    const index = JSON.stringify({ weight_map: Object.fromEntries(names.map((name) => [name, file])) });
    const source = dropped({ 'config.json': '{"model_type":"qwen3_moe"}', [file]: shard, [INDEX]: index });
    const order = async (drawn: { layer: number | null } | null) => {
      const events: InspectEvent[] = [];
      const signal = new AbortController().signal;
      const session = await openSession(source, (event) => events.push(event), signal, drawn);
      const told = events.flatMap((event) => {
        if (event.type === 'map') return event.complete ? ['map'] : [];
        return event.type === 'layer' ? [event.pictures] : [];
      });
      return { told, again: session.layerPictures(1), dispose: await session.dispose() };
    };
    const { told, again } = await order({ layer: 4 });
    expect(told).toEqual(['map', again, 'map']);
    expect((await order({ layer: null })).told).toMatchObject(['map', { row: 0 }, 'map']);
    expect((await order(null)).told).toEqual(['map', 'map']);
  });

  it('waits a moment for the config, so that no picture has fewer rows than the model has layers', async () => {
    const expert = (layer: number) =>
      safetensorsBytes(
        ['gate', 'up', 'down'].map((projection) => ({
          name: `model.layers.${layer}.mlp.experts.0.${projection}_proj.weight`,
          dtype: 'F32',
          shape: [2, 2],
        })),
      );
    const config = { model_type: 'qwen3_moe', num_hidden_layers: 5, num_experts: 1, hidden_size: 2 };
    const shardOf = (layer: number) => `model-0000${layer + 1}-of-00002.safetensors`;
    const names = [0, 1].flatMap((layer) =>
      ['gate', 'up', 'down'].map((projection) => [
        `model.layers.${layer}.mlp.experts.0.${projection}_proj.weight`,
        shardOf(layer),
      ]),
    );
    // The second shard comes once a picture of the first was shown.
    let show = () => {};
    const shown = new Promise<void>((resolve) => {
      show = resolve;
    });
    const soon = () => new Promise<void>((resolve) => setTimeout(resolve, 60));
    const files = [
      { path: INDEX, file: late(JSON.stringify({ weight_map: Object.fromEntries(names) }), Promise.resolve()) },
      { path: 'config.json', file: late(JSON.stringify(config), soon()) },
      { path: shardOf(0), file: late(expert(0), Promise.resolve()) },
      { path: shardOf(1), file: late(expert(1), shown) },
    ];
    const events: InspectEvent[] = [];
    const source: SourceDescriptor = { kind: 'files', name: 'dropped', files };
    const hear = (event: InspectEvent) => {
      events.push(event);
      if (event.type === 'map') show();
    };
    const session = await openSession(source, hear, new AbortController().signal);
    await session.dispose();
    const maps = events.flatMap((event) => (event.type === 'map' && !event.complete ? [event.map.rows.length] : []));
    expect(maps.length).toBeGreaterThan(0);
    expect(new Set(maps)).toEqual(new Set([5]));
  });
});

/** A file whose parts come after something has happened. */
function late(content: string | Uint8Array, after: Promise<void>): File {
  const file = new File([content as BlobPart], 'late');
  const cut = file.slice.bind(file);
  file.slice = (...ends) => {
    const part = cut(...ends);
    const whole = part.arrayBuffer.bind(part);
    part.arrayBuffer = async () => {
      await after;
      return whole();
    };
    return part;
  };
  return file;
}

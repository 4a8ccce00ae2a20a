import { describe, expect, it } from 'vitest';
import { safetensorsBytes } from '../src/core/testing.fixture.ts';
import { openSession } from './inspect-session.ts';
import type { InspectEvent, SourceDescriptor } from './protocol.ts';

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
});

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { createFlows, detectLayout, flowScene, openCheckpoint, planConversion } from './core/index.ts';
import { openLocal } from './core/source/folder.node.ts';

const SAMPLE = fileURLToPath(new URL('../public/samples/tiny-qwen3-moe', import.meta.url));
const FILE = fileURLToPath(new URL('./app/features/start/flow/sample-flow.json', import.meta.url));

/** Hundredths of a unit are enough for a picture. */
const rounded = (_key: string, value: unknown) => (typeof value === 'number' ? Math.round(value * 1000) / 1000 : value);

it('is what a plan does with layer 0 of the bundled sample (`npx vitest run --project node src/sample-flow.test.ts -u` makes it)', async () => {
  const checkpoint = await openCheckpoint(await openLocal(SAMPLE));
  const flow = createFlows(planConversion(checkpoint, 'stacked'), checkpoint, detectLayout(checkpoint)).layer(0);
  if (!flow) throw new Error('Layer 0 has no flow.');
  const text = `${JSON.stringify(flowScene(flow, 'Tiny Qwen3-MoE, layer 0: per-expert to stacked', 440), rounded)}\n`;
  await expect(text).toMatchFileSnapshot(FILE);
  expect(JSON.parse(readFileSync(FILE, 'utf8'))).toEqual(JSON.parse(text));
});
